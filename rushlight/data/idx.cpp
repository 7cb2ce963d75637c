#include "rushlight/data/idx.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "rushlight/data/file_bytes.h"

namespace rushlight::data {

namespace {

std::optional<DType> dtype_of_code(uint8_t code) {
  switch (code) {
    case 0x08: return DType::uint8;
    case 0x09: return DType::int8;
    case 0x0B: return DType::int16;
    case 0x0C: return DType::int32;
    case 0x0D: return DType::float32;
    case 0x0E: return DType::float64;
    default: return std::nullopt;
  }
}

constexpr int kMostDimensions = 32;

// The sizes, which are not believed unless as many bytes can follow.
IntList read_shape(ByteReader& file, int rank, uint64_t element_size) {
  if (rank > kMostDimensions)
    file.complain(rank, " dimensions are more than the ", kMostDimensions, " that are read");
  IntList shape;
  uint64_t bytes = element_size;  // of what is not empty
  bool is_empty = false;
  for (int i = 0; i < rank; ++i) {
    uint8_t digits[4];
    file.read(digits, sizeof digits);
    const uint32_t size =
        uint32_t{digits[0]} << 24 | uint32_t{digits[1]} << 16 | uint32_t{digits[2]} << 8 | digits[3];
    shape.push_back(size);
    is_empty |= size == 0;
    if (__builtin_mul_overflow(bytes, std::max(size, 1u), &bytes) || bytes > INT64_MAX)
      file.complain("sizes ", IntSpan(shape), " are more than any file holds");
  }
  if (!is_empty && bytes > file.most_left())
    file.complain("sizes ", IntSpan(shape), " ask for ", bytes, " bytes; at most ", file.most_left(),
                  " follow");
  return shape;
}

void to_host_order(void* elements, uint64_t bytes, size_t element_size) {
  if (std::endian::native == std::endian::big || element_size == 1) return;
  auto* first = static_cast<uint8_t*>(elements);
  for (uint8_t* at = first; at < first + bytes; at += element_size) std::reverse(at, at + element_size);
}

}  // namespace

Tensor load_idx(const std::string& path) {
  ByteReader file(path);
  uint8_t magic[4];
  file.read(magic, sizeof magic);
  const std::optional<DType> dtype = dtype_of_code(magic[2]);
  if (magic[0] != 0 || magic[1] != 0 || !dtype)
    file.complain("this is no IDX file: it begins with bytes ", int{magic[0]}, " ", int{magic[1]}, " ",
                  int{magic[2]}, " ", int{magic[3]}, ", not with 0 0, a type (8, 9, 11 to 14) and a rank");
  const IntList shape = read_shape(file, magic[3], size_of(*dtype));
  Tensor tensor = empty(shape, *dtype);
  file.read(tensor.raw_data(), tensor.nbytes());
  file.expect_end();
  to_host_order(tensor.raw_data(), tensor.nbytes(), size_of(*dtype));
  return tensor;
}

}  // namespace rushlight::data

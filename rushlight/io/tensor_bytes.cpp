#include "rushlight/io/tensor_bytes.h"

#include <set>

#include "rushlight/base/utf8.h"

namespace rushlight::io {

Tensor tensor_from_bytes(std::string_view bytes, IntSpan shape, DType dtype) {
  const size_t wanted = result_bytes(Layout(shape), dtype);
  if (bytes.size() != wanted)
    fail(ErrorKind::value, dtype, " ", shape, " takes ", wanted, " bytes, but there are ", bytes.size());
  Tensor tensor = empty(shape, dtype);
  if (wanted > 0) std::memcpy(tensor.raw_data(), bytes.data(), wanted);
  if (dtype == DType::boolean) clean_booleans(tensor.raw_data(), wanted);
  return tensor;
}

void clean_booleans(void* booleans, size_t count) {
  auto* bytes = static_cast<unsigned char*>(booleans);
  for (size_t i = 0; i < count; ++i) bytes[i] = bytes[i] != 0;
}

TensorBytes::TensorBytes(const Tensor& tensor) : tensor_(tensor) {
  tensor.touch_elements("save");
  if (tensor.is_contiguous()) return;
  copy_.reserve(tensor.nbytes());
  const size_t size = tensor.element_size();
  const auto* base = static_cast<const char*>(tensor.storage()->data());
  for_each_offset(tensor.layout(),
                  [&](int64_t at) { copy_.append(base + at * static_cast<int64_t>(size), size); });
}

std::string_view TensorBytes::view() const {
  if (!tensor_.is_contiguous()) return copy_;
  return {static_cast<const char*>(tensor_.raw_data()), tensor_.nbytes()};
}

void expect_writable(const NamedTensors& tensors, const char* format) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    if (!is_utf8(name)) fail(ErrorKind::value, "[", format, "] a name is not valid UTF-8");
    if (!tensor.defined()) fail(ErrorKind::value, "[", format, "] \"", name, "\" is an undefined tensor");
    if (!names.insert(name).second)
      fail(ErrorKind::value, "[", format, "] two tensors are called \"", name, "\"");
  }
}

}  // namespace rushlight::io

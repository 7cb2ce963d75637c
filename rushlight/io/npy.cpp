#include "rushlight/io/npy.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "rushlight/base/files.h"
#include "rushlight/io/byte_reader.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/tensor_bytes.h"

namespace rushlight::io {

namespace {

constexpr const char* kFormat = "npy";
constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;

// In the order of DType; NumPy has no bfloat16.
constexpr std::string_view kCodes[kDTypeCount] = {"b1", "u1", "u2", "u4", "u8", "i1", "i2",
                                                  "i4", "i8", "f2", "",   "f4", "f8"};

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  fail(ErrorKind::value, "[", kFormat, "] ", parts...);
}

struct Header {
  std::optional<DType> dtype;
  bool big_endian = false;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

// The header is a dict of Python's: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  Header whole() {
    expect('{');
    while (!accept('}')) {
      read_item();
      if (accept('}')) break;
      expect(',');
    }
    skip_space();
    if (at_ < text_.size()) complain("nothing more");
    if (!header_.dtype || !header_.fortran_order || !header_.shape)
      refuse("the header lacks descr, fortran_order or shape: ", text_);
    return header_;
  }

 private:
  [[noreturn]] void complain(std::string_view wanted) const {
    refuse("the header should have ", wanted, " at byte ", at_, ": ", text_);
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) complain({&c, 1});
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  void read_item() {
    const std::string_view key = quoted();
    expect(':');
    if (key == "descr" && !header_.dtype)
      read_dtype();
    else if (key == "fortran_order" && !header_.fortran_order)
      header_.fortran_order = boolean();
    else if (key == "shape" && !header_.shape)
      header_.shape = tuple();
    else
      refuse("the header has ", key, ", or has it twice");
  }
  std::string_view quoted() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) complain("a closing quote");
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = end + 1;
    return inside;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) complain("True or False");
    return false;
  }
  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      shape.push_back(size());
      if (accept(')')) break;
      expect(',');
    }
    return shape;
  }
  int64_t size() {
    skip_space();
    int64_t value = 0;
    const char* end = text_.data() + text_.size();
    const auto result = std::from_chars(text_.data() + at_, end, value);
    if (result.ec != std::errc()) complain("a size");
    at_ = static_cast<size_t>(result.ptr - text_.data());
    accept('L');  // Python 2 wrote them so
    return value;
  }
  void read_dtype() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') refuse("records are not tensors; save one of their fields");
    const std::string_view code = quoted();
    if (code.find('O') != std::string_view::npos)
      refuse("dtype '", code, "' is Python objects, which are never run here; save numbers");
    const auto found =
        std::find(std::begin(kCodes), std::end(kCodes), code.substr(std::min(code.size(), size_t{1})));
    if (code.size() != 3 || std::string_view("<>|=").find(code[0]) == std::string_view::npos ||
        found == std::end(kCodes))
      refuse("dtype '", code, "' is none of ours; convert the array to float32 first");
    header_.dtype = static_cast<DType>(found - std::begin(kCodes));
    header_.big_endian = code[0] == '>';
  }

  std::string_view text_;
  size_t at_ = 0;
  Header header_;
};

Header read_header(ByteReader& in) {
  if (in.left() < kMagic.size() || in.take(kMagic.size()) != kMagic)
    refuse("the file does not begin with \\x93NUMPY");
  const auto version = in.get<uint8_t>(), minor = in.get<uint8_t>();
  if (version < 1 || version > 3 || minor != 0)
    refuse("version ", version, ".", minor, " of the format is not known here; 1.0 to 3.0 are");
  const uint32_t size = version == 1 ? in.get<uint16_t>() : in.get<uint32_t>();
  return HeaderParser(in.take(size)).whole();
}

std::string swap_ends(std::string_view bytes, size_t size) {
  std::string swapped(bytes);
  for (size_t i = 0; i + size <= bytes.size(); i += size)
    std::reverse(swapped.begin() + static_cast<std::ptrdiff_t>(i),
                 swapped.begin() + static_cast<std::ptrdiff_t>(i + size));
  return swapped;
}

// In Fortran order the bytes are those of the array with its dimensions reversed.
Tensor from_fortran_order(std::string_view bytes, const Shape& shape, DType dtype) {
  const Shape reversed(std::reverse_iterator(shape.end()), std::reverse_iterator(shape.begin()));
  const Tensor turned = tensor_from_bytes(bytes, reversed, dtype);
  const IntSpan steps = turned.strides();
  const Strides strides(std::reverse_iterator(steps.end()), std::reverse_iterator(steps.begin()));
  const TensorBytes row_major(alias(turned, Layout(shape, strides, 0)));
  return tensor_from_bytes(row_major.view(), shape, dtype);
}

}  // namespace

Tensor parse_npy(std::string_view bytes) {
  ByteReader in(bytes, kFormat);
  const Header header = read_header(in);
  std::string_view data = in.rest();
  std::string swapped;
  if (header.big_endian) data = swapped = swap_ends(data, size_of(*header.dtype));
  return *header.fortran_order ? from_fortran_order(data, *header.shape, *header.dtype)
                               : tensor_from_bytes(data, *header.shape, *header.dtype);
}

Tensor load_npy(const std::string& path) {
  return in_file(path, [&] { return parse_npy(read_file(path)); });
}

std::string npy_header(const Tensor& tensor) {
  if (tensor.dtype() == DType::bfloat16)
    refuse("NumPy has no bfloat16; convert the tensor to float32, or use .safetensors");
  std::string text = join_text("{'descr': '", size_of(tensor.dtype()) == 1 ? "|" : "<",
                               kCodes[static_cast<int>(tensor.dtype())],
                               "', 'fortran_order': False, 'shape': ", tensor.shape(), ", }");
  // Filled up with blanks and a new line, so that the elements are aligned.
  const size_t before = kMagic.size() + 4;
  text.resize((before + text.size() + kAlignment) / kAlignment * kAlignment - before - 1, ' ');
  text += '\n';
  if (text.size() > UINT16_MAX)
    refuse("a tensor of ", tensor.rank(), " dimensions has no place in the header");
  std::string bytes(kMagic);
  bytes += {1, 0};
  append_bytes(bytes, static_cast<uint16_t>(text.size()));
  return bytes + text;
}

void save_npy(const std::string& path, const Tensor& tensor) {
  const TensorBytes bytes(tensor);
  write_file_atomically(path, {npy_header(tensor), bytes.view()});
}

}  // namespace rushlight::io

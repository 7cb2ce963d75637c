// ByteReader: takes numbers and pieces from bytes that nobody has checked, and never reaches beyond them.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "rushlight/base/error.h"

namespace rushlight::io {

static_assert(std::endian::native == std::endian::little, "files are read and written as they lie in memory");

class ByteReader {
 public:
  // `format` is what errors begin with: "npy".
  ByteReader(std::string_view bytes, const char* format, size_t at = 0) : bytes_(bytes), format_(format) {
    skip_to(at);
  }
  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }

  std::string_view take(uint64_t count) {
    if (count > left())
      fail(ErrorKind::value, "[", format_, "] ", count, " bytes are missing at byte ", at_, " of ",
           bytes_.size(), "; the file is cut short or damaged");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  // A number, little end first.
  template <class T>
  T get() {
    T value;
    take(sizeof value).copy(reinterpret_cast<char*>(&value), sizeof value);
    return value;
  }
  std::string_view rest() { return take(left()); }
  void skip_to(uint64_t place) {
    at_ = 0;
    take(place);
  }

 private:
  std::string_view bytes_;
  const char* format_;
  size_t at_ = 0;
};

// The bytes of a number, little end first.
template <class T>
void append_bytes(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace rushlight::io

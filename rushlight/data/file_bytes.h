// The bytes of a file, all at once or in order; gzip is unpacked on the way. No size in a file is believed
// before it is checked against what is there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "rushlight/base/error.h"
#include "rushlight/base/files.h"

namespace rushlight::data {

// No set that is read whole is larger.
inline constexpr uint64_t kLargestFile = uint64_t{4} << 30;

// What a file unpacks to, from the first byte to the last.
class ByteReader {
 public:
  explicit ByteReader(std::string path);
  ~ByteReader();
  ByteReader(const ByteReader&) = delete;
  ByteReader& operator=(const ByteReader&) = delete;

  // The next `count` bytes; throws where there are fewer.
  void read(void* to, uint64_t count);
  // Throws unless all has been read, gzip's checksum included.
  void expect_end();
  // No more than this can come: gzip shrinks nothing to less than its 1032nd part.
  uint64_t most_left() const;
  uint64_t offset() const { return offset_; }
  bool is_packed() const { return inflater_ != nullptr; }

  // Throws: "PATH, byte 17: ...".
  template <class... Parts>
  [[noreturn]] void complain(const Parts&... parts) const {
    fail(ErrorKind::value, "[data] ", path_, ", byte ", offset_, is_packed() ? " (unpacked): " : ": ",
         join_text(parts...));
  }

 private:
  struct Inflater;
  uint64_t read_some(void* to, uint64_t count);

  std::string path_, bytes_;
  uint64_t offset_ = 0;
  std::unique_ptr<Inflater> inflater_;  // null: a plain file
};

}  // namespace rushlight::data

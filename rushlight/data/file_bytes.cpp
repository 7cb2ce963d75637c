#include "rushlight/data/file_bytes.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace rushlight::data {

namespace {

constexpr uint64_t kMostRatio = 1032;  // of deflate
constexpr uint64_t kPiece = 1 << 30;   // what one call of zlib is given, whose counts have 32 bits

bool is_gzip(const std::string& bytes) {
  return bytes.size() > 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

}  // namespace

struct ByteReader::Inflater {
  explicit Inflater(std::string& bytes) : left(bytes.size()) {
    stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
    if (inflateInit2(&stream, 15 + 16) != Z_OK) fail(ErrorKind::out_of_memory, "[data] zlib has no memory");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  uint64_t unread() const { return left + stream.avail_in; }
  // Unpacks at most `count` bytes and says how many; fewer at the end only.
  uint64_t read(void* to, uint64_t count) {
    uint64_t done = 0;
    status = Z_OK;
    while (!ended && status == Z_OK) {
      if (stream.avail_in == 0) refill();
      stream.next_out = static_cast<Bytef*>(to) + done;
      stream.avail_out = static_cast<uInt>(std::min(count - done, kPiece));
      const uInt room = stream.avail_out;
      status = inflate(&stream, Z_NO_FLUSH);
      done += room - stream.avail_out;
      ended = status == Z_STREAM_END;
      if (done == count && stream.avail_out == 0 && !ended) break;
    }
    return done;
  }
  void refill() {
    stream.avail_in = static_cast<uInt>(std::min(left, kPiece));
    left -= stream.avail_in;
  }

  z_stream stream{};
  uint64_t left;  // bytes that zlib was not given yet
  int status = Z_OK;
  bool ended = false;
};

ByteReader::ByteReader(std::string path) : path_(std::move(path)), bytes_(read_file(path_, kLargestFile)) {
  if (is_gzip(bytes_)) inflater_ = std::make_unique<Inflater>(bytes_);
}

ByteReader::~ByteReader() = default;

uint64_t ByteReader::read_some(void* to, uint64_t count) {
  if (inflater_) return inflater_->read(to, count);
  const uint64_t some = std::min(count, bytes_.size() - offset_);
  std::memcpy(to, bytes_.data() + offset_, some);
  return some;
}

void ByteReader::read(void* to, uint64_t count) {
  if (count == 0) return;
  const uint64_t some = read_some(to, count);
  offset_ += some;
  if (some == count) return;
  if (inflater_ && inflater_->status == Z_DATA_ERROR)
    complain("the gzip data is damaged: ",
             inflater_->stream.msg ? inflater_->stream.msg : "no more is known");
  complain("the file ends here, ", count - some, " bytes too early");
}

void ByteReader::expect_end() {
  char more;
  const uint64_t some = read_some(&more, 1);
  if (some > 0) complain("the data should end here, but more follows");
  if (!inflater_) return;
  if (inflater_->status == Z_DATA_ERROR)
    complain("the gzip data is damaged: its checksum or its length is wrong");
  if (!inflater_->ended) complain("the gzip data ends without its checksum");
  if (inflater_->unread() > 0) complain(inflater_->unread(), " bytes follow the end of the gzip data");
}

uint64_t ByteReader::most_left() const {
  return inflater_ ? inflater_->unread() * kMostRatio + kMostRatio * 256 : bytes_.size() - offset_;
}

}  // namespace rushlight::data

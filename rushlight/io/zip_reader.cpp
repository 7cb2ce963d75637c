#include <zlib.h>

#include <algorithm>
#include <optional>

#include "rushlight/base/utf8.h"
#include "rushlight/io/byte_reader.h"
#include "rushlight/io/zip.h"
#include "rushlight/io/zip_format.h"

namespace rushlight::io {

namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;
constexpr uint64_t kMostTimes = 100;
constexpr uint64_t kMostDeflated = 1032;  // what deflate makes of a byte at best

// What the end of an archive says of its table of contents.
struct Table {
  uint64_t count, size, at;
  uint64_t end;  // where the records of the end begin
};

// The last record: it ends the file, with a comment of at most 64 KiB in it.
uint64_t find_end(std::string_view bytes) {
  const size_t first = bytes.size() - std::min(bytes.size(), size_t{kEndSize + UINT16_MAX});
  const std::string signature = to_bytes(kEndSignature);
  size_t at = bytes.rfind(signature);
  while (at != std::string_view::npos && at >= first) {
    if (bytes.size() - at >= kEndSize) {
      ByteReader in(bytes, kZip, at + kEndSize - 2);
      if (in.get<uint16_t>() == in.left()) return at;
    }
    if (at == 0) break;
    at = bytes.rfind(signature, at - 1);
  }
  refuse_zip("the file has no table of contents at its end; it is cut short, or no zip archive");
}

// The 64-bit form of the last record, if there is one.
std::optional<Table> read_zip64_end(std::string_view bytes, uint64_t end) {
  if (end < kLocatorSize) return std::nullopt;
  ByteReader locator(bytes, kZip, end - kLocatorSize);
  if (locator.get<uint32_t>() != kLocatorSignature) return std::nullopt;
  const auto disk = locator.get<uint32_t>();
  const auto at = locator.get<uint64_t>();
  if (disk != 0 || locator.get<uint32_t>() > 1) refuse_zip("an archive in several files");
  ByteReader in(bytes, kZip, at);
  if (in.get<uint32_t>() != kEnd64Signature)
    refuse_zip("the 64-bit table of contents is not where it should be");
  in.take(12);  // its size, versions
  if (in.get<uint32_t>() != 0 || in.get<uint32_t>() != 0) refuse_zip("an archive in several files");
  Table table{};
  in.get<uint64_t>();  // the count in this file
  table.count = in.get<uint64_t>();
  table.size = in.get<uint64_t>();
  table.at = in.get<uint64_t>();
  table.end = at;
  return table;
}

Table read_end(std::string_view bytes) {
  const uint64_t end = find_end(bytes);
  if (const auto table = read_zip64_end(bytes, end)) return *table;
  ByteReader in(bytes, kZip, end + 4);
  if (in.get<uint16_t>() != 0 || in.get<uint16_t>() != 0) refuse_zip("an archive in several files");
  Table table{};
  in.get<uint16_t>();  // the count in this file
  table.count = in.get<uint16_t>();
  table.size = in.get<uint32_t>();
  table.at = in.get<uint32_t>();
  table.end = end;
  return table;
}

// Sizes that have no place in 32 bits stand in an extra field, in this order.
void read_extra(ZipEntry& entry, std::string_view extra) {
  ByteReader in(extra, kZip);
  while (in.left() >= 4) {
    const auto id = in.get<uint16_t>();
    ByteReader field(in.take(in.get<uint16_t>()), kZip);
    if (id != kZip64Extra) continue;
    for (uint64_t* value : {&entry.size, &entry.packed_size, &entry.header_at})
      if (*value == kIn64Bits) *value = field.get<uint64_t>();
  }
}

ZipEntry read_row(ByteReader& in) {
  if (in.get<uint32_t>() != kRowSignature) refuse_zip("the table of contents is damaged");
  in.take(4);  // versions
  ZipEntry entry;
  entry.flags = in.get<uint16_t>();
  entry.method = in.get<uint16_t>();
  in.take(4);  // time
  entry.crc = in.get<uint32_t>();
  entry.packed_size = in.get<uint32_t>();
  entry.size = in.get<uint32_t>();
  const auto name = in.get<uint16_t>(), extra = in.get<uint16_t>(), comment = in.get<uint16_t>();
  in.take(8);  // disk, attributes
  entry.header_at = in.get<uint32_t>();
  entry.name = in.take(name);
  read_extra(entry, in.take(extra));
  in.take(comment);
  return entry;
}

void check_entry(const ZipEntry& entry) {
  if (!is_utf8(entry.name)) refuse_zip("a name is not valid UTF-8");
  if (entry.flags & kEncrypted) refuse_zip("\"", entry.name, "\" is encrypted");
  if (entry.method != kStored && entry.method != kDeflated)
    refuse_zip("\"", entry.name, "\" is packed by method ", entry.method,
               "; only stored and deflate are read");
  if (entry.method == kStored && entry.packed_size != entry.size)
    refuse_zip("\"", entry.name, "\" is stored, but has two sizes");
  if (entry.size / kMostDeflated > entry.packed_size)
    refuse_zip("\"", entry.name, "\" cannot have ", entry.size, " bytes in ", entry.packed_size);
}

// zlib counts in 32 bits: it is fed, and emptied, piece by piece.
class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK)
      fail(ErrorKind::out_of_memory, "[zip] zlib has no memory");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // Whether `packed`, all of it, unpacks to as many bytes as `to` has.
  bool fill(std::string& to, std::string_view packed) {
    size_t done = 0;
    int status = Z_OK;
    while (status == Z_OK) {
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
      stream_.avail_in = piece(packed.size());
      stream_.next_out = reinterpret_cast<Bytef*>(to.data() + done);
      stream_.avail_out = piece(to.size() - done);
      const uInt in = stream_.avail_in, out = stream_.avail_out;
      status = inflate(&stream_, Z_NO_FLUSH);
      packed.remove_prefix(in - stream_.avail_in);
      done += out - stream_.avail_out;
    }
    return status == Z_STREAM_END && packed.empty() && done == to.size();
  }

 private:
  static uInt piece(size_t size) { return static_cast<uInt>(std::min(size, size_t{1} << 30)); }
  z_stream stream_{};
};

}  // namespace

ZipReader::ZipReader(std::string_view bytes) : bytes_(bytes) {
  read_table();
  check_entries();
}

void ZipReader::read_table() {
  const Table table = read_end(bytes_);
  if (table.at > table.end || table.size != table.end - table.at)
    refuse_zip("the table of contents is not where the end says that it is");
  ByteReader in(bytes_.substr(0, table.end), kZip, table.at);
  while (in.left() > 0) entries_.push_back(read_row(in));
  if (entries_.size() != table.count)
    refuse_zip("the table of contents has ", entries_.size(), " rows, but the end says ", table.count);
  table_at_ = table.at;
}

void ZipReader::check_entries() {
  std::vector<std::pair<uint64_t, uint64_t>> places;  // where each begins and ends
  uint64_t total = 0;
  for (const ZipEntry& entry : entries_) {
    check_entry(entry);
    const std::string_view content = packed(entry);
    if (!by_name_.try_emplace(entry.name, by_name_.size()).second)
      refuse_zip("two entries are called \"", entry.name, "\"");
    places.emplace_back(entry.header_at,
                        static_cast<uint64_t>(content.data() - bytes_.data()) + content.size());
    if (__builtin_add_overflow(total, entry.size, &total)) total = UINT64_MAX;
  }
  if (total > kMostBytes && total / kMostTimes > bytes_.size())
    refuse_zip("the archive unpacks to ", total, " bytes, a hundred times its size and more");
  std::sort(places.begin(), places.end());
  for (size_t i = 1; i < places.size(); ++i)
    if (places[i].first < places[i - 1].second) refuse_zip("two entries overlap at byte ", places[i].first);
}

// Its bytes in the archive, as its own header says; that one has to be of the same name and method.
std::string_view ZipReader::packed(const ZipEntry& entry) const {
  ByteReader in(bytes_.substr(0, table_at_), kZip, entry.header_at);
  if (in.get<uint32_t>() != kLocalSignature)
    refuse_zip("\"", entry.name, "\" is not where the table of contents says");
  in.take(4);  // version, flags
  const auto method = in.get<uint16_t>();
  in.take(16);  // time, checksum, sizes: the table has them, and may have learned them later
  const auto name_size = in.get<uint16_t>(), extra_size = in.get<uint16_t>();
  if (in.take(name_size) != entry.name || method != entry.method)
    refuse_zip("\"", entry.name, "\" has another name or method in the table of contents");
  in.take(extra_size);
  return in.take(entry.packed_size);
}

const ZipEntry* ZipReader::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

std::string ZipReader::read(const ZipEntry& entry) const {
  std::string content;
  if (entry.method == kStored) {
    content = packed(entry);
  } else {
    content.resize(entry.size);
    if (!Inflater().fill(content, packed(entry)))
      refuse_zip("\"", entry.name, "\" does not unpack to its ", entry.size, " bytes; it is damaged");
  }
  if (checksum(content) != entry.crc) refuse_zip("\"", entry.name, "\" is damaged: its checksum differs");
  return content;
}

}  // namespace rushlight::io

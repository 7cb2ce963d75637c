#include <zlib.h>

#include "rushlight/io/byte_reader.h"
#include "rushlight/io/zip.h"
#include "rushlight/io/zip_format.h"

namespace rushlight::io {

namespace {

constexpr uint16_t kVersion = 20, kVersion64 = 45;
constexpr uint16_t kNoTime = 0, kFirstDay = 0x21;  // 1980-01-01: the same tensors give the same bytes
constexpr uint16_t kPaddingExtra = 0x4246;         // "FB", as PyTorch pads
constexpr uint64_t kAlignment = 64;

// All numbers one after the other.
template <class... Numbers>
std::string in_a_row(Numbers... numbers) {
  std::string bytes;
  (append_bytes(bytes, numbers), ...);
  return bytes;
}

uint16_t length(std::string_view text) {
  if (text.size() > UINT16_MAX) refuse_zip("a name of ", text.size(), " bytes; the most is 65535");
  return static_cast<uint16_t>(text.size());
}

std::string padding(uint64_t at) {
  const auto fill = static_cast<uint16_t>((2 * kAlignment - at % kAlignment - 4) % kAlignment);
  return in_a_row(kPaddingExtra, fill) + std::string(fill, '\0');
}

}  // namespace

uint32_t checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

bool ZipWriter::is_large(const ZipEntry& entry) const {
  return entry.size >= zip64_from_ || entry.header_at >= zip64_from_;
}

void ZipWriter::append(std::string header) {
  at_ += header.size();
  headers_.push_back(std::move(header));
  pieces_.push_back(headers_.back());
}

std::string ZipWriter::local_header(const ZipEntry& entry) const {
  const bool large = is_large(entry);
  std::string extra;
  if (large) extra = in_a_row(kZip64Extra, uint16_t{16}, entry.size, entry.size);
  extra += padding(at_ + kLocalSize + entry.name.size() + extra.size());
  const uint32_t size = large ? kIn64Bits : static_cast<uint32_t>(entry.size);
  return in_a_row(kLocalSignature, large ? kVersion64 : kVersion, entry.flags, entry.method, kNoTime,
                  kFirstDay, entry.crc, size, size, length(entry.name), length(extra)) +
         entry.name + extra;
}

std::string ZipWriter::table_row(const ZipEntry& entry) const {
  const bool large = is_large(entry);
  std::string extra;
  if (large) extra = in_a_row(kZip64Extra, uint16_t{24}, entry.size, entry.size, entry.header_at);
  const uint16_t version = large ? kVersion64 : kVersion, none = 0;
  const uint32_t size = large ? kIn64Bits : static_cast<uint32_t>(entry.size);
  const uint32_t at = large ? kIn64Bits : static_cast<uint32_t>(entry.header_at);
  return in_a_row(kRowSignature, version, version, entry.flags, entry.method, kNoTime, kFirstDay, entry.crc,
                  size, size, length(entry.name), length(extra), none, none, none, uint32_t{0}, at) +
         entry.name + extra;
}

void ZipWriter::add(const std::string& name, std::string_view content) {
  ZipEntry entry{.name = name, .flags = kNamesInUtf8, .method = kStored, .crc = checksum(content)};
  entry.packed_size = entry.size = content.size();
  entry.header_at = at_;
  append(local_header(entry));
  pieces_.push_back(content);
  at_ += content.size();
  entries_.push_back(std::move(entry));
}

const std::vector<std::string_view>& ZipWriter::finish() {
  const uint64_t table_at = at_, count = entries_.size();
  for (const ZipEntry& entry : entries_) append(table_row(entry));
  const uint64_t end = at_, size = end - table_at;
  const bool large = end >= zip64_from_ || count >= UINT16_MAX;
  const uint32_t no_disk = 0;
  if (large) {
    append(in_a_row(kEnd64Signature, uint64_t{44}, kVersion64, kVersion64, no_disk, no_disk, count, count,
                    size, table_at));
    append(in_a_row(kLocatorSignature, no_disk, end, uint32_t{1}));
  }
  const uint16_t short_count = large ? UINT16_MAX : static_cast<uint16_t>(count), none = 0;
  append(in_a_row(kEndSignature, none, none, short_count, short_count,
                  large ? kIn64Bits : static_cast<uint32_t>(size),
                  large ? kIn64Bits : static_cast<uint32_t>(table_at), none));
  return pieces_;
}

}  // namespace rushlight::io

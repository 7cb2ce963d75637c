// Zip archives, as .npz and .pt files are: a reader that trusts nobody, and a writer that does not compress.
#pragma once

#include <concepts>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rushlight::io {

struct ZipEntry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0, size = 0;
  uint64_t header_at = 0;
};

// Reads an archive in memory, which stays the caller's. What is stored or deflated is read, zip64 too.
class ZipReader {
 public:
  // Checks the whole table of contents. An archive that unpacks to more than a hundred times its size, and to
  // more than 1 GiB, is refused, and so is one whose entries overlap.
  explicit ZipReader(std::string_view bytes);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;  // null where there is none
  // The content, its checksum checked.
  std::string read(const ZipEntry& entry) const;

 private:
  void read_table();
  void check_entries();
  std::string_view packed(const ZipEntry& entry) const;

  std::string_view bytes_;
  uint64_t table_at_ = 0;
  std::vector<ZipEntry> entries_;
  std::map<std::string, size_t> by_name_;
};

// Collects an archive as pieces to be written one after the other. The same entries give the same bytes.
class ZipWriter {
 public:
  static constexpr uint64_t kZip64From = 0xffffffff;
  // Sizes and places from `zip64_from` on are written in 64 bits; a test need not write 4 GiB.
  explicit ZipWriter(uint64_t zip64_from = kZip64From) : zip64_from_(zip64_from) {}

  // The content starts at a multiple of 64 bytes, and is not copied: it has to live until all is written.
  void add(const std::string& name, std::string_view content);
  template <std::same_as<std::string> Temporary>
  void add(const std::string& name, Temporary&& content) = delete;
  // Ends the archive.
  const std::vector<std::string_view>& finish();

 private:
  void append(std::string header);
  std::string local_header(const ZipEntry& entry) const;
  std::string table_row(const ZipEntry& entry) const;
  bool is_large(const ZipEntry& entry) const;

  uint64_t zip64_from_;
  uint64_t at_ = 0;
  std::vector<ZipEntry> entries_;
  std::deque<std::string> headers_;  // whose bytes the pieces are, and do not move
  std::vector<std::string_view> pieces_;
};

}  // namespace rushlight::io

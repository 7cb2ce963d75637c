// Zip archives: zlib judges what is unpacked; tables of contents that lie are refused. Python's zipfile
// judges the writer (test_io_files.py).
#include "rushlight/io/zip.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>

#include "tests/engine/error_words.h"
#include "tests/io/malformed.h"

using namespace rushlight;
using namespace rushlight::io;

namespace {

std::string join(const std::vector<std::string_view>& pieces) {
  std::string bytes;
  for (std::string_view piece : pieces) bytes += piece;
  return bytes;
}

// Two entries, as the writer writes them.
std::string good(uint64_t zip64_from = ZipWriter::kZip64From) {
  ZipWriter zip(zip64_from);
  zip.add("a.txt", "hello, hello");
  zip.add("folder/é", "");
  return join(zip.finish());
}

std::string deflated(const std::string& content) {
  std::string packed(compressBound(content.size()) + 64, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// One entry with whatever its table of contents shall say.
struct OneEntry {
  std::string packed = "hello, hello";
  std::string in_table = "a", in_header = "a", extra, comment;
  uint16_t flags = 0, method = 0, method_in_header = 0;
  uint32_t crc = 0, packed_size = 12, size = 12, header_at = 0;
  uint32_t table_size_error = 0, table_at_error = 0;
  uint16_t count = 1, disk = 0;

  std::string local() const {
    return little(uint32_t{0x04034b50}) + little(uint16_t{20}) + little(flags) + little(method_in_header) +
           std::string(16, '\0') + little(static_cast<uint16_t>(in_header.size())) + little(uint16_t{0}) +
           in_header + packed;
  }
  std::string row() const {
    return little(uint32_t{0x02014b50}) + std::string(4, '\0') + little(flags) + little(method) +
           std::string(4, '\0') + little(crc) + little(packed_size) + little(size) +
           little(static_cast<uint16_t>(in_table.size())) + little(static_cast<uint16_t>(extra.size())) +
           std::string(10, '\0') + little(header_at) + in_table + extra;
  }
  std::string end(const std::string& rows, const std::string& local) const {
    return little(uint32_t{0x06054b50}) + little(disk) + little(uint16_t{0}) + little(count) + little(count) +
           little(static_cast<uint32_t>(rows.size()) + table_size_error) +
           little(static_cast<uint32_t>(local.size()) + table_at_error) +
           little(static_cast<uint16_t>(comment.size())) + comment;
  }
  std::string bytes() const { return local() + row() + end(row(), local()); }
};

uint32_t crc_of(std::string_view text) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

OneEntry stored() {
  OneEntry entry;
  entry.crc = crc_of(entry.packed);
  return entry;
}
OneEntry packed(const std::string& content) {
  OneEntry entry;
  entry.packed = deflated(content);
  entry.method = entry.method_in_header = 8;
  entry.crc = crc_of(content);
  entry.packed_size = static_cast<uint32_t>(entry.packed.size());
  entry.size = static_cast<uint32_t>(content.size());
  return entry;
}

// Reads every entry.
std::string read_all(std::string_view bytes) {
  const ZipReader zip(bytes);
  std::string all;
  for (const ZipEntry& entry : zip.entries()) all += zip.read(entry);
  return all;
}

template <class Change>
std::string changed(OneEntry entry, Change change) {
  change(entry);
  return entry.bytes();
}

// An entry within the bytes of another: told often enough, few bytes unpack to very many.
std::string overlapping() {
  const OneEntry inner = [] {
    OneEntry entry = packed("hello, hello");
    entry.in_table = entry.in_header = "b";
    entry.header_at = 31;  // behind the header of the outer one
    return entry;
  }();
  OneEntry outer;
  outer.packed = inner.local();
  outer.crc = crc_of(outer.packed);
  outer.size = outer.packed_size = static_cast<uint32_t>(outer.packed.size());
  outer.count = 2;
  const std::string rows = outer.row() + inner.row();
  return outer.local() + rows + outer.end(rows, outer.local());
}

// Entries that do not overlap, each with the best that deflate can do.
std::string plain_bomb() {
  ZipWriter zip;
  const std::string content = deflated(std::string(4'000'000, '\0'));
  std::string bytes;
  for (int i = 0; i < 300; ++i) zip.add(join_text(i), content);
  bytes = join(zip.finish());
  // Said to be deflated to what it unpacks to, in both places.
  for (size_t at = bytes.find("PK\1\2"); at != std::string::npos; at = bytes.find("PK\1\2", at + 1)) {
    bytes[at + 10] = 8;
    bytes.replace(at + 24, 4, little(uint32_t{4'000'000}));
  }
  for (size_t at = bytes.find("PK\3\4"); at != std::string::npos; at = bytes.find("PK\3\4", at + 1))
    bytes[at + 8] = 8;
  return bytes;
}

// Two entries whose names are the same.
std::string twice() {
  ZipWriter zip;
  zip.add("same", "1");
  zip.add("same", "2");
  return join(zip.finish());
}

std::vector<Malformed> malformed() {
  const OneEntry one = stored(), deep = packed("hello, hello");
  const std::string end64 = good(0);
  return {
      {"nothing", ""},
      {"no archive", std::string(1000, 'x')},
      {"an end alone, of one row",
       little(uint32_t{0x06054b50}) + std::string(4, '\0') + "\1\0\1\0" + std::string(10, '\0')},
      {"a wrong checksum", changed(one, [](OneEntry& e) { e.crc ^= 1; })},
      {"a wrong checksum of what is packed", changed(deep, [](OneEntry& e) { e.crc ^= 1; })},
      {"an encrypted entry", changed(one, [](OneEntry& e) { e.flags = 1; })},
      {"an unknown method", changed(one, [](OneEntry& e) { e.method = e.method_in_header = 12; })},
      {"a method that is none", changed(one, [](OneEntry& e) { e.method = e.method_in_header = 99; })},
      {"two methods", changed(one, [](OneEntry& e) { e.method_in_header = 8; })},
      {"two names", changed(one, [](OneEntry& e) { e.in_header = "b"; })},
      {"two names of different lengths", changed(one, [](OneEntry& e) { e.in_header = "aa"; })},
      {"a name that is no UTF-8", changed(one, [](OneEntry& e) { e.in_table = e.in_header = "\xff"; })},
      {"a stored entry of two sizes", changed(one, [](OneEntry& e) { e.size = 11; })},
      {"a stored entry that reaches into the table",
       changed(one, [](OneEntry& e) { e.size = e.packed_size = 13; })},
      {"a stored entry beyond the file",
       changed(one, [](OneEntry& e) { e.size = e.packed_size = 1u << 31; })},
      {"a packed entry beyond the file", changed(deep, [](OneEntry& e) { e.packed_size = 0xfffffffe; })},
      {"a packed entry cut short", changed(deep, [](OneEntry& e) { e.packed_size -= 2; })},
      {"a packed entry with more behind it",
       changed(deep, [](OneEntry& e) { e.packed += "x", e.packed_size += 1; })},
      {"an entry that unpacks to less", changed(deep, [](OneEntry& e) { e.size += 1; })},
      {"an entry that unpacks to more", changed(deep, [](OneEntry& e) { e.size -= 1; })},
      {"an entry that unpacks to more than nothing", changed(deep, [](OneEntry& e) { e.size = 0; })},
      {"an entry that is said to be huge", changed(deep, [](OneEntry& e) { e.size = 0xfffffff0; })},
      {"deflate that is none", changed(one, [](OneEntry& e) { e.method = e.method_in_header = 8; })},
      {"no deflate at all", changed(deep, [](OneEntry& e) { e.packed_size = 0; })},
      {"a header that is not there", changed(one, [](OneEntry& e) { e.header_at = 1; })},
      {"a header beyond the file", changed(one, [](OneEntry& e) { e.header_at = 0xfffffff0; })},
      {"a header in the table", changed(one, [](OneEntry& e) { e.header_at = 43; })},
      {"a size in 64 bits that is nowhere",
       changed(one, [](OneEntry& e) { e.size = e.packed_size = 0xffffffff; })},
      {"a place in 64 bits that is nowhere", changed(one, [](OneEntry& e) { e.header_at = 0xffffffff; })},
      {"a size in 64 bits that is cut short",
       changed(one, [](OneEntry& e) { e.size = 0xffffffff, e.extra = std::string("\1\0\4\0abcd", 8); })},
      {"an extra field beyond its end",
       changed(one, [](OneEntry& e) { e.extra = std::string("\1\0\xff\0abcd", 8); })},
      {"a size in 64 bits that is too large", changed(one,
                                                      [](OneEntry& e) {
                                                        e.size = e.packed_size = 0xffffffff,
                                                        e.extra = std::string("\1\0\x10\0", 4) +
                                                                  std::string(16, '\x7f');
                                                      })},
      {"a table that is said to be longer", changed(one, [](OneEntry& e) { e.table_size_error = 1; })},
      {"a table that is said to be shorter",
       changed(one, [](OneEntry& e) { e.table_size_error = 0xffffffff; })},
      {"a table that is said to be later", changed(one, [](OneEntry& e) { e.table_at_error = 1; })},
      {"a table beyond the file", changed(one, [](OneEntry& e) { e.table_at_error = 0xf0000000; })},
      {"more rows than there are", changed(one, [](OneEntry& e) { e.count = 2; })},
      {"fewer rows than there are", changed(one, [](OneEntry& e) { e.count = 0; })},
      {"a second disk", changed(one, [](OneEntry& e) { e.disk = 1; })},
      {"bytes behind the end", one.bytes() + "x"},
      {"a comment that is cut short",
       changed(one, [](OneEntry& e) { e.comment = "comment"; }).substr(0, one.bytes().size() + 3)},
      {"bytes between the table and the end", replaced(one.bytes(), "PK\5\6", "xPK\5\6")},
      {"bytes before the archive", "x" + one.bytes()},
      {"two entries of one name", twice()},
      {"a 64-bit end that is elsewhere", replaced(end64, "PK\6\6", "PK\6\5")},
      {"a 64-bit end beyond the file",
       [&] {
         std::string bytes = end64;
         return bytes.replace(bytes.find("PK\6\7") + 8, 8, little(UINT64_MAX - 3));
       }()},
      {"a 64-bit end of many disks",
       [&] {
         std::string bytes = end64;
         bytes[bytes.find("PK\6\7") + 16] = 7;
         return bytes;
       }()},
      {"a 64-bit table beyond the file",
       [&] {
         std::string bytes = end64;
         return bytes.replace(bytes.find("PK\6\6") + 48, 8, little(UINT64_MAX));
       }()},
      {"a 64-bit table of too many rows",
       [&] {
         std::string bytes = end64;
         return bytes.replace(bytes.find("PK\6\6") + 32, 8, little(UINT64_MAX));
       }()},
      {"an entry within another", overlapping()},
      {"a bomb of a gigabyte", plain_bomb()},
  };
}

}  // namespace

TEST_CASE("an archive is read as it was written") {
  for (uint64_t zip64_from : {ZipWriter::kZip64From, uint64_t{1}, uint64_t{0}}) {
    const std::string bytes = good(zip64_from);
    const ZipReader zip(bytes);
    REQUIRE(zip.entries().size() == 2);
    CHECK(zip.read(*zip.find("a.txt")) == "hello, hello");
    CHECK(zip.read(*zip.find("folder/é")).empty());
    CHECK(zip.find("b.txt") == nullptr);
    CHECK(bytes.find("hello, hello") % 64 == 0);
    CHECK(bytes == good(zip64_from));
  }
  CHECK(ZipReader(join(ZipWriter().finish())).entries().empty());
}

TEST_CASE("more entries than 16 bits count") {
  ZipWriter zip;
  for (int i = 0; i < 70'000; ++i) zip.add(join_text(i), "x");
  const std::string bytes = join(zip.finish());
  const ZipReader reader(bytes);
  CHECK(reader.entries().size() == 70'000);
  CHECK(reader.read(*reader.find("69999")) == "x");
}

TEST_CASE("what zlib has packed is unpacked") {
  std::string content;
  for (uint32_t i = 0, bits = 1; i < 300'000; ++i, bits = bits * 1664525 + 1013904223)
    content += static_cast<char>('a' + (bits >> 28));
  CHECK(read_all(packed(content).bytes()) == content);
  CHECK(read_all(packed("").bytes()).empty());
  CHECK(read_all(packed(std::string(3'000'000, '\0')).bytes()) == std::string(3'000'000, '\0'));
  CHECK(read_all(stored().bytes()) == "hello, hello");
  CHECK(read_all(changed(stored(), [](OneEntry& e) { e.comment = "PK\5\6 a comment"; })) == "hello, hello");
}

TEST_CASE("an archive that lies is refused") {
  check_malformed(read_all, malformed());
  for (const std::string& bytes : {good(), good(0), packed("hello, hello").bytes()}) {
    check_cut_short(read_all, bytes);
    CHECK(check_changed_bytes(read_all, bytes) > 100);
  }
  CHECK(fails_with(ErrorKind::value, {"overlap"}, [] { (void)read_all(overlapping()); }));
  CHECK(fails_with(ErrorKind::value, {"unpacks to 1200000000"}, [] { (void)read_all(plain_bomb()); }));
}

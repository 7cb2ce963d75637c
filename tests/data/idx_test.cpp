// IDX files: every dtype, plain and packed; and what is no IDX file, refused with its place.
#include "rushlight/data/idx.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string idx(uint8_t type, const std::vector<uint32_t>& sizes, const std::string& elements) {
  std::string text{0, 0, static_cast<char>(type), static_cast<char>(sizes.size())};
  for (uint32_t size : sizes) text += big_endian(size, 4);
  return text + elements;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// 2 x 3 bytes.
const std::string kGood = idx(8, {2, 3}, "abcdef");

bool refused(const TemporaryFolder& folder, const std::string& bytes,
             std::initializer_list<const char*> words = {}) {
  const std::string path = folder.write("bad", bytes);
  const std::string said = error_of([&] { (void)data::load_idx(path); });
  bool good = has(said, path.c_str()) && has(said, "byte");
  for (const char* word : words) good &= has(said, word);
  if (!good) MESSAGE("said: ", said);
  return good;
}

}  // namespace

TEST_CASE("an IDX file of every type is a tensor") {
  const TemporaryFolder folder;
  const Tensor bytes = data::load_idx(folder.write("a", kGood));
  CHECK(bytes.dtype() == DType::uint8);
  CHECK(bytes.size(1) == 3);
  CHECK(bytes.to_vector<int>() == std::vector<int>{'a', 'b', 'c', 'd', 'e', 'f'});
  CHECK(data::load_idx(folder.write("a.gz", gzip(kGood))).to_vector<int>() == bytes.to_vector<int>());

  const auto load = [&](const std::string& text) { return data::load_idx(folder.write("b", text)); };
  const Tensor small = load(idx(9, {2}, std::string{'\xff', 5}));
  CHECK(small.dtype() == DType::int8);
  CHECK(small.to_vector<int>() == std::vector<int>{-1, 5});
  const Tensor shorts = load(idx(0x0B, {2}, big_endian(0xfffe, 2) + big_endian(258, 2)));
  CHECK(shorts.dtype() == DType::int16);
  CHECK(shorts.to_vector<int>() == std::vector<int>{-2, 258});
  const Tensor ints = load(idx(0x0C, {1, 2}, big_endian(0xfffffffd, 4) + big_endian(16909060, 4)));
  CHECK(ints.dtype() == DType::int32);
  CHECK(ints.to_vector<int>() == std::vector<int>{-3, 16909060});
  const Tensor floats = load(idx(0x0D, {1}, big_endian(0xc0200000, 4)));
  CHECK(floats.dtype() == DType::float32);
  CHECK(floats.item<float>() == -2.5f);
  const Tensor doubles = load(idx(0x0E, {}, big_endian(0x400921fb54442d18, 8)));
  CHECK(doubles.rank() == 0);
  CHECK(doubles.item<double>() == 3.141592653589793);
  CHECK(load(idx(8, {0, 7}, "")).numel() == 0);
  CHECK(load(idx(8, {0, 0xffffffff}, "")).size(1) == 0xffffffff);
}

TEST_CASE("what is no IDX file is refused with its place") {
  const TemporaryFolder folder;
  // Every prefix of the file, and the file with more behind it.
  for (size_t length = 0; length < kGood.size(); ++length)
    CHECK(refused(folder, kGood.substr(0, length), {length < 12 ? "too early" : "follow"}));
  CHECK(refused(folder, kGood + "x", {"byte 18", "more follows"}));
  CHECK(refused(folder, kGood + std::string(5000, '\0'), {"more follows"}));
  // Every type of another size, or none; and the first bytes.
  for (int type = 0; type < 256; ++type)
    if (type != 8 && type != 9) CHECK(refused(folder, idx(static_cast<uint8_t>(type), {2, 3}, "abcdef")));
  for (int first : {1, 8, 127, 255}) {
    std::string bad = kGood;
    bad[0] = static_cast<char>(first);
    CHECK(refused(folder, bad, {"no IDX file"}));
    bad = kGood;
    bad[1] = static_cast<char>(first);
    CHECK(refused(folder, bad, {"no IDX file"}));
  }
  // Every wrong rank and wrong sizes.
  for (int rank = 0; rank < 256; ++rank) {
    std::string bad = kGood;
    bad[3] = static_cast<char>(rank);
    if (rank != 2) CHECK(refused(folder, bad));
  }
  for (uint32_t size : {0u, 1u, 3u, 4u, 255u, 65536u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
    CHECK(refused(folder, idx(8, {size, 3}, "abcdef")));
  // Sizes whose product overflows 32 or 64 bits, back to what is there.
  CHECK(refused(folder, idx(8, {0x80000000, 2, 6}, "abcdef"), {"2147483648", "follow"}));
  CHECK(refused(folder, idx(8, {0x10000, 0x10000, 0x10000, 0x10000}, "abcdef"), {"any file"}));
  CHECK(refused(folder, idx(8, std::vector<uint32_t>(30, 0xffffffff), "abcdef"), {"any file"}));
  CHECK(refused(folder, idx(14, {0xffffffff, 0x20000001}, "abcdef"), {"any file"}));
  CHECK(refused(folder, idx(8, {0, 0xffffffff, 0xffffffff, 0xffffffff}, "abcdef"), {"any file"}));
  CHECK(refused(folder, idx(8, std::vector<uint32_t>(33, 1), "a"), {"33", "32"}));
  CHECK(refused(folder, std::string(100, '\0')));
  CHECK(refused(folder, "<!DOCTYPE html><html>no such file</html>", {"no IDX file"}));
}

TEST_CASE("damaged gzip is refused with its place") {
  const TemporaryFolder folder;
  const std::string good = gzip(idx(8, {50, 20}, std::string(1000, 'x')));
  CHECK(data::load_idx(folder.write("good", good)).numel() == 1000);
  for (size_t length = 3; length < good.size(); ++length) CHECK(refused(folder, good.substr(0, length)));
  CHECK(refused(folder, good + "x", {"1 bytes follow"}));
  CHECK(refused(folder, good + good, {"bytes follow"}));
  for (size_t back = 1; back <= 8; ++back) {  // checksum and length
    std::string bad = good;
    bad[bad.size() - back] ^= 0x55;
    CHECK(refused(folder, bad, {"damaged"}));
  }
  std::string bad = good;
  bad[10] = '\x07';  // a block of a kind that there is not
  CHECK(refused(folder, bad, {"damaged"}));
  CHECK(refused(folder, gzip(kGood + "x"), {"more follows", "unpacked"}));
  CHECK(refused(folder, gzip(kGood.substr(0, 15)), {"too early", "unpacked"}));
  CHECK(refused(folder, gzip("no idx"), {"no IDX file"}));
  CHECK(refused(folder, gzip(gzip(kGood)), {"no IDX file"}));
  // More is promised than so few bytes can unpack to: refused before memory is asked for.
  CHECK(refused(folder, gzip(idx(8, {0x40000000}, "abc")), {"at most", "follow"}));
}

TEST_CASE("a file that cannot be read says why") {
  const TemporaryFolder folder;
  CHECK(fails_with(ErrorKind::runtime, {"nowhere", "No such file"},
                   [&] { (void)data::load_idx(folder / "nowhere"); }));
  CHECK(fails_with(ErrorKind::runtime, {"directory"}, [&] { (void)data::load_idx(folder / ""); }));
}

// CIFAR-10's records, and files that do not consist of them.
#include "rushlight/data/cifar.h"

#include <doctest/doctest.h>

#include "rushlight/data/image_sets.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

constexpr size_t kRecord = 3073;

// Three records: label i, and byte (i + j + 100) % 251 at j.
std::string good() {
  std::string bytes;
  for (size_t i = 0; i < 3; ++i) {
    bytes += static_cast<char>(i + 7);
    for (size_t j = 0; j + 1 < kRecord; ++j) bytes += static_cast<char>((i + j + 100) % 251);
  }
  return bytes;
}

}  // namespace

TEST_CASE("CIFAR-10's records are images and labels") {
  const TemporaryFolder folder;
  const std::string a = folder.write("a", good()), b = folder.write("b", good().substr(0, kRecord));
  const data::LabelledImages all = data::load_cifar10({a, b});
  CHECK(all.labels.to_vector<int>() == std::vector<int>{7, 8, 9, 7});
  REQUIRE(all.images.shape().size() == 4);
  CHECK(all.images.size(0) == 4);
  const std::span<const uint8_t> pixels = all.images.span<uint8_t>();
  CHECK(pixels[0] == 100);
  CHECK(pixels[3072 + 1024 + 5] == (1 + 1024 + 5 + 100) % 251);  // record 1, green, row 0, column 5
  CHECK(pixels[3 * 3072 + 3071] == (3071 + 100) % 251);
}

TEST_CASE("files that are no records are refused with their place") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes, std::initializer_list<const char*> words) {
    const std::string path = folder.write("bad", bytes);
    return fails_with(ErrorKind::value, words, [&] { (void)data::load_cifar10({path}); }) &&
           has(error_of([&] { (void)data::load_cifar10({path}); }), path.c_str());
  };
  for (size_t length :
       {size_t{0}, size_t{1}, size_t{3072}, kRecord + 1, 2 * kRecord - 1, 2 * kRecord + 1, 3 * kRecord - 1})
    CHECK(refused(good().substr(0, length), {"byte", "whole number"}));
  for (size_t extra : {1, 2, 3072, 3074}) CHECK(refused(good() + std::string(extra, '\0'), {"whole number"}));
  for (int label : {10, 11, 16, 100, 127, 128, 254, 255})
    for (size_t record : {0, 1, 2}) {
      std::string bad = good();
      bad[record * kRecord] = static_cast<char>(label);
      CHECK(refused(bad, {"label", std::to_string(label).c_str(), std::to_string(record * kRecord).c_str()}));
    }
  // A byte that was lost or came in: all that follows stands one off.
  CHECK(refused(good().erase(100, 1) + "\x01", {"label"}));
  CHECK(refused("\x01" + good().substr(0, 3 * kRecord - 1), {"label"}));
  CHECK(refused("<html>not found</html>", {"whole number"}));
  const std::string path = folder.write("good", good());
  CHECK(fails_with(ErrorKind::value, {"3 records", "4"}, [&] { (void)data::load_cifar10({path}, 4); }));
  CHECK(fails_with(ErrorKind::runtime, {"No such file"},
                   [&] { (void)data::load_cifar10({path, path + "_2"}); }));
  CHECK(fails_with(ErrorKind::value, {"test_batch.bin", "10000"}, [&] {
    folder.write("test_batch.bin", good());
    (void)data::cifar10(data::Split::test, {.folder = folder / ""});
  }));
}

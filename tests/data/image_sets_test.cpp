// The known sets: facts about the real files, and pairs of files that do not belong together.
#include "rushlight/data/image_sets.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "rushlight/base/files.h"
#include "rushlight/data/csv.h"
#include "rushlight/data/download.h"
#include "rushlight/data/text.h"
#include "rushlight/rushlight.h"
#include "tests/base/temporary_folder.h"
#include "tests/data/real_data.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using namespace rushlight::data;

namespace {

struct Moments {
  double mean, deviation;
};
// Of each channel, pixels in 0..1.
std::vector<Moments> moments_of(const Tensor& images) {
  const std::span<const uint8_t> pixels = images.span<uint8_t>();
  const int64_t channels = images.size(1), plane = images.size(2) * images.size(3);
  std::vector<Moments> moments;
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    for (int64_t n = 0; n < images.size(0); ++n)
      for (int64_t i = 0; i < plane; ++i) {
        const double pixel = pixels[static_cast<size_t>((n * channels + c) * plane + i)] / 255.;
        sum += pixel, squares += pixel * pixel;
      }
    const auto count = static_cast<double>(images.size(0) * plane);
    moments.push_back({sum / count, std::sqrt(squares / count - sum / count * (sum / count))});
  }
  return moments;
}

void check_balanced(const ImageDataset& set, int64_t each) {
  std::vector<int64_t> counts(10);
  for (int64_t label : set.labels().span<int64_t>()) ++counts[static_cast<size_t>(label)];
  CHECK(counts == std::vector<int64_t>(10, each));
}

std::vector<int64_t> first_labels(const ImageDataset& set, int64_t count) {
  return set.labels().narrow(0, 0, count).to_vector<int64_t>();
}

// An IDX file of bytes.
std::string idx(const std::vector<int>& sizes, const std::string& bytes, char type = 8) {
  std::string text{0, 0, type, static_cast<char>(sizes.size())};
  for (int size : sizes) text += std::string{0, 0, static_cast<char>(size >> 8), static_cast<char>(size)};
  return text + bytes;
}

class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* text = std::getenv(name)) before_ = text;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("MNIST is MNIST") {
  if (!have_data("mnist")) return;
  const ImageDataset train = mnist(Split::train), test = mnist(Split::test);
  CHECK((train.size() == 60000 && test.size() == 10000));
  CHECK(first_labels(train, 5) == std::vector<int64_t>{5, 0, 4, 1, 9});
  CHECK(first_labels(test, 5) == std::vector<int64_t>{7, 2, 1, 0, 4});
  const Moments moments = moments_of(train.images())[0];
  CHECK(std::abs(moments.mean - 0.1307) < 5e-5);
  CHECK(std::abs(moments.deviation - 0.3081) < 5e-5);
  const Example first = train.get(0);
  CHECK((first.input.size(0) == 1 && first.input.size(2) == 28 && first.input.dtype() == DType::float32));
}

TEST_CASE("Fashion-MNIST is Fashion-MNIST") {
  if (!have_data("fashion_mnist")) return;
  const ImageDataset train = fashion_mnist(Split::train, {.transform = Normalize(0.5, 0.5)});
  check_balanced(train, 6000);
  check_balanced(fashion_mnist(Split::test), 1000);
  CHECK(train.classes()[static_cast<size_t>(first_labels(train, 1)[0])] == "Ankle boot");
  CHECK(std::abs(moments_of(train.images())[0].mean - 0.2860) < 5e-5);
}

TEST_CASE("CIFAR-10 is CIFAR-10") {
  if (!have_data("cifar10")) return;
  const ImageDataset train = cifar10(Split::train), test = cifar10(Split::test);
  check_balanced(train, 5000);
  check_balanced(test, 1000);
  CHECK(train.classes()[static_cast<size_t>(first_labels(train, 1)[0])] == "frog");
  const std::vector<Moments> moments = moments_of(train.images());
  const double means[] = {0.4914, 0.4822, 0.4465}, deviations[] = {0.2470, 0.2435, 0.2616};
  for (size_t c = 0; c < 3; ++c) {
    CHECK(std::abs(moments[c].mean - means[c]) < 6e-5);
    CHECK(std::abs(moments[c].deviation - deviations[c]) < 6e-5);
  }
}

TEST_CASE("text sets are there, and every known file has its checksum") {
  if (have_data("names")) {
    const std::vector<std::string> names = load_lines(find_data(known_set("names"), "names.txt"));
    CHECK((names.size() == 32033 && names[0] == "emma"));
  }
  if (have_data("tinyshakespeare")) {
    CHECK(load_text(find_data(known_set("tinyshakespeare"), "input.txt")).starts_with("First Citizen:\n"));
  }
  for (const KnownSet& set : known_sets())
    if (have_data(std::string(set.name).c_str())) {
      const KnownFile& file = set.files.back();
      const std::string path = find_data(set, file.name);
      CHECK(std::filesystem::file_size(path) == static_cast<uintmax_t>(file.bytes));
      CHECK(sha256_of_file(path) == file.sha256);
    }
}

TEST_CASE("images and labels that do not belong together are refused") {
  const TemporaryFolder folder;
  const std::string image_bytes(2 * 3 * 3, 'x'), labels{7, 9};
  const auto load = [&](const std::string& images, const std::string& label_file) {
    folder.write("t10k-images-idx3-ubyte.gz", images);
    folder.write("t10k-labels-idx1-ubyte.gz", label_file);
    return mnist(Split::test, {.folder = folder / ""});
  };
  const std::string good_images = idx({2, 3, 3}, image_bytes), good_labels = idx({2}, labels);
  CHECK(load(good_images, good_labels).size() == 2);
  const auto refused = [&](const std::string& images, const std::string& label_file,
                           std::initializer_list<const char*> words) {
    return fails_with(ErrorKind::value, words, [&] { (void)load(images, label_file); });
  };
  CHECK(refused(good_images, idx({3}, "\1\2\3"), {"2 images", "3 labels", "t10k-labels"}));
  CHECK(refused(good_images, idx({1}, "\1"), {"2 images", "1 labels"}));
  CHECK(refused(good_images, idx({2}, "\7\12"), {"byte 9", "label 10", "image 1", "0 to 9"}));
  CHECK(refused(good_images, idx({2}, "\xff\7"), {"byte 8", "label 255", "image 0"}));
  CHECK(refused(good_labels, good_labels, {"t10k-images", "(2,)"}));
  CHECK(refused(good_images, good_images, {"t10k-labels", "(2, 3, 3)"}));
  CHECK(refused(idx({2, 3, 3}, image_bytes, 9), good_labels, {"int8"}));
  CHECK(refused(good_images, idx({2}, labels, 9), {"int8"}));
}

TEST_CASE("missing data says what, how large, its terms and how to get it") {
  const TemporaryFolder folder;
  const Environment data("RUSHLIGHT_DATA", folder / "nowhere"), home("HOME", folder / "home");
  CHECK(fails_with(ErrorKind::runtime,
                   {"MNIST", "nowhere/mnist/train-images", "home/.cache/rushlight/mnist", "11.6 MB",
                    "terms:", "rushlight data get mnist"},
                   [] { (void)mnist(Split::train); }));
  CHECK(fails_with(ErrorKind::runtime, {"CIFAR-10", "170.1 MB", "Krizhevsky", "rushlight data get cifar10"},
                   [] { (void)cifar10(Split::test); }));
  CHECK(fails_with(ErrorKind::value, {"mnits", "fashion_mnist", "Did you mean \"mnist\"?"},
                   [] { (void)known_set("mnits"); }));
  folder.write("home/.cache/rushlight/names/names.txt", "a");
  CHECK(find_data(known_set("names"), "names.txt") == folder / "home/.cache/rushlight/names/names.txt");
  folder.write("nowhere/names/names.txt", "b");
  CHECK(find_data(known_set("names"), "names.txt") == folder / "nowhere/names/names.txt");
}

TEST_CASE("data are here where their files have the right size, in any folder, and then nothing is got") {
  const TemporaryFolder folder;
  const std::string real = have_data("names") ? read_file(find_data(known_set("names"), "names.txt")) : "";
  const Environment data("RUSHLIGHT_DATA", folder / "chosen"), home("HOME", folder / "home");
  const KnownSet& set = known_set("names");
  CHECK(!is_here(set));
  folder.write("chosen/names/names.txt", std::string(static_cast<size_t>(set.files[0].bytes) - 1, 'a'));
  CHECK(!is_here(set));
  const std::string kept = "home/.cache/rushlight/names/names.txt";
  folder.write(kept, std::string(static_cast<size_t>(set.files[0].bytes), 'a'));
  CHECK(is_here(set));
  CHECK(find_data(set, "names.txt") == folder / kept);  // not the one that is cut short
  if (real.empty()) return;
  folder.write(kept, real);
  CHECK(get_data("names") == folder / "home/.cache/rushlight/names");
}

TEST_CASE("IDX files of a known set may be unpacked") {
  const TemporaryFolder folder;
  const Environment data("RUSHLIGHT_DATA", folder / "data"), home("HOME", folder / "home");
  for (const std::string part : {"train", "t10k"}) {
    CHECK(!is_here(known_set("mnist")));
    folder.write("data/mnist/" + part + "-images-idx3-ubyte", idx({2, 3, 3}, std::string(18, 'x')));
    folder.write("data/mnist/" + part + "-labels-idx1-ubyte", idx({2}, std::string{7, 9}));
  }
  CHECK(is_here(known_set("mnist")));
  CHECK(mnist(Split::test).size() == 2);
  CHECK(mnist(Split::train, {.folder = folder / "data/mnist"}).size() == 2);
  CHECK(get_data("mnist") == folder / "data/mnist");  // without a network
}

TEST_CASE("IDX files of one's own: plain or packed, as many classes as labels") {
  const TemporaryFolder folder;
  CHECK(!has_idx_images(folder / ""));
  folder.write("train-images-idx3-ubyte", idx({3, 2, 2}, std::string(12, 'a')));
  folder.write("train-labels-idx1-ubyte", idx({3}, std::string{0, 4, 1}));
  folder.write("t10k-images-idx3-ubyte", idx({1, 2, 2}, "abcd"));
  folder.write("t10k-labels-idx1-ubyte", idx({1}, std::string{2}));
  CHECK(has_idx_images(folder / ""));
  const ImageDataset train = idx_images(folder / "", Split::train),
                     test = idx_images(folder / "", Split::test);
  CHECK(train.size() == 3);
  CHECK(train.classes() == std::vector<std::string>{"0", "1", "2", "3", "4"});
  CHECK(test.classes() == train.classes());
  CHECK(test.images().span<uint8_t>()[3] == 'd');
  CHECK(test.labels().item<int64_t>() == 2);

  folder.write("t10k-labels-idx1-ubyte", idx({1}, std::string{5}));
  CHECK(fails_with(ErrorKind::value, {"t10k-labels", "label 5"},
                   [&] { (void)idx_images(folder / "", Split::test); }));
  folder.write("train-labels-idx1-ubyte", idx({2}, std::string{0, 1}));
  CHECK(fails_with(ErrorKind::value, {"3 images", "2 labels"},
                   [&] { (void)idx_images(folder / "", Split::train); }));
}

#include "rushlight/data/known_sets.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "rushlight/base/child_process.h"
#include "rushlight/base/error.h"
#include "rushlight/base/nearest.h"
#include "rushlight/base/os.h"
#include "rushlight/base/progress.h"
#include "rushlight/data/download.h"

namespace rushlight::data {

namespace {

namespace fs = std::filesystem;

constexpr KnownFile kMnist[] = {
    {"train-images-idx3-ubyte.gz", 9912422,
     "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
    {"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
    {"t10k-images-idx3-ubyte.gz", 1648877,
     "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
    {"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}};

constexpr KnownFile kFashionMnist[] = {
    {"train-images-idx3-ubyte.gz", 26421880,
     "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
    {"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
    {"t10k-images-idx3-ubyte.gz", 4422102,
     "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
    {"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}};

constexpr KnownFile kCifar10[] = {
    {"data_batch_1.bin", 30730000, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
    {"data_batch_2.bin", 30730000, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
    {"data_batch_3.bin", 30730000, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
    {"data_batch_4.bin", 30730000, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
    {"data_batch_5.bin", 30730000, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
    {"test_batch.bin", 30730000, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"}};

constexpr KnownFile kTinyShakespeare[] = {
    {"input.txt", 1115394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"}};

constexpr KnownFile kNames[] = {
    {"names.txt", 228145, "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"}};

constexpr KnownSet kSets[] = {
    {.name = "mnist",
     .title = "MNIST",
     .terms = "no licence is stated; by Y. LeCun, C. Cortes and C. Burges",
     .url = "https://ossci-datasets.s3.amazonaws.com/mnist",
     .files = kMnist},
    {.name = "fashion_mnist",
     .title = "Fashion-MNIST",
     .terms = "MIT, (c) 2017 Zalando SE",
     .url = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
     .files = kFashionMnist},
    {.name = "cifar10",
     .title = "CIFAR-10",
     .terms = "no licence is stated; cite A. Krizhevsky, Learning Multiple Layers of Features from Tiny "
              "Images, 2009",
     .url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
     .files = kCifar10,
     .archive = {"cifar-10-binary.tar.gz", 170052171,
                 "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
     .archive_folder = "cifar-10-batches-bin"},
    {.name = "tinyshakespeare",
     .title = "Tiny Shakespeare",
     .terms = "the text is in the public domain",
     .url =
         "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/"
         "tinyshakespeare",
     .files = kTinyShakespeare},
    {.name = "names",
     .title = "Names",
     .terms = "MIT; from ssa.gov",
     .url = "https://raw.githubusercontent.com/karpathy/makemore/988aa59e4d8fefa526d06f3b453ad116258398d4",
     .files = kNames}};

std::string megabytes(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

constexpr std::string_view kPacked = ".gz";

std::string joined(std::string_view folder, std::string_view name) {
  return std::string(folder) + "/" + std::string(name);
}

bool is_there(const std::string& path, const KnownFile& file) {
  std::error_code problem;
  return fs::file_size(path, problem) == static_cast<uintmax_t>(file.bytes) && !problem &&
         sha256_of_file(path) == file.sha256;
}

// In the first folder that has it, as far as its size tells; an IDX file may be unpacked.
std::optional<std::string> find_file(const KnownSet& set, const KnownFile& file) {
  for (const std::string& folder : data_folders()) {
    std::string path = joined(joined(folder, set.name), file.name);
    std::error_code problem;
    if (fs::file_size(path, problem) == static_cast<uintmax_t>(file.bytes) && !problem) return path;
    std::string plain = path.ends_with(kPacked) ? path.substr(0, path.size() - kPacked.size()) : "";
    if (fs::is_regular_file(plain, problem)) return plain;
  }
  return std::nullopt;
}

bool is_in_order(const KnownSet& set, const KnownFile& file) {
  const std::optional<std::string> path = find_file(set, file);
  return path && (!path->ends_with(file.name) || is_there(*path, file));
}

void get_archive(const KnownSet& set, const std::string& folder) {
  const std::string archive = joined(folder, set.archive.name);
  download({std::string(set.url), archive, std::string(set.archive.sha256), set.archive.bytes});
  std::vector<std::string> command{"tar", "-xzf", archive, "-C", folder, "--strip-components=1"};
  for (const KnownFile& file : set.files) command.push_back(joined(set.archive_folder, file.name));
  ChildProcess tar(command);
  while (!tar.wait(1000)) {
  }
  if (tar.exit_code() != 0)
    fail(ErrorKind::runtime, "[data] ", archive, " could not be unpacked by tar: ", tar.complaints());
  for (const KnownFile& file : set.files)
    if (!is_there(joined(folder, file.name), file))
      fail(ErrorKind::value, "[data] ", archive, " holds another ", file.name, " than it should");
  fs::remove(archive);
}

}  // namespace

int64_t KnownSet::bytes_to_get() const {
  if (archive.bytes > 0) return archive.bytes;
  int64_t sum = 0;
  for (const KnownFile& file : files) sum += file.bytes;
  return sum;
}

std::span<const KnownSet> known_sets() { return kSets; }

const KnownSet& known_set(std::string_view name) {
  std::vector<std::string_view> names;
  std::string listed;
  for (const KnownSet& set : kSets) {
    if (set.name == name) return set;
    names.push_back(set.name);
    listed += (listed.empty() ? "" : ", ") + std::string(set.name);
  }
  fail(ErrorKind::value, "[data] no data set is called \"", name, "\"; there are ", listed,
       did_you_mean(name, names));
}

std::vector<std::string> data_folders() {
  std::vector<std::string> folders;
  if (const auto chosen = environment("RUSHLIGHT_DATA"); chosen && !chosen->empty())
    folders.emplace_back(*chosen);
  if (const auto home = environment("HOME"); home && !home->empty())
    folders.push_back(joined(*home, ".cache/rushlight"));
  if (folders.empty()) fail(ErrorKind::runtime, "[data] neither RUSHLIGHT_DATA nor HOME says where data is");
  return folders;
}

bool is_here(const KnownSet& set) {
  return std::ranges::all_of(set.files,
                             [&](const KnownFile& file) { return find_file(set, file).has_value(); });
}

std::string find_data(const KnownSet& set, std::string_view file) {
  for (const KnownFile& known : set.files)
    if (const auto path = known.name == file ? find_file(set, known) : std::nullopt) return *path;
  std::string tried;
  for (const std::string& folder : data_folders()) {
    const std::string path = joined(joined(folder, set.name), file);
    std::error_code problem;
    if (fs::exists(path, problem)) return path;
    tried += (tried.empty() ? "" : " nor ") + path;
  }
  fail(ErrorKind::runtime, "[data] ", set.title, " is not here: there is no ", tried,
       ". `rushlight data get ", set.name, "` gets it (", megabytes(set.bytes_to_get()),
       "; terms: ", set.terms, ")");
}

std::string get_data(std::string_view name) {
  const KnownSet& set = known_set(name);
  const std::string folder = joined(data_folders().front(), set.name);
  const FlushProgress last_state;
  for (const KnownFile& file : set.files) {
    if (is_in_order(set, file)) continue;
    if (set.archive.bytes > 0) {
      get_archive(set, folder);
      break;
    }
    download({joined(set.url, file.name), joined(folder, file.name), std::string(file.sha256), file.bytes});
  }
  return fs::path(find_data(set, set.files[0].name)).parent_path().string();
}

}  // namespace rushlight::data

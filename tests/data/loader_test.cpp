// The loader: the same batches for any number of workers, errors in their turn, no thread left behind, and
// positions to go on from.
#include "rushlight/data/loader.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "rushlight/base/thread_pool.h"
#include "rushlight/data/augment.h"
#include "rushlight/data/image_dataset.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using namespace rushlight::data;

namespace {

using Bytes = std::vector<std::string>;

std::string bytes_of(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  return {static_cast<const char*>(tensor.contiguous().raw_data()), tensor.nbytes()};
}

Bytes batches_of(DataLoader& loader) {
  Bytes batches;
  for (const auto& [input, target] : loader) batches.push_back(bytes_of(input) + bytes_of(target));
  return batches;
}

ImageDataset some_images() {
  const Tensor images = randint(256, {45, 3, 8, 8}, {.dtype = DType::uint8, .generator = Generator(1)});
  return ImageDataset(images, arange(45, {.dtype = DType::int64}).remainder(10));
}

int64_t count_threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// Soon: a thread that was joined is listed for a moment longer.
bool threads_are(int64_t count) {
  for (int i = 0; i < 1000 && count_threads() != count; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return count_threads() == count;
}

// Example i is the number i. Counts how many were asked for, and fails where it is told to.
struct Watched {
  std::shared_ptr<std::atomic<int64_t>> asked = std::make_shared<std::atomic<int64_t>>(0);
  std::shared_ptr<std::atomic<int64_t>> bad = std::make_shared<std::atomic<int64_t>>(-1);
  int64_t size() const { return 100; }
  Example get(int64_t i) const {
    ++*asked;
    if (i == *bad) fail(ErrorKind::linear_algebra, "broken");
    return {from_values<int64_t>({&i, 1}, {}), {}};
  }
};

}  // namespace

TEST_CASE("a loader gives every example once, in batches") {
  DataLoader loader(TensorDataset(arange(7, {.dtype = DType::int64})), {.batch_size = 3});
  CHECK(loader.size() == 3);
  std::vector<std::vector<int64_t>> seen;
  for (const auto& [input, target] : loader) {
    seen.push_back(input.to_vector<int64_t>());
    CHECK_FALSE(target.defined());
  }
  CHECK(seen == std::vector<std::vector<int64_t>>{{0, 1, 2}, {3, 4, 5}, {6}});
  DataLoader full(TensorDataset(arange(7)), {.batch_size = 3, .drop_last = true});
  CHECK(batches_of(full).size() == 2);
  DataLoader none(TensorDataset(arange(0)), {.workers = 2});
  CHECK(batches_of(none).empty());
  DataLoader reversed(TensorDataset(arange(3, {.dtype = DType::int64})),
                      {.sampler = WeightedRandomSampler({0, 0, 1}, {.replacement = true, .count = 2})});
  for (const auto& batch : reversed) CHECK(batch.input.item<int64_t>() == 2);
}

TEST_CASE("the batches do not depend on the number of workers") {
  const Transform fast =
      Compose(RandomCrop(8, {.padding = 2}), RandomHorizontalFlip(), ToTensor(), Normalize(0.5, 0.25));
  const Transform slow = Compose(
      RandomRotation(20), ColorJitter({.brightness = 0.3, .contrast = 0.3, .saturation = 0.3, .hue = 0.1}),
      Resize(6), RandomErasing({.value = std::nullopt}), [](const Tensor& x) { return x; });
  const Transform all_slow = Compose(ToTensor(), slow);
  const Dataset kinds[] = {some_images().with(fast), some_images().with(all_slow),
                           MixUp(some_images().with(fast), {.classes = 10})};
  for (const Dataset& dataset : kinds) {
    Bytes first;
    for (int workers : {0, 1, 4}) {
      DataLoader loader(dataset, {.batch_size = 4, .shuffle = true, .seed = 5, .workers = workers});
      Bytes epochs = batches_of(loader);
      CHECK(epochs.size() == 12);
      const Bytes second = batches_of(loader);
      CHECK(second != epochs);  // shuffled and drawn anew
      epochs.insert(epochs.end(), second.begin(), second.end());
      if (workers == 0) first = epochs;
      CHECK(epochs == first);
      loader.set_epoch(0);
      CHECK(batches_of(loader) == Bytes(first.begin(), first.begin() + 12));
    }
    DataLoader other(dataset, {.batch_size = 4, .shuffle = true, .seed = 6});
    CHECK(batches_of(other) != Bytes(first.begin(), first.begin() + 12));
  }
}

TEST_CASE("an error comes in its batch's turn, and the loader goes on") {
  for (int workers : {0, 1, 3}) {
    Watched dataset;
    DataLoader loader(dataset, {.batch_size = 10, .workers = workers});
    *dataset.bad = 37;
    int64_t good = 0;
    CHECK(fails_with(ErrorKind::linear_algebra, {"example 37", "broken"}, [&] {
      for (const auto& batch : loader) good += batch.input.numel();
    }));
    CHECK(good == 30);
    CHECK(loader.position() == LoaderPosition{0, 3});
    *dataset.bad = -1;
    CHECK(batches_of(loader).size() == 10);
    CHECK(loader.position() == LoaderPosition{1, 0});
  }
}

TEST_CASE("a loop that is left leaves no thread behind, and workers run a bounded way ahead") {
  Watched dataset;
  DataLoader loader(dataset, {.batch_size = 1, .workers = 3, .prefetch = 2});
  CHECK(loader.begin()->input.item<int64_t>() == 0);  // the backend's own threads have begun
  const int64_t before = count_threads();
  for (int loop = 0; loop < 20; ++loop) {
    *dataset.asked = 0;
    int64_t seen = 0;
    for (const auto& batch : loader) {
      CHECK(batch.input.item<int64_t>() == seen);
      ++seen;
      CHECK(*dataset.asked <= seen + 6);
      if (loop == 0) CHECK(threads_are(before + 3));
      if (seen == loop % 5 + 1) break;
    }
    CHECK(threads_are(before));
    CHECK(*dataset.asked <= seen + 6);
  }
  CHECK(loader.position().epoch == 0);
  {
    auto unused = loader.begin();
    auto moved = std::move(unused);
    ++moved;
    CHECK(moved->input.item<int64_t>() == 1);
  }
  CHECK(threads_are(before));
}

TEST_CASE("workers leave the thread pool to the training") {
  struct Parallel {
    std::atomic<int>* helpers;
    std::chrono::milliseconds patience;
    int64_t size() const { return 4; }
    Example get(int64_t) const {
      const auto self = std::this_thread::get_id();
      const auto deadline = std::chrono::steady_clock::now() + patience;
      std::atomic<int> arrived{0};
      parallel_for(2, [&](int64_t) {
        ++arrived;
        *helpers += std::this_thread::get_id() != self;
        while (arrived < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
      });
      return {full({}, 0.0), {}};
    }
  };
  const int before = num_threads();
  set_num_threads(2);
  for (int workers : {0, 1, 2}) {
    std::atomic<int> helpers{0};
    const std::chrono::milliseconds patience(workers == 0 ? 60'000 : 5);
    DataLoader loader(Parallel{&helpers, patience}, {.batch_size = 2, .workers = workers});
    CHECK(batches_of(loader).size() == 2);
    CHECK((helpers > 0) == (workers == 0));
  }
  set_num_threads(before);
}

TEST_CASE("training resumes at the exact batch") {
  const Dataset dataset = some_images().with(Compose(RandomHorizontalFlip(), ToTensor()));
  const auto loader_with = [&](int workers) {
    return DataLoader(dataset, {.batch_size = 4, .shuffle = true, .seed = 1, .workers = workers});
  };
  DataLoader whole = loader_with(0);
  Bytes all;
  for (int epoch = 0; epoch < 3; ++epoch)
    for (const std::string& batch : batches_of(whole)) all.push_back(batch);

  for (int64_t stop : {0, 1, 11, 12, 13, 24, 30}) {  // batches until a program ends, 12 to an epoch
    LoaderPosition saved;
    DataLoader first = loader_with(2);
    int64_t done = 0;
    while (done < stop)
      for (const auto& batch : first) {
        (void)batch;
        saved = first.position();
        if (++done == stop) break;
      }
    DataLoader second = loader_with(1);
    second.set_position(saved);
    Bytes rest;
    while (second.position().epoch < 3)
      for (const std::string& batch : batches_of(second)) rest.push_back(batch);
    CHECK(rest == Bytes(all.begin() + stop, all.end()));
  }

  // Left early, an epoch begins anew.
  DataLoader again = loader_with(0);
  for (const auto& batch : again) {
    (void)batch;
    break;
  }
  CHECK(again.position() == LoaderPosition{0, 1});
  CHECK(batches_of(again) == Bytes(all.begin(), all.begin() + 12));
}

TEST_CASE("batches carry no history and use the caller's kernels") {
  const Tensor weights = full({4, 2}, 1.0).requires_grad_();
  DataLoader loader(TensorDataset(weights), {.batch_size = 2, .workers = 1});
  for (const auto& batch : loader) CHECK_FALSE(batch.input.requires_grad());

  const Backend* own = context().host_backend;
  set_backend("reference");
  const Backend* chosen = context().host_backend;
  std::atomic<int> right = 0;
  struct Asking {
    const Backend* wanted;
    std::atomic<int>* right;
    int64_t size() const { return 4; }
    Example get(int64_t) const {
      *right += &host_backend() == wanted;
      return {full({}, 1.0), {}};
    }
  };
  DataLoader asking(Asking{chosen, &right}, {.workers = 2});
  for (const auto& batch : asking) (void)batch;
  context().host_backend = own;
  CHECK(right == 4);
}

TEST_CASE("a loader says what is wrong with its options") {
  const Dataset dataset = TensorDataset(arange(3));
  CHECK(fails_with(ErrorKind::value, {"-1", "workers"}, [&] { DataLoader(dataset, {.workers = -1}); }));
  CHECK(fails_with(ErrorKind::value, {"ahead", "0"}, [&] { DataLoader(dataset, {.prefetch = 0}); }));
  CHECK(fails_with(ErrorKind::value, {"batch", "0"}, [&] { DataLoader(dataset, {.batch_size = 0}); }));
  CHECK(fails_with(ErrorKind::value, {"shuffle"},
                   [&] { DataLoader(dataset, {.shuffle = true, .sampler = SequentialSampler(3)}); }));
  DataLoader loader(dataset);
  CHECK(fails_with(ErrorKind::value, {"batch 4", "3"}, [&] { loader.set_position({0, 4}); }));
  DataLoader wrong(dataset, {.sampler = SequentialSampler(4)});
  CHECK(fails_with(ErrorKind::index, {"3"}, [&] { (void)batches_of(wrong); }));
}

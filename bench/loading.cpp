// How fast batches come: CIFAR-10 in random order, cropped, flipped, normalised to float32, and every number
// read by the loop that gets them.
//
//   bench_loading [--epochs N] [--json FILE]
//
// GB/s of float32: of the clock on the wall, and per second that processors worked, which a busy machine
// distorts less.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "rushlight/base/clock.h"
#include "rushlight/base/error.h"
#include "rushlight/data/image_sets.h"
#include "rushlight/data/loader.h"

using namespace rushlight;

namespace {

struct Rate {
  double wall, processor;  // GB/s
};

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Eight sums, so that adding up does not wait for itself.
float touch(std::span<const float> numbers) {
  float sums[8] = {};
  for (size_t i = 0; i + 8 <= numbers.size(); i += 8)
    for (size_t j = 0; j < 8; ++j) sums[j] += numbers[i + j];
  float sum = 0;
  for (float part : sums) sum += part;
  return sum;
}

Rate epoch(data::DataLoader& loader) {
  const double processor = processor_seconds();
  const int64_t start = monotonic_ns();
  double bytes = 0;
  float sum = 0;
  for (const auto& [input, target] : loader) {
    sum += touch(input.span<float>());
    bytes += static_cast<double>(input.nbytes());
  }
  if (sum == 0.5f) std::puts("");  // so that it is needed
  return {bytes / static_cast<double>(monotonic_ns() - start),
          bytes / 1e9 / (processor_seconds() - processor)};
}

// The best of so many epochs: what else runs here only takes away.
Rate best(const data::Dataset& dataset, int workers, int epochs) {
  data::DataLoader loader(dataset, {.batch_size = 128, .shuffle = true, .workers = workers});
  epoch(loader);
  Rate most{0, 0};
  for (int i = 0; i < epochs; ++i) {
    const Rate rate = epoch(loader);
    most = {std::max(most.wall, rate.wall), std::max(most.processor, rate.processor)};
  }
  return most;
}

void measure(int epochs, std::FILE* json) {
  using namespace data;
  const Dataset train = cifar10(Split::train)
                            .with(Compose(RandomCrop(32, {.padding = 4}), RandomHorizontalFlip(), ToTensor(),
                                          Normalize({0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616})));
  const char* separator = "[";
  for (int workers : {0, 1, 2}) {
    const Rate rate = best(train, workers, epochs);
    std::printf("%d workers: %5.2f GB/s, %5.2f GB per second of processors\n", workers, rate.wall,
                rate.processor);
    if (json)
      std::fprintf(json, "%s{\"workers\": %d, \"wall\": %.4f, \"processor\": %.4f}", separator, workers,
                   rate.wall, rate.processor);
    separator = ", ";
  }
  if (json) std::fputs("]\n", json);
}

}  // namespace

int main(int count, char** arguments) {
  int epochs = 5;
  std::FILE* json = nullptr;
  for (int i = 1; i + 1 < count; i += 2) {
    if (!std::strcmp(arguments[i], "--epochs")) epochs = std::atoi(arguments[i + 1]);
    if (!std::strcmp(arguments[i], "--json")) json = std::fopen(arguments[i + 1], "w");
  }
  try {
    measure(epochs, json);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  if (json) std::fclose(json);
}

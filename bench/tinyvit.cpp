// TinyViT's training step (batch 256, AdamW), eager and replayed. Prints the milliseconds of each round.
//
//   bench_tinyvit [--rounds N] [--batch N] [--backend NAME] [--eager | --replay] [--serve]
//
// --serve: waits for a line on standard input before each round, so that a rival can take its turn meanwhile.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/workloads/tinyvit.h"
#include "rushlight/base/clock.h"
#include "rushlight/jit/trace.h"

using namespace rushlight;

namespace {

struct Settings {
  int64_t rounds = 20, batch = 256;
  bool eager = true, replay = true, serve = false;
};

struct Adam {
  explicit Adam(std::vector<Tensor> parameters) : params(std::move(parameters)) {
    for (const Tensor& p : params) {
      means.push_back(full(p.shape(), 0.0));
      variances.push_back(full(p.shape(), 0.0));
    }
  }
  void step() {
    NoGrad guard;
    std::vector<Tensor> grads;
    for (const Tensor& p : params) grads.push_back(p.grad());
    adamw_step(params, grads, means, variances, steps, lr);
    for (const Tensor& p : params) p.set_grad({});
  }
  std::vector<Tensor> params, means, variances;
  Tensor steps = full({}, 0.0);
  Slot lr = 1e-3;
};

struct Training {
  workloads::TinyVit model;
  Adam adam{model.parameters()};
  Tensor images, labels;

  explicit Training(int64_t batch) {
    images = empty({batch, 28, 28}, DType::float32);
    uint32_t state = 1;
    for (float& v : images.span<float>())
      v = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f;
    labels = empty(batch, DType::int64);
    int64_t i = 0;
    for (int64_t& label : labels.span<int64_t>()) label = i++ % 10;
  }
  Tensor step(const Tensor& x, const Tensor& y) {
    Tensor loss = cross_entropy(model.forward(x), y);
    loss.backward();
    adam.step();
    return loss;
  }
};

// One round is the median of five steps.
template <class Step>
double round_ms(Step&& step) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    uint64_t start = monotonic_ns();
    step();
    times.push_back(static_cast<double>(monotonic_ns() - start) / 1e6);
  }
  std::sort(times.begin(), times.end());
  return times[2];
}

void wait_for_turn() {
  char line[16];
  if (!std::fgets(line, sizeof line, stdin)) std::exit(0);
}

template <class Step>
void measure(const char* name, const Settings& settings, Step&& step) {
  for (int i = 0; i < 6; ++i) step();
  for (int64_t i = 0; i < settings.rounds; ++i) {
    if (settings.serve) wait_for_turn();
    std::printf("%s %.3f\n", name, round_ms(step));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i];
    if (flag == "--rounds" && i + 1 < argc)
      settings.rounds = std::atoll(argv[++i]);
    else if (flag == "--batch" && i + 1 < argc)
      settings.batch = std::atoll(argv[++i]);
    else if (flag == "--backend" && i + 1 < argc)
      set_backend(argv[++i]);
    else if (flag == "--eager")
      settings.replay = false;
    else if (flag == "--replay")
      settings.eager = false;
    else if (flag == "--serve")
      settings.serve = true;
    else
      return std::fprintf(stderr, "unknown argument %s; see the head of bench/tinyvit.cpp\n", flag.c_str()),
             2;
  }
  Training training(settings.batch);
  if (settings.eager)
    measure("eager", settings, [&] { (void)training.step(training.images, training.labels).item<float>(); });
  if (settings.replay) {
    auto replayed = trace([&](const Tensor& x, const Tensor& y) { return training.step(x, y); });
    measure("replay", settings, [&] { (void)replayed(training.images, training.labels).item<float>(); });
  }
  return 0;
}

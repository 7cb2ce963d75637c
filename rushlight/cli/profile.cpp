// rushlight profile: where the time of a recipe's training goes.
#include <algorithm>
#include <cstdio>

#include "rushlight/base/files.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/training.h"
#include "rushlight/train/profiler.h"

namespace rushlight::cli {

namespace {

constexpr int kWarmUp = 2;  // batches in which memory and threads come to be

using Span = train::Profiler::Span;

// The batches that follow, each in the parts that a loop has.
void train_on(Training& training, data::DataLoader::Iterator& next, int64_t batches,
              train::Profiler* profiler) {
  auto task = train::classifier(training.network);
  const auto part = [&](const char* name, auto&& work) {
    std::optional<Span> span;
    if (profiler) span.emplace(*profiler, name);
    return work();
  };
  for (int64_t i = 0; i < batches; ++i) {
    std::optional<Span> whole;
    if (profiler) whole.emplace(*profiler, join_text("batch ", i));
    const data::Example batch = part("data", [&] {
      ++next;
      return *next;
    });
    training.optimizer->zero_grad();
    const Tensor loss = part("forward", [&] { return task.loss(task.predict(batch.input), batch.target); });
    part("backward", [&] { loss.backward(); });
    part("optimizer", [&] { training.optimizer->step(); });
  }
}

}  // namespace

void profile(const ProfileCommand& command) {
  Training training(settled({.recipe = command.recipe, .batch = command.batch}));
  const int64_t most = training.loader.size() - kWarmUp - 1;
  if (most < 1)
    fail(ErrorKind::value, "an epoch of ", command.recipe, " has ", training.loader.size(),
         " batches; a profile needs at least ", kWarmUp + 2, ", so a smaller --batch");
  const int64_t batches = command.batches.value_or(std::min<int64_t>(20, most));
  if (batches < 1 || batches > most)
    fail(ErrorKind::value, "--batches must be 1 to ", most, " for ", command.recipe, ", not ", batches);
  training.network.module().train();
  auto next = training.loader.begin();
  train_on(training, next, kWarmUp, nullptr);
  train::Profiler profiler(command.trace.empty() ? train::TimeLine::none : train::TimeLine::kept);
  train_on(training, next, batches, &profiler);
  profiler.stop();
  const MachineLimits limits = LimitsProbe().measure();
  std::fprintf(stderr,
               "%lld batches of %lld; this machine can do %.0f GFLOP/s and move %.0f GB/s, and \"limit\" is "
               "the share of what these allow\n%s",
               static_cast<long long>(batches), static_cast<long long>(*training.settings.batch),
               limits.flops * 1e-9, std::max(limits.bytes_read, limits.bytes_changed) * 1e-9,
               command.json ? "" : "\n");
  std::puts(command.json ? profiler.json(limits).c_str() : profiler.table(limits).c_str());
  if (command.trace.empty()) return;
  write_file_atomically(command.trace, {profiler.chrome_trace()});
  std::fprintf(stderr, "%s opens in https://ui.perfetto.dev\n", command.trace.c_str());
}

}  // namespace rushlight::cli

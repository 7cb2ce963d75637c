// A hundred trainings in one process, from the first weights to the file of the model: nothing stays behind.
#include <doctest/doctest.h>

#include "rushlight/base/memory.h"
#include "rushlight/data/point_sets.h"
#include "rushlight/models/model_file.h"
#include "rushlight/optim/optim.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/checkpoint.h"
#include "rushlight/train/ledger.h"
#include "tests/base/resident_memory.h"
#include "tests/base/temporary_folder.h"

using namespace rushlight;

namespace {

// As many digits as a few batches need; what they show does not matter.
data::Dataset digits() {
  const Tensor images = randn({96, 1, 28, 28}, {.generator = Generator(1)});
  return data::TensorDataset(images, remainder(arange(96), 10));
}

// What `rushlight train` does.
void train_and_save(const char* architecture, const data::Dataset& examples, const std::string& folder) {
  manual_seed(0);
  models::Network network = models::Network::make(architecture);
  optim::AdamW optimizer(network.module().parameters(), {.lr = 0.01});
  data::DataLoader loader(examples, {.batch_size = 32, .shuffle = true, .workers = 1});
  data::DataLoader test(examples, {.batch_size = 500});
  train::Checkpoints checkpoints(folder + "/checkpoints",
                                 {&network.module(), &optimizer, nullptr, &loader, nullptr});
  train::Ledger ledger(folder + "/ledger.jsonl");
  (void)train::fit(
      train::classifier(network), optimizer, loader,
      {.epochs = 2, .validation = &test, .progress = false, .callbacks = {&checkpoints, &ledger}});
  CHECK(train::evaluate(train::classifier(network), test).count == examples.size());
  models::save_model(folder + "/model.safetensors", {std::move(network), {}, {}});
}

}  // namespace

TEST_CASE("a hundred trainings leave memory flat") {
  const std::pair<const char*, data::Dataset> recipes[] = {
      {"mlp:2-8-2:tanh", data::dataset_of(*data::point_set("xor", 1))},
      {"mlp:2-16-16-2:tanh", data::dataset_of(*data::point_set("moons", 1))},
      {"mlp", digits()}};
  uint64_t live = 0;
  [[maybe_unused]] const double growth = growth_over(100, [&](int64_t i) {
    const auto& [architecture, examples] = recipes[i % 3];
    train_and_save(architecture, examples, TemporaryFolder() / "run");
    if (i == 10) live = memory_stats().live_bytes;
    if (i > 10) CHECK(memory_stats().live_bytes == live);
  });
#ifdef RUSHLIGHT_MEMORY_IS_FREED
  CHECK(growth < 0.02);
#endif
}

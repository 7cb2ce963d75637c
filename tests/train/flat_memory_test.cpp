// A hundred trainings in one process, from the first weights to the file of the model: nothing stays behind.
#include <doctest/doctest.h>

#include "rushlight/base/memory.h"
#include "rushlight/data/augment.h"
#include "rushlight/data/image_dataset.h"
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

struct Recipe {
  const char* architecture;
  data::Dataset train, test;
  models::Preprocessing preprocessing{};
  bool one_cycle = false;  // SGD whose rate rises and falls; else AdamW
};

Recipe of_points(const char* architecture, const char* points) {
  const data::Dataset dataset = data::dataset_of(*data::point_set(points, 1));
  return {architecture, dataset, dataset};
}

// As many images as a few batches need; what they show does not matter.
data::ImageDataset images(int64_t channels, int64_t size) {
  const Tensor pixels =
      randint(256, {96, channels, size, size}, {.dtype = DType::uint8, .generator = Generator(1)});
  return {pixels, remainder(arange(96), 10)};
}
Recipe of_images(const char* architecture, int64_t size) {
  return {architecture, images(1, size), images(1, size), {1, size, {0.5}, {0.25}}};
}
// Crops and flips are made in one pass over a batch; a turn takes each image by itself.
Recipe of_augmented_images(const char* architecture, int64_t size, bool turned) {
  const data::Transform in_one_pass =
      data::Compose(data::RandomCrop(size, {.padding = 1}), data::RandomHorizontalFlip(), data::ToTensor(),
                    data::Normalize(0.5, 0.25));
  const data::Transform one_by_one = data::Compose(data::RandomRotation(20), in_one_pass);
  const data::ImageDataset plain = images(3, size), train = plain.with(turned ? one_by_one : in_one_pass);
  CHECK(train.in_one_pass() != turned);
  return {architecture, train, plain, {3, size, {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}}, true};
}

std::unique_ptr<optim::Optimizer> optimizer_of(const Recipe& recipe, const nn::Module& module) {
  if (!recipe.one_cycle)
    return std::make_unique<optim::AdamW>(module.parameters(), optim::AdamWOptions{.lr = 0.01});
  return std::make_unique<optim::SGD>(module.parameters(),
                                      optim::SGDOptions{.lr = 0.01, .momentum = 0.9, .nesterov = true});
}

// What `rushlight train` does.
void train_and_save(const Recipe& recipe, const std::string& folder) {
  manual_seed(0);
  models::Network network = models::Network::make(recipe.architecture);
  const auto optimizer = optimizer_of(recipe, network.module());
  data::DataLoader loader(recipe.train, {.batch_size = 32, .shuffle = true, .workers = 1});
  data::DataLoader test(recipe.test, {.batch_size = 500});
  const auto schedule = recipe.one_cycle
                            ? std::make_unique<optim::OneCycleLR>(*optimizer, 0.1, 2 * loader.size() + 1)
                            : nullptr;
  train::Checkpoints checkpoints(folder + "/checkpoints",
                                 {&network.module(), optimizer.get(), schedule.get(), &loader, nullptr});
  train::Ledger ledger(folder + "/ledger.jsonl");
  (void)train::fit(train::classifier(network), *optimizer, loader,
                   {.epochs = 2,
                    .schedule = schedule.get(),
                    .validation = &test,
                    .progress = false,
                    .callbacks = {&checkpoints, &ledger}});
  CHECK(train::evaluate(train::classifier(network), test).count == recipe.test.size());
  models::save_model(folder + "/model.safetensors", {std::move(network), recipe.preprocessing, {}});
}

constexpr const char* kVit = R"({"model": "tinyvit", "image": 8, "dim": 8, "heads": 2, "mlp": 16})";
constexpr const char* kCnn = R"({"model": "cnn", "image": 8, "widths": [4, 8], "dropout": 0.1})";

}  // namespace

TEST_CASE("a hundred trainings leave memory flat" * doctest::test_suite("slow")) {
  const Recipe recipes[] = {of_points("mlp:2-8-2:tanh", "xor"),
                            of_points("mlp:2-16-16-2:tanh", "moons"),
                            of_images("mlp", 28),
                            of_images(kVit, 8),
                            of_augmented_images(kCnn, 8, false),
                            of_augmented_images(kCnn, 8, true)};
  uint64_t live = 0;
  [[maybe_unused]] const double growth = growth_over(100, [&](int64_t i) {
    train_and_save(recipes[static_cast<size_t>(i) % std::size(recipes)], TemporaryFolder() / "run");
    if (i == 10) live = memory_stats().live_bytes;
    if (i > 10) CHECK(memory_stats().live_bytes == live);
  });
#ifdef RUSHLIGHT_MEMORY_IS_FREED
  CHECK(growth < 0.02);
#endif
}

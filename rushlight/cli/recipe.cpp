#include "rushlight/cli/recipe.h"

#include <numeric>

#include "rushlight/base/nearest.h"

namespace rushlight::cli {

namespace {

constexpr Recipe kRecipes[] = {
    {"xor", "the four corners that no line parts", "mlp:2-8-2:tanh", "xor", 20, 4, 0.02},
    {"moons", "400 points on two half circles", "mlp:2-16-16-2:tanh", "moons", 60, 20, 0.01},
    {"spirals", "400 points on two arms", "mlp:2-64-64-2:tanh", "spirals", 150, 20, 0.005},
    {"mlp", "MNIST by one hidden layer", "mlp", "mnist", 5, 64, 1e-3},
    {"tinyvit", "a vision transformer on 2,000 digits (--full: all)", "tinyvit", "mnist", 10, 64, 3e-3, false,
     false, 2000, 1000},
    {"tinyvit-10k", "the same on 10,000 digits", "tinyvit", "mnist", 10, 64, 3e-3, false, false, 10000, 2000},
    {"cnn", "CIFAR-10 by six convolutions", "cnn", "cifar10", 5, 128, 0.1, true, true},
};

models::Preprocessing preprocessing_of(std::string_view data) {
  if (data == "cifar10") return {3, 32, {0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616}};
  if (data == "fashion_mnist") return {1, 28, {0.2860}, {0.3530}};
  return {};
}

data::ImageDataset set_of(std::string_view name, data::Split split, const data::Transform& transform) {
  const data::SetOptions options{.transform = transform};
  if (name == "mnist") return data::mnist(split, options);
  if (name == "fashion_mnist") return data::fashion_mnist(split, options);
  if (name == "cifar10") return data::cifar10(split, options);
  constexpr std::string_view kNames[] = {"mnist", "fashion_mnist", "cifar10"};
  const std::string near = nearest_word(name, kNames);
  fail(ErrorKind::value, "there is no data set \"", name, "\"",
       near.empty() ? ": mnist, fashion_mnist and cifar10 are known" : ". Did you mean \"" + near + "\"?");
}

data::Transform plain(const models::Preprocessing& p) {
  return data::Compose(data::ToTensor(), data::Normalize(p.mean, p.deviation));
}

data::Dataset first_of(const data::Dataset& whole, int64_t count) {
  if (count == 0 || count >= whole.size()) return whole;
  std::vector<int64_t> indices(static_cast<size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return data::Subset(whole, std::move(indices));
}

}  // namespace

std::span<const Recipe> recipes() { return kRecipes; }

const Recipe& recipe(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Recipe& known : kRecipes) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  const std::string near = nearest_word(name, names);
  fail(ErrorKind::value, "there is no recipe \"", name, "\"",
       near.empty() ? "; `rushlight train` lists them" : ". Did you mean \"" + near + "\"?");
}

Task data_of(const Recipe& r, bool full) {
  if (const auto points = data::point_set(r.data, 1))
    return {data::dataset_of(*points), test_set(r.data, {}), {}, {"-", "+"}, points};
  const models::Preprocessing p = preprocessing_of(r.data);
  data::Transform transform = plain(p);
  if (r.augment)
    transform =
        data::Compose(data::RandomCrop(p.size, {.padding = 4}), data::RandomHorizontalFlip(), plain(p));
  const data::ImageDataset train = set_of(r.data, data::Split::train, transform);
  std::vector<std::string> labels = train.classes();
  if (labels.empty())
    for (int digit = 0; digit < 10; ++digit) labels.push_back(std::to_string(digit));
  return {first_of(train, full ? 0 : r.train_part), first_of(test_set(r.data, p), full ? 0 : r.test_part), p,
          std::move(labels)};
}

data::Dataset test_set(std::string_view name, const models::Preprocessing& p) {
  if (const auto points = data::point_set(name, 2)) return data::dataset_of(*points);
  return set_of(name, data::Split::test, plain(p));
}

}  // namespace rushlight::cli

#include "rushlight/cli/recipe.h"

#include <string>
#include <vector>

#include "rushlight/base/error.h"
#include "rushlight/base/nearest.h"

namespace rushlight::cli {

namespace {

constexpr Recipe kRecipes[] = {
    {.name = "xor",
     .what = "the four corners that no line parts",
     .architecture = "mlp:2-8-2:tanh",
     .data = "xor",
     .epochs = 20,
     .batch = 4,
     .lr = 0.02,
     .reaches = "100 % in 0.1 s"},
    {.name = "moons",
     .what = "400 points on two half circles",
     .architecture = "mlp:2-16-16-2:tanh",
     .data = "moons",
     .epochs = 60,
     .batch = 20,
     .lr = 0.01,
     .reaches = "100 % in 0.1 s"},
    {.name = "spirals",
     .what = "400 points on two arms",
     .architecture = "mlp:2-64-64-2:tanh",
     .data = "spirals",
     .epochs = 150,
     .batch = 20,
     .lr = 0.005,
     .reaches = "100 % in 0.3 s"},
    {.name = "mlp",
     .what = "MNIST by one hidden layer",
     .architecture = "mlp",
     .data = "mnist",
     .epochs = 5,
     .batch = 64,
     .lr = 4e-3,
     .method = Method::adamw_one_cycle,
     .reaches = "98 % in 1.3 s"},
    {.name = "tinyvit",
     .what = "a vision transformer on 2,000 digits (--full: all)",
     .architecture = "tinyvit",
     .data = "mnist",
     .epochs = 10,
     .batch = 32,
     .lr = 5e-3,
     .method = Method::adamw_one_cycle,
     .train_part = 2000,
     .test_part = 1000,
     .reaches = "82 % in 4 s"},
    {.name = "tinyvit-10k",
     .what = "the same on 10,000 digits",
     .architecture = "tinyvit",
     .data = "mnist",
     .epochs = 10,
     .batch = 64,
     .lr = 3e-3,
     .method = Method::adamw_one_cycle,
     .train_part = 10000,
     .test_part = 2000,
     .reaches = "91 % in 11 s"},
    {.name = "cnn",
     .what = "CIFAR-10 by six convolutions",
     .architecture = "cnn",
     .data = "cifar10",
     .epochs = 5,
     .batch = 128,
     .lr = 0.1,
     .method = Method::sgd_one_cycle,
     .augment = true,
     .reaches = "84 % in 3 minutes"},
    {.name = "cnn-long",
     .what = "the same, with more patience",
     .architecture = "cnn",
     .data = "cifar10",
     .epochs = 30,
     .batch = 128,
     .lr = 0.1,
     .method = Method::sgd_one_cycle,
     .augment = true,
     .reaches = "90 %, 35 s an epoch"},
};

}  // namespace

std::span<const Recipe> recipes() { return kRecipes; }

const Recipe& recipe(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Recipe& known : kRecipes) {
    if (known.name == name) return known;
    names.push_back(known.name);
  }
  fail(ErrorKind::value, "there is no recipe \"", name, "\"",
       did_you_mean(name, names, "; `rushlight train` lists them"));
}

}  // namespace rushlight::cli

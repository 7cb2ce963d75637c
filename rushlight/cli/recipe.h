// Recipes: what is trained, on which data, for how long.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rushlight::cli {

enum class Method : uint8_t {
  adamw,            // at one learning rate
  adamw_one_cycle,  // up, and down to nothing at the end
  sgd_one_cycle,    // the same with Nesterov's momentum
};

inline const char* optimizer_name(Method method) { return method == Method::sgd_one_cycle ? "SGD" : "AdamW"; }

struct Recipe {
  std::string_view name;
  std::string_view what;          // in words
  std::string_view architecture;  // models::Network::make
  std::string_view data;          // "mnist", "cifar10", or a set of points
  int64_t epochs, batch;
  double lr;
  Method method = Method::adamw;
  bool augment = false;                   // crops and flips
  int64_t train_part = 0, test_part = 0;  // so many of the first; 0: all
  std::string_view reaches = "";          // accuracy and time, see docs/results.md
};

std::span<const Recipe> recipes();
const Recipe& recipe(std::string_view name);  // throws, with the nearest name

}  // namespace rushlight::cli

// Network: any built-in model, by its name or by a description.
#pragma once

#include <memory>
#include <string_view>

#include "rushlight/nn/module.h"

namespace rushlight::models {

// What goes into a network: (batch, channels, size, size), or (batch, channels) where size is 0.
struct NetworkInput {
  int64_t channels = 1, size = 28;
};

class Network {
 public:
  static constexpr int64_t kMostWeights = 1 << 28;

  // "mlp" (784-128-10), "tinyvit", "cnn" or "burn_mnist_cnn"; "mlp:2-16-2:tanh" with sizes and, if one likes,
  // an activation; or JSON with other options than the usual ones: {"model": "cnn", "classes": 5, "image":
  // 64}. What is none of these throws, with the nearest name; so does what needs more weights than these,
  // before any is made.
  static Network make(std::string_view architecture, int64_t most_weights = kMostWeights);

  const std::string& architecture() const { return architecture_; }
  const NetworkInput& input() const { return input_; }
  int64_t classes() const { return classes_; }
  nn::Module& module() const { return held_->module(); }
  // -> (batch, classes)
  Tensor operator()(const Tensor& batch) const { return held_->run(batch); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual nn::Module& module() = 0;
    virtual Tensor run(const Tensor& images) = 0;
  };
  template <class M>
  struct HeldAs;
  template <class M, class Options>
  void hold(const Options& options);
  void make_described(std::string_view json);

  std::string architecture_;
  NetworkInput input_;
  int64_t classes_ = 10, most_weights_ = kMostWeights;
  std::unique_ptr<Held> held_;
};

// Of so many inputs.
IntList batch_shape(const NetworkInput& input, int64_t count);

// The network of that name for such images and so many classes, as Network::make understands it.
std::string architecture_for(std::string_view name, const NetworkInput& input, int64_t classes);

}  // namespace rushlight::models

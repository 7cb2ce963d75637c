// Network: any built-in model, by its name.
#pragma once

#include <memory>
#include <string_view>

#include "rushlight/nn/module.h"

namespace rushlight::models {

class Network {
 public:
  // "mlp" (784-128-10, or "mlp:2-16-2:tanh" with sizes and, if one likes, an activation), "tinyvit", "cnn" or
  // "burn_mnist_cnn"; another name throws, with the nearest one.
  static Network make(std::string_view architecture);

  const std::string& architecture() const { return architecture_; }
  nn::Module& module() const { return held_->module(); }
  // (batch, channels, height, width) -> (batch, classes)
  Tensor operator()(const Tensor& images) const { return held_->run(images); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual nn::Module& module() = 0;
    virtual Tensor run(const Tensor& images) = 0;
  };
  template <class M>
  struct HeldAs;
  template <class M, class... Options>
  static std::unique_ptr<Held> held(const Options&... options);

  std::string architecture_;
  std::unique_ptr<Held> held_;
};

}  // namespace rushlight::models

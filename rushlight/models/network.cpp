#include "rushlight/models/network.h"

#include <charconv>

#include "rushlight/base/nearest.h"
#include "rushlight/models/cnn.h"
#include "rushlight/models/mlp.h"
#include "rushlight/models/mnist_cnn.h"
#include "rushlight/models/tiny_vit.h"

namespace rushlight::models {

namespace {

[[noreturn]] void refuse(std::string_view architecture) {
  constexpr std::string_view kNames[] = {"mlp", "tinyvit", "cnn", "burn_mnist_cnn"};
  const std::string near = nearest_word(architecture, kNames);
  fail(ErrorKind::value, "there is no architecture \"", architecture, "\"",
       near.empty() ? ": mlp, tinyvit, cnn and burn_mnist_cnn are built in, and mlp:2-16-2:tanh"
                    : ". Did you mean \"" + near + "\"?");
}

// What follows "mlp:". A file may say anything, so sizes are bounded before anything is made of them.
MlpOptions mlp_options(std::string_view architecture, std::string_view words) {
  constexpr int64_t kMostNeurons = 1 << 16, kMostWeights = 1 << 28;
  const size_t colon = words.find(':');
  MlpOptions options{.sizes = {}};
  if (colon != words.npos) options.activation = words.substr(colon + 1);
  words = words.substr(0, colon);
  int64_t weights = 0;
  for (const char* at = words.data(); at != words.data() + words.size();) {
    int64_t size = 0;
    const char* const end = words.data() + words.size();
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || size > kMostNeurons) refuse(architecture);
    if (!options.sizes.empty()) weights += options.sizes.back() * size;
    options.sizes.push_back(size);
    if (weights > kMostWeights || (next != end && (*next != '-' || next + 1 == end))) refuse(architecture);
    at = next == end ? end : next + 1;
  }
  return options;
}

}  // namespace

template <class M>
struct Network::HeldAs final : Held {
  template <class... Options>
  explicit HeldAs(const Options&... options) : model(options...) {}
  nn::Module& module() override { return model; }
  Tensor run(const Tensor& images) override { return model(images); }
  M model;
};

template <class M, class... Options>
std::unique_ptr<Network::Held> Network::held(const Options&... options) {
  return std::make_unique<HeldAs<M>>(options...);
}

Network Network::make(std::string_view architecture) {
  Network network;
  network.architecture_ = architecture;
  if (architecture == "mlp")
    network.held_ = held<Mlp>();
  else if (architecture.starts_with("mlp:"))
    network.held_ = held<Mlp>(mlp_options(architecture, architecture.substr(4)));
  else if (architecture == "tinyvit")
    network.held_ = held<TinyVit>();
  else if (architecture == "cnn")
    network.held_ = held<Cnn>();
  else if (architecture == "burn_mnist_cnn")
    network.held_ = held<MnistCnn>();
  else
    refuse(architecture);
  return network;
}

}  // namespace rushlight::models

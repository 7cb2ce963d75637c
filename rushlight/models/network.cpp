#include "rushlight/models/network.h"

#include "rushlight/base/nearest.h"
#include "rushlight/models/cnn.h"
#include "rushlight/models/mlp.h"
#include "rushlight/models/mnist_cnn.h"
#include "rushlight/models/tiny_vit.h"

namespace rushlight::models {

template <class M>
struct Network::HeldAs final : Held {
  nn::Module& module() override { return model; }
  Tensor run(const Tensor& images) override { return model(images); }
  M model;
};

template <class M>
std::unique_ptr<Network::Held> Network::held() {
  return std::make_unique<HeldAs<M>>();
}

Network Network::make(std::string_view architecture) {
  struct BuiltIn {
    std::string_view name;
    std::unique_ptr<Held> (*make)();
  };
  static constexpr BuiltIn kBuiltIn[] = {
      {"mlp", held<Mlp>}, {"tinyvit", held<TinyVit>}, {"cnn", held<Cnn>}, {"burn_mnist_cnn", held<MnistCnn>}};
  std::vector<std::string_view> names;
  for (const BuiltIn& known : kBuiltIn) {
    names.push_back(known.name);
    if (known.name != architecture) continue;
    Network network;
    network.architecture_ = architecture;
    network.held_ = known.make();
    return network;
  }
  const std::string near = nearest_word(architecture, names);
  fail(ErrorKind::value, "there is no architecture \"", architecture, "\"",
       near.empty() ? ": mlp, tinyvit, cnn and burn_mnist_cnn are built in"
                    : ". Did you mean \"" + near + "\"?");
}

}  // namespace rushlight::models

// Epochs of training as a user has them: from the files of the data set to the weights, loading, shuffling,
// augmentation and figures included.
//
//   bench_epochs mlp|tinyvit|cnn
//
// Serves (serving.h); rivals/epochs.py is the same in PyTorch. TinyViT sees the 2,000 digits of its recipe,
// the CNN a tenth of its epoch.
#include <cstring>

#include "bench/serving.h"
#include "rushlight/data/data.h"
#include "rushlight/models/network.h"
#include "rushlight/optim/optim.h"
#include "rushlight/train/fit.h"

using namespace rushlight;

namespace {

data::Dataset digits() {
  using namespace data;
  return mnist(Split::train, {.transform = Compose(ToTensor(), Normalize({0.1307}, {0.3081}))});
}

data::Dataset pictures() {
  using namespace data;
  return cifar10(Split::train,
                 {.transform = Compose(RandomCrop(32, {.padding = 4}), RandomHorizontalFlip(), ToTensor(),
                                       Normalize({0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616}))});
}

// Epochs of `set`, one after the other.
void serve(const char* architecture, const data::Dataset& set, int64_t batch, auto make_optimizer) {
  const models::Network network = models::Network::make(architecture);
  auto optimizer = make_optimizer(network.module().parameters());
  data::DataLoader loader(set, {.batch_size = batch, .shuffle = true});
  bench::serve([&] {
    (void)train::fit(train::classifier(network), optimizer, loader, {.epochs = 1, .progress = false});
  });
}

}  // namespace

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "";
  const auto adamw = [](const std::vector<Tensor>& params) { return optim::AdamW(params, {.lr = 1e-3}); };
  const auto sgd = [](const std::vector<Tensor>& params) {
    return optim::SGD(params, {.lr = 0.01, .momentum = 0.9, .weight_decay = 5e-4, .nesterov = true});
  };
  if (!std::strcmp(name, "mlp"))
    serve("mlp", digits(), 64, adamw);
  else if (!std::strcmp(name, "tinyvit"))
    serve("tinyvit", first_of(digits(), 2000), 32, adamw);
  else if (!std::strcmp(name, "cnn"))
    serve("cnn", first_of(pictures(), 5000), 128, sgd);
  else
    return std::fputs("usage: bench_epochs mlp|tinyvit|cnn\n", stderr), 2;
}

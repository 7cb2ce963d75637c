// Weights that others trained load, from either of two formats, and read as many digits as their publisher's
// network did.
#include "rushlight/models/mnist_cnn.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "rushlight/data/data.h"
#include "rushlight/io/io.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/fit.h"

using namespace rushlight;

namespace {

// Where the file is; empty where it, or MNIST, is not.
std::string weights_of(const std::string& name) {
  for (const std::string& folder : data::data_folders())
    if (std::filesystem::exists(folder + "/models/" + name) && std::filesystem::exists(folder + "/mnist"))
      return folder + "/models/" + name;
  MESSAGE("skipped: there are no ", name, " and MNIST here");
  return {};
}

}  // namespace

TEST_CASE("weights that Burn published read as many digits here" * doctest::test_suite("slow")) {
  struct Published {
    const char* file;
    int64_t right;
  };
  for (const Published& published :
       {Published{"burn_mnist_cnn.safetensors", 9917}, {"burn_mnist_cnn.pt", 9915}}) {
    CAPTURE(std::string(published.file));
    const std::string path = weights_of(published.file);
    if (path.empty()) continue;
    models::MnistCnn model;
    model.load_state_dict(io::load_tensors(path));
    const data::SetOptions options{.transform =
                                       data::Compose(data::ToTensor(), data::Normalize(0.1307, 0.3081))};
    data::DataLoader loader(data::mnist(data::Split::test, options), {.batch_size = 500});
    train::ConfusionMatrix confusion(10);
    const train::Measured measured =
        train::evaluate(train::classifier(model), loader, {.confusion = &confusion});
    CHECK(measured.count == 10000);
    CHECK(static_cast<int64_t>(measured.accuracy.value() * 10000 + 0.5) == published.right);
    CHECK(confusion.accuracy() == doctest::Approx(measured.accuracy.value()));
  }
}

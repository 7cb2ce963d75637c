// The stages from plain storage to a trained TinyViT, each with what it must reach. The judge is
// examples/pytorch/tinyvit_mnist_pytorch.py; tools/golden_tinyvit.py wrote what that computes.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "rushlight/data/data.h"
#include "rushlight/io/io.h"
#include "rushlight/models/mlp.h"
#include "rushlight/models/tiny_vit.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/fit.h"
#include "tests/base/temporary_folder.h"

using namespace rushlight;

namespace {

constexpr const char* kGolden = "tests/models/tinyvit.safetensors";  // seen from the repository's root

const NamedTensors& golden() {
  static const NamedTensors tensors = io::load_safetensors(kGolden).tensors;
  return tensors;
}
Tensor golden_tensor(const std::string& name) {
  const Tensor* found = find_tensor(golden(), name);
  REQUIRE(found != nullptr);
  return *found;
}
// Those whose names begin so, by the rest of their names.
NamedTensors golden_part(const std::string& prefix) {
  NamedTensors part;
  for (const NamedTensor& named : golden())
    if (named.name.starts_with(prefix)) part.push_back({named.name.substr(prefix.size()), named.tensor});
  return part;
}

double farthest(const Tensor& a, const Tensor& b) { return max(abs(a.detach() - b)).item<double>(); }

bool have_mnist() {
  for (const std::string& folder : data::data_folders())
    if (std::filesystem::exists(folder + "/mnist/train-images-idx3-ubyte.gz")) return true;
  MESSAGE("skipped: there is no MNIST here (rushlight data get mnist)");
  return false;
}

Tensor normalized(const Tensor& images) {
  return (images.unsqueeze(1).to(DType::float32) / 255.0 - 0.1307) / 0.3081;
}
Tensor mnist_images(data::Split split, int64_t count) {
  return normalized(data::mnist(split).images().select(1, 0).narrow(0, 0, count));
}
Tensor mnist_labels(data::Split split, int64_t count) {
  return data::mnist(split).labels().narrow(0, 0, count);
}

Tensor x_ref() { return mnist_images(data::Split::test, 1000).index_select(0, golden_tensor("x_ref")); }

models::TinyVit twin() {
  models::TinyVit model;
  model.load_state_dict(golden_part("weight."));
  return model;
}

double accuracy_of(models::TinyVit& model) {
  NoGrad guard;
  model.eval();
  train::Accuracy accuracy;
  accuracy.add(model(mnist_images(data::Split::test, 1000)), mnist_labels(data::Split::test, 1000));
  return accuracy.value();
}

// One epoch of the twin's batches, in the twin's order. The mean loss.
double train_epoch(models::TinyVit& model, optim::Optimizer& optimizer, const char* in_order = "order") {
  const Tensor images = mnist_images(data::Split::train, 2000),
               labels = mnist_labels(data::Split::train, 2000);
  const Tensor order = golden_tensor(in_order).to(DType::int64);
  model.train();
  train::Mean loss;
  for (int64_t first = 0; first < 2000; first += 64) {
    const Tensor batch = order.narrow(0, first, std::min<int64_t>(64, 2000 - first));
    optimizer.zero_grad();
    const Tensor wrong = cross_entropy(model(images.index_select(0, batch)), labels.index_select(0, batch));
    wrong.backward();
    optimizer.step();
    loss.add(wrong.item<double>(), batch.size(0));
  }
  return loss.value();
}

struct OnReference {
  OnReference() { set_backend("reference"); }
  ~OnReference() { set_backend("cpu"); }
};

}  // namespace

TEST_CASE("stage_03_storage_and_forward: plain loops compute the twin's logits") {
  if (!have_mnist()) return;
  const OnReference reference;
  NoGrad guard;
  CHECK(farthest(twin()(x_ref()), golden_tensor("logits")) < 1e-4);
}

TEST_CASE("stage_04_elementary_ops: sums, means and broadcasts on X_ref by plain loops") {
  if (!have_mnist()) return;
  const Tensor x = x_ref();
  const auto all = [&] {
    const Tensor column = x.mean({.dim = 3, .keepdim = true}), row = x.sum({.dim = 2, .keepdim = true});
    return std::vector<Tensor>{x + column, x * row - column, (x / (row.abs() + 1.0)).sum({.dim = {1, 2}}),
                               x.mean()};
  };
  const std::vector<Tensor> fast = all();
  const OnReference reference;
  const std::vector<Tensor> plain = all();
  for (size_t i = 0; i < fast.size(); ++i) CHECK(farthest(plain[i], fast[i]) < 1e-4);
  NoGrad guard;
  CHECK(farthest(twin()(x), golden_tensor("logits")) < 1e-4);
}

TEST_CASE("stage_05_autograd: the slope of x cubed beside finite differences") {
  for (double at : {-2.0, -0.5, 0.0, 1.5}) {
    const Tensor x = full({}, at, {.dtype = DType::float64}).requires_grad_();
    (x * x * x).backward();
    const auto cube = [](double v) { return v * v * v; };
    const double slope = (cube(at + 1e-4) - cube(at - 1e-4)) / 2e-4;
    CHECK(x.grad().item<double>() == doctest::Approx(slope).epsilon(1e-6));
  }
}

TEST_CASE("stage_06_layers: a tiny MLP learns XOR in less than 1,000 steps, with every seed") {
  const Tensor inputs = from_values<float>(std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Tensor labels = from_values<int64_t>(std::vector<int64_t>{0, 1, 1, 0}, 4);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    manual_seed(seed);
    models::Mlp model({.sizes = {2, 16, 2}, .activation = "tanh"});
    optim::AdamW optimizer(model.parameters(), {.lr = 0.03});
    int right = 0, step = 0;
    for (; step < 1000 && right < 4; ++step) {
      optimizer.zero_grad();
      const Tensor scores = model(inputs);
      cross_entropy(scores, labels).backward();
      optimizer.step();
      right = sum(argmax(scores, {.dim = 1}).eq(labels)).item<int>();
    }
    CHECK(right == 4);
    CHECK(step < 1000);
  }
}

TEST_CASE("stage_07_single_head_attention: forward and backward of a toy beside torch") {
  nn::MultiheadAttention attention(6, 1, {.batch_first = true});
  attention.load_state_dict(golden_part("toy.weight."));
  const Tensor x = golden_tensor("toy.x").clone().requires_grad_();
  const Tensor y = attention(x, x, x).output;
  square(y).sum().backward();
  CHECK(farthest(y, golden_tensor("toy.y")) < 1e-3);
  CHECK(farthest(x.grad(), golden_tensor("toy.grad.x")) < 1e-3);
  for (const NamedTensor& named : attention.named_parameters())
    CHECK(farthest(named.tensor.grad(), golden_tensor("toy.grad." + named.name)) < 1e-3);
}

TEST_CASE("stage_08_encoder_block: heads, residuals and norms on X_ref beside torch") {
  if (!have_mnist()) return;
  NoGrad guard;
  models::TinyVit model = twin();
  const Tensor words = model.patch_embed(x_ref().narrow(0, 0, 2)) + model.pos_embed;
  CHECK(farthest(model.blocks[0](words), golden_tensor("block")) < 1e-3);
}

TEST_CASE("stage_09_patches: 28 x 28 images as 49 words, without a convolution") {
  if (!have_mnist()) return;
  NoGrad guard;
  const Tensor words = twin().patch_embed(x_ref());
  CHECK(IntList(words.shape()) == IntList{32, 49, 64});
  CHECK(farthest(words.narrow(0, 0, 2), golden_tensor("patches")) < 1e-4);
}

TEST_CASE("stage_10_tinyvit_forward: the whole model's logits") {
  if (!have_mnist()) return;
  NoGrad guard;
  CHECK(farthest(twin()(x_ref()), golden_tensor("logits")) < 1e-3);
}

TEST_CASE("stage_11_sgd: one epoch of the subset; the loss falls, and all is as the twin's") {
  if (!have_mnist()) return;
  models::TinyVit model = twin();
  optim::SGD optimizer(model.parameters(), {.lr = 0.1});
  const double loss = train_epoch(model, optimizer);
  CHECK(loss < golden_tensor("loss").item<double>());
  CHECK(loss == doctest::Approx(golden_tensor("sgd.loss").item<double>()).epsilon(1e-3));
  NoGrad guard;
  CHECK(farthest(model(x_ref()), golden_tensor("sgd.logits")) < 2e-2);
  CHECK(std::abs(accuracy_of(model) - golden_tensor("sgd.accuracy").item<double>()) < 0.03);
}

TEST_CASE("stage_12_adamw: two epochs of the subset as the twin's" * doctest::test_suite("slow")) {
  if (!have_mnist()) return;
  models::TinyVit model = twin();
  optim::AdamW optimizer(model.parameters(), {.lr = 0.003});
  const double loss = train_epoch(model, optimizer);
  CHECK(loss == doctest::Approx(golden_tensor("adamw.loss").item<double>()).epsilon(1e-2));
  CHECK(std::abs(accuracy_of(model) - golden_tensor("adamw.accuracy").item<double>()) < 0.03);
  {
    NoGrad guard;
    CHECK(farthest(model(x_ref()), golden_tensor("adamw.logits")) < 0.1);
  }
  const double second = train_epoch(model, optimizer, "second_order");
  CHECK(second == doctest::Approx(golden_tensor("adamw.second_loss").item<double>()).epsilon(1e-2));
  CHECK(std::abs(accuracy_of(model) - golden_tensor("adamw.second_accuracy").item<double>()) < 0.03);
}

TEST_CASE("stage_13_mnist: its files are read by ourselves") {
  if (!have_mnist()) return;
  const data::ImageDataset train = data::mnist(data::Split::train), test = data::mnist(data::Split::test);
  CHECK(train.size() == 60000);
  CHECK(test.size() == 10000);
  CHECK(train.labels().narrow(0, 0, 5).to_vector<int64_t>() == std::vector<int64_t>{5, 0, 4, 1, 9});
  CHECK(IntList(train.images().shape()) == IntList{60000, 1, 28, 28});
}

TEST_CASE("stage_14_training_loop: fit() does what the loop by hand did") {
  if (!have_mnist()) return;
  manual_seed(0);
  models::TinyVit model;
  optim::AdamW optimizer(model.parameters(), {.lr = 0.003});
  data::DataLoader loader(
      data::TensorDataset(mnist_images(data::Split::train, 2000), mnist_labels(data::Split::train, 2000)),
      {.batch_size = 64, .shuffle = true, .seed = 1});
  const train::FitResult first =
      train::fit(train::classifier(model), optimizer, loader, {.epochs = 1, .progress = false});
  const train::FitResult second =
      train::fit(train::classifier(model), optimizer, loader, {.epochs = 1, .progress = false});
  CHECK(first.steps == 32);
  CHECK(second.training.loss < first.training.loss);
}

TEST_CASE("stage_15_weights: from torch and back, with equal logits") {
  if (!have_mnist()) return;
  NoGrad guard;
  models::TinyVit model = twin();
  const Tensor images = x_ref(), logits = model(images);
  const TemporaryFolder folder;
  io::save_json_weights(folder / "weights.json", model.state_dict());
  io::save_torch(folder / "weights.pt", model.state_dict());
  io::save_safetensors(folder / "weights.safetensors", model.state_dict());
  for (const char* name : {"weights.json", "weights.pt", "weights.safetensors"}) {
    CAPTURE(std::string(name));
    models::TinyVit other;
    other.load_state_dict(io::load_tensors(folder / name));
    CHECK(equal(other(images), logits));
  }
}

TEST_CASE("stage_16_gradients: of the whole model, beside torch") {
  if (!have_mnist()) return;
  models::TinyVit model = twin();
  const Tensor loss = cross_entropy(model(x_ref()), golden_tensor("y_ref"));
  loss.backward();
  CHECK(loss.item<double>() == doctest::Approx(golden_tensor("loss").item<double>()).epsilon(1e-5));
  for (const NamedTensor& named : model.named_parameters()) {
    CAPTURE(named.name);
    CHECK(farthest(named.tensor.grad(), golden_tensor("grad." + named.name)) < 1e-3);
  }
}

// Weights begin spread as PyTorch's documents say: by their mean, their deviation and their ends.
#include "rushlight/nn/init.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
namespace init = rushlight::nn::init;

namespace {

struct Spread {
  double mean, std, low, high;
};

Spread spread_of(const Tensor& tensor) {
  const std::vector<double> x = tensor.detach().to_vector<double>();
  double sum = 0, squares = 0;
  for (double v : x) sum += v;
  const double mean = sum / static_cast<double>(x.size());
  for (double v : x) squares += (v - mean) * (v - mean);
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  return {mean, std::sqrt(squares / static_cast<double>(x.size())), *low, *high};
}

// Every bound here is passed by chance once in a hundred thousand times or less, however many numbers there
// are: mean and deviation, the ends, which nothing may lie beyond and something must come near, and how far
// the sorted numbers stray from a straight line (Kolmogorov and Smirnov).
void check_uniform(const Tensor& tensor, double bound) {
  const Spread spread = spread_of(tensor);
  const auto count = static_cast<double>(tensor.numel());
  REQUIRE(count >= 100);
  const double std = bound / std::sqrt(3.0), last = bound * (1 - 24 / count);
  CHECK(std::abs(spread.mean) < 5 * std / std::sqrt(count));
  CHECK(spread.std == doctest::Approx(std).epsilon(2.3 / std::sqrt(count)));
  CHECK(spread.low >= -bound);
  CHECK(spread.high <= bound);
  CHECK(spread.low < -last);
  CHECK(spread.high > last);
  std::vector<double> sorted = tensor.detach().to_vector<double>();
  std::ranges::sort(sorted);
  double strays = 0;
  for (size_t i = 0; i < sorted.size(); ++i)
    strays = std::max(strays, std::abs((sorted[i] / bound + 1) / 2 - (static_cast<double>(i) + 0.5) / count));
  CHECK(strays < 2.5 / std::sqrt(count));
}

// All that a layer has to train.
void check_all_uniform(const nn::Module& layer, double bound) {
  for (const auto& [name, tensor] : layer.named_parameters()) {
    CAPTURE(name);
    check_uniform(tensor, bound);
  }
}

void check_constant(const Tensor& tensor, double value) {
  const Spread spread = spread_of(tensor);
  CHECK(spread.low == value);
  CHECK(spread.high == value);
}

void check_normal(const Tensor& tensor, double mean, double std) {
  const Spread spread = spread_of(tensor);
  CHECK(std::abs(spread.mean - mean) < 5 * std / std::sqrt(static_cast<double>(tensor.numel())));
  CHECK(spread.std == doctest::Approx(std).epsilon(0.03));
  CHECK(spread.high > mean + 2.5 * std);
}

Tensor memory(const IntList& shape) { return empty(shape, DType::float32); }

}  // namespace

TEST_CASE("init: distributions by their formulas") {
  manual_seed(1);
  const IntList conv{64, 32, 3, 3};  // 288 in, 576 out
  check_uniform(init::xavier_uniform_(memory(conv)), std::sqrt(6.0 / (288 + 576)));
  check_normal(init::xavier_normal_(memory(conv), 2), 0, 2 * std::sqrt(2.0 / (288 + 576)));
  check_uniform(init::kaiming_uniform_(memory(conv), {.a = std::sqrt(5.0)}), 1 / std::sqrt(288.0));
  check_normal(init::kaiming_normal_(memory(conv), {.mode = "fan_out", .nonlinearity = "relu"}), 0,
               std::sqrt(2.0 / 576));
  check_normal(init::normal_(memory({100, 200}), 3, 0.5), 3, 0.5);
  const Spread cut = spread_of(init::trunc_normal_(memory({100, 200}), 0, 1, -1, 2));
  CHECK(cut.low >= -1);
  CHECK(cut.high <= 2);
  CHECK(cut.mean == doctest::Approx(0.2296).epsilon(0.05));  // of a normal cut off there
  CHECK(spread_of(init::constant_(memory({3, 4}), 2)).std == 0);
}

// PyTorch fills weights by kaiming_uniform_ with a = sqrt(5) and biases within 1 / sqrt(fan_in), which is the
// same bound.
TEST_CASE("init: linear layers begin within 1 / sqrt(inputs)") {
  manual_seed(2);
  check_all_uniform(nn::Linear(256, 128), 1 / std::sqrt(256.0));
  check_all_uniform(nn::Bilinear(64, 16, 128), 1 / std::sqrt(64.0));  // of the first input
  check_all_uniform(nn::PatchEmbed(4, 3, 128), 1 / std::sqrt(3.0 * 4 * 4));
  CHECK(nn::Bilinear(3, 4, 5, {.bias = false}).named_parameters().size() == 1);
}

TEST_CASE("init: convolutions begin within 1 / sqrt(channels of a group * taps)") {
  manual_seed(3);
  check_all_uniform(nn::Conv1d(32, 128, 5), 1 / std::sqrt(32.0 * 5));
  check_all_uniform(nn::Conv2d(64, 128, 3, {.groups = 2}), 1 / std::sqrt(32.0 * 3 * 3));
  check_all_uniform(nn::Conv3d(4, 128, {3, 2, 1}), 1 / std::sqrt(4.0 * 3 * 2));
  // A transposed one has (in, out / groups, taps), and PyTorch counts what the second size says.
  check_all_uniform(nn::ConvTranspose1d(32, 128, 5), 1 / std::sqrt(128.0 * 5));
  check_all_uniform(nn::ConvTranspose2d(64, 128, 3, {.groups = 4}), 1 / std::sqrt(32.0 * 3 * 3));
  check_all_uniform(nn::ConvTranspose3d(4, 128, {3, 2, 1}), 1 / std::sqrt(128.0 * 3 * 2));
}

TEST_CASE("init: recurrent layers begin within 1 / sqrt(hidden), whatever they read") {
  manual_seed(4);
  const nn::RecurrentOptions deep{.num_layers = 2, .bidirectional = true};
  check_all_uniform(nn::RNN(30, 100), 0.1);
  check_all_uniform(nn::RNN(30, 100, deep), 0.1);
  check_all_uniform(nn::GRU(30, 100, deep), 0.1);
  check_all_uniform(nn::LSTM(30, 100, deep), 0.1);
  check_all_uniform(nn::RNNCell(30, 100), 0.1);
  check_all_uniform(nn::GRUCell(30, 100), 0.1);
  check_all_uniform(nn::LSTMCell(30, 100), 0.1);
}

TEST_CASE("init: tables begin normal, attention as Xavier says, and no two layers alike") {
  manual_seed(5);
  const nn::Embedding embedding(200, 100, {.padding_idx = -1});
  check_normal(embedding.weight.narrow(0, 0, 199), 0, 1);
  check_constant(embedding.weight.select(0, 199), 0);
  const nn::MultiheadAttention attention(64, 4);
  check_uniform(attention.in_proj_weight, std::sqrt(6.0 / (64 + 3 * 64)));
  check_constant(attention.in_proj_bias, 0);
  check_uniform(attention.out_proj.weight, 1 / std::sqrt(64.0));
  check_constant(attention.out_proj.bias, 0);
  CHECK_FALSE(equal(nn::Linear(3, 4).weight, nn::Linear(3, 4).weight));
}

TEST_CASE("init: norms begin as if they only brought numbers to mean 0 and variance 1") {
  const auto check = [](const nn::Module& norm, size_t parameters, size_t buffers) {
    CAPTURE(norm.to_string());
    CHECK(norm.named_parameters().size() == parameters);
    CHECK(norm.named_buffers().size() == buffers);
    for (const auto& [name, tensor] : norm.state_dict()) {
      CAPTURE(name);
      check_constant(tensor, name == "weight" || name == "running_var" ? 1 : 0);
    }
  };
  check(nn::BatchNorm1d(3), 2, 3);
  check(nn::BatchNorm2d(3), 2, 3);
  check(nn::BatchNorm3d(3), 2, 3);
  check(nn::BatchNorm2d(3, {.affine = false}), 0, 3);
  check(nn::InstanceNorm1d(3), 0, 0);
  check(nn::InstanceNorm2d(3, {.affine = true}), 2, 0);
  check(nn::InstanceNorm3d(3, {.affine = true, .track_running_stats = true}), 2, 3);
  check(nn::LayerNorm({3, 4}), 2, 0);
  check(nn::LayerNorm(3, {.bias = false}), 1, 0);
  check(nn::RMSNorm(3), 1, 0);
  check(nn::GroupNorm(2, 4), 2, 0);
  check_constant(nn::PReLU(5).weight, 0.25);
}

TEST_CASE("init: matrices of a special kind") {
  const Tensor tall = init::orthogonal_(memory({8, 3, 2}), 2).reshape({8, 6});
  CHECK(allclose(matmul(tall.t(), tall), eye(6) * 4.0, {.atol = 1e-5}));
  const Tensor wide = init::orthogonal_(memory({3, 8}));
  CHECK(allclose(matmul(wide, wide.t()), eye(3), {.atol = 1e-5}));
  CHECK(equal(init::eye_(memory({2, 3})), eye(2, {.m = 3})));

  const Tensor image = arange(2 * 3 * 5 * 5, {.dtype = DType::float32}).reshape({2, 3, 5, 5});
  CHECK(equal(conv2d(image, init::dirac_(memory({3, 3, 3, 3})), {.padding = 1}), image));

  const std::vector<float> sparse = init::sparse_(memory({10, 50}), 0.31).to_vector<float>();
  for (size_t column = 0; column < 50; ++column) {
    int zeros = 0;
    for (size_t row = 0; row < 10; ++row) zeros += sparse[row * 50 + column] == 0;
    CHECK(zeros == 4);
  }
}

TEST_CASE("init: the same generator gives the same weights, and wrong words are refused") {
  const auto made = [] { return init::normal_(memory({4, 4}), 0, 1, {.generator = Generator(7)}).clone(); };
  CHECK(equal(made(), made()));
  CHECK(init::calculate_gain("leaky_relu", 0.2) == doctest::Approx(std::sqrt(2 / 1.04)));
  CHECK(init::calculate_gain("tanh") == doctest::Approx(5.0 / 3));
  CHECK(fails_with(ErrorKind::value, {"gain", "rlu"}, [] { (void)init::calculate_gain("rlu"); }));
  CHECK(fails_with(ErrorKind::value, {"kaiming_normal_", "fan_on"},
                   [] { (void)init::kaiming_normal_(memory({2, 2}), {.mode = "fan_on"}); }));
  CHECK(fails_with(ErrorKind::value, {"(3,)"}, [] { (void)init::xavier_normal_(memory({3})); }));
  CHECK(fails_with(ErrorKind::value, {"sparsity"}, [] { (void)init::sparse_(memory({2, 2}), 2); }));
}

TEST_CASE("layers refuse what they can not be or take, in plain words") {
  using Words = std::initializer_list<const char*>;
  const auto refuses = [](Words words, auto make) { return fails_with(ErrorKind::value, words, make); };
  CHECK(refuses({"3 channels", "2 groups"}, [] { nn::Conv2d(3, 4, 3, {.groups = 2}); }));
  CHECK(refuses({"kernel_size", "(3, 3, 3)"}, [] { nn::Conv2d(3, 4, {3, 3, 3}); }));
  CHECK(refuses({"padding", "some"}, [] { nn::Conv2d(3, 4, 3, {.padding = "some"}); }));
  CHECK(refuses({"same", "stride 1"}, [] { nn::Conv2d(3, 4, 3, {.stride = 2, .padding = "same"}); }));
  CHECK(refuses({"padding_mode", "mirror"}, [] { nn::Conv2d(3, 4, 3, {.padding_mode = "mirror"}); }));
  CHECK(refuses({"5 features", "2 heads"}, [] { nn::MultiheadAttention(5, 2); }));
  CHECK(refuses({"5 channels", "2 groups"}, [] { nn::GroupNorm(2, 5); }));
  CHECK(refuses({"Dropout", "1.5"}, [] { nn::Dropout(1.5); }));
  CHECK(refuses({"padding_idx", "7"}, [] { nn::Embedding(5, 2, {.padding_idx = 7}); }));
  CHECK(refuses({"activation", "swish"}, [] { nn::TransformerEncoderLayer(4, 2, {.activation = "swish"}); }));
  CHECK(refuses({"at least one layer"}, [] { nn::LSTM(3, 4, {.num_layers = 0}); }));
  CHECK(refuses({"BatchNorm2d", "3", "(2, 4, 5, 5)"},
                [] { (void)nn::BatchNorm2d(3)(full({2, 4, 5, 5}, 1.0)); }));
  CHECK(refuses({"LSTM", "(5, 2, 7)"}, [] { (void)nn::LSTM(3, 4)(full({5, 2, 7}, 1.0)); }));
  CHECK(refuses({"hidden state", "(1, 2, 4)", "(1, 9, 4)"},
                [] { (void)nn::GRU(3, 4)(full({5, 2, 3}, 1.0), full({1, 9, 4}, 0.0)); }));
  CHECK(refuses({"PatchEmbed", "multiples of 4"},
                [] { (void)nn::PatchEmbed(4, 1, 8)(full({1, 1, 27, 28}, 0.0)); }));
}

TEST_CASE("attention looks where masks let it, with and without its weights") {
  manual_seed(3);
  nn::MultiheadAttention attention(8, 2, {.batch_first = true});
  const Tensor x = randn({2, 5, 8});
  const nn::AttentionResult whole = attention(x, x, x, nn::AttentionCall{.need_weights = true});
  CHECK(allclose(whole.output, attention(x, x, x).output, {.atol = 1e-6}));
  CHECK(allclose(whole.weights.sum({.dim = -1}), full({2, 5}, 1.0)));

  const Tensor mask = nn::generate_square_subsequent_mask(5);
  const Tensor causal = attention(x, x, x, nn::AttentionCall{.is_causal = true}).output;
  CHECK(allclose(causal, attention(x, x, x, nn::AttentionCall{.attn_mask = mask}).output, {.atol = 1e-6}));
  CHECK(allclose(causal,
                 attention(x, x, x, nn::AttentionCall{.need_weights = true, .is_causal = true}).output,
                 {.atol = 1e-6}));
  CHECK(allclose(causal.select(1, 0),
                 attention(x.narrow(1, 0, 1), x.narrow(1, 0, 1), x.narrow(1, 0, 1)).output.select(1, 0),
                 {.atol = 1e-6}));

  const Tensor padding = arange(10).remainder(5).ge(3).reshape({2, 5});
  const Tensor some = x.narrow(1, 0, 3);
  CHECK(allclose(attention(x, x, x, nn::AttentionCall{.key_padding_mask = padding}).output.narrow(1, 0, 3),
                 attention(some, some, some).output, {.atol = 1e-6}));
}

// Every layer computes what PyTorch's computes of the same weights, and has the same names for them; so do
// its gradients. tools/golden_layers.py wrote what that is.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

struct Golden {
  std::vector<std::string> names;
  std::vector<double> digests;
};
const std::map<std::string, Golden> kGoldens = {
#include "tests/nn/layers.inc"
};

Tensor scattered(IntSpan shape, uint32_t state) {
  Tensor numbers = empty(IntList(shape), DType::float64);
  for (double& v : numbers.span<double>())
    v = static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0;
  return numbers;
}

double digest(const Tensor& tensor) {
  return sum(tensor.detach().to(DType::float64) * scattered(tensor.shape(), 99)).item<double>();
}

void fill(const nn::Module& module) {
  NoGrad guard;
  uint32_t i = 0;
  for (const NamedTensor& named : module.state_dict()) {
    const uint32_t state = 1000 + i++;
    if (!named.tensor.is_floating_point()) continue;
    const double shift = named.name.find("var") == std::string::npos ? 0.5 : 0;
    named.tensor.copy_(scattered(named.tensor.shape(), state) - shift);
  }
}

// -- inputs, the i-th of a layer

Tensor uniform(const IntList& shape, uint32_t i) { return (scattered(shape, 10 + i) - 0.5).requires_grad_(); }
Tensor positive(uint32_t i) { return scattered(IntList{4, 5}, 20 + i).requires_grad_(i == 0); }
Tensor signs(uint32_t i) { return sign(scattered(IntList{4, 5}, 20 + i) - 0.5); }
Tensor words(const IntList& shape, int64_t count) {
  return (scattered(shape, 5) * static_cast<double>(count)).to(DType::int64);
}
Tensor whole(std::vector<int64_t> numbers) {
  return from_values<int64_t>(numbers, static_cast<int64_t>(numbers.size()));
}

// -- the first tensor of whatever a layer returns

const Tensor& first_of(const Tensor& output) { return output; }
template <class Result>
const Tensor& first_of(const Result& result) {
  if constexpr (requires { result.output; })
    return result.output;
  else
    return result.hidden;
}

std::vector<double> digests_of(nn::Module& module, const std::function<Tensor()>& run,
                               const std::vector<Tensor>& inputs) {
  const Tensor output = run();
  sum(output * scattered(output.shape(), 7)).backward();
  std::vector<double> digests{digest(output)};
  for (const Tensor& x : inputs)
    if (x.requires_grad()) digests.push_back(digest(x.grad()));
  for (const Tensor& p : module.parameters()) digests.push_back(digest(p.grad()));
  for (const Tensor& b : module.buffers()) digests.push_back(digest(b));
  return digests;
}

int checked = 0;

// As `module` is, or set for evaluation.
template <class Layer, class... Inputs>
void check_layer(const char* name, Layer module, const Inputs&... inputs) {
  CAPTURE(std::string(name));
  const Golden& golden = kGoldens.at(name);
  module.to(DType::float64);
  fill(module);
  std::vector<std::string> names;
  for (const NamedTensor& named : module.state_dict()) names.push_back(named.name);
  CHECK(names == golden.names);
  const std::vector<double> digests =
      digests_of(module, [&] { return first_of(module(inputs...)); }, {inputs...});
  REQUIRE(digests.size() == golden.digests.size());
  for (size_t i = 0; i < digests.size(); ++i) {
    CAPTURE(i);
    // Not closer: some constants of PyTorch's (1/6 in hardsigmoid) are float32 even where the numbers are
    // float64.
    CHECK(digests[i] == doctest::Approx(golden.digests[i]).epsilon(1e-7).scale(1e-3));
  }
  ++checked;
}

template <class Layer>
Layer evaluated(Layer module) {
  module.eval();
  return module;
}

}  // namespace

TEST_CASE("layers compute what PyTorch's do") {
  checked = 0;
  const auto same = [] { return uniform({4, 5}, 0); };

  check_layer("linear", nn::Linear(3, 4), uniform({5, 3}, 0));
  check_layer("linear_no_bias", nn::Linear(3, 4, {.bias = false}), uniform({2, 5, 3}, 0));
  check_layer("bilinear", nn::Bilinear(3, 2, 4), uniform({5, 3}, 0), uniform({5, 2}, 1));
  check_layer("embedding", nn::Embedding(7, 3, {.padding_idx = 2}), words({4, 5}, 7));
  check_layer("embedding_max_norm", nn::Embedding(7, 3, {.max_norm = 0.4, .norm_type = 1}), words({4, 5}, 7));
  check_layer("flatten", nn::Flatten(2), uniform({2, 3, 4, 5}, 0));
  check_layer("unflatten", nn::Unflatten(1, {2, 3}), uniform({4, 6}, 0));
  check_layer("identity", nn::Identity(), same());
  check_layer("dropout_none", nn::Dropout(0), same());

  check_layer("conv1d", nn::Conv1d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2}), uniform({2, 4, 9}, 0));
  check_layer("conv2d", nn::Conv2d(3, 5, {3, 2}, {.padding = {2, 1}, .dilation = {1, 2}, .bias = false}),
              uniform({2, 3, 6, 7}, 0));
  check_layer("conv2d_same", nn::Conv2d(3, 4, 4, {.padding = "same"}), uniform({2, 3, 6, 7}, 0));
  check_layer("conv2d_reflect", nn::Conv2d(3, 4, 3, {.padding = 2, .padding_mode = "reflect"}),
              uniform({2, 3, 6, 7}, 0));
  check_layer("conv2d_circular", nn::Conv2d(3, 4, 3, {.padding = "same", .padding_mode = "circular"}),
              uniform({2, 3, 6, 7}, 0));
  check_layer("conv3d", nn::Conv3d(2, 3, 2), uniform({2, 2, 3, 4, 5}, 0));
  check_layer("conv_transpose1d",
              nn::ConvTranspose1d(4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2}),
              uniform({2, 4, 5}, 0));
  check_layer("conv_transpose2d", nn::ConvTranspose2d(3, 5, 3, {.stride = {2, 1}, .bias = false}),
              uniform({2, 3, 4, 5}, 0));
  check_layer("conv_transpose3d", nn::ConvTranspose3d(2, 3, 2, {.dilation = 2}), uniform({1, 2, 3, 4, 3}, 0));

  check_layer("max_pool1d", nn::MaxPool1d(3, {.padding = 1}), uniform({2, 3, 10}, 0));
  check_layer("max_pool2d", nn::MaxPool2d(3, {.stride = 2, .padding = 1, .ceil_mode = true}),
              uniform({2, 3, 6, 7}, 0));
  check_layer("max_pool3d", nn::MaxPool3d(2), uniform({1, 2, 4, 4, 6}, 0));
  check_layer("avg_pool1d", nn::AvgPool1d(2), uniform({2, 3, 8}, 0));
  check_layer("avg_pool2d", nn::AvgPool2d(3, {.stride = 2, .padding = 1, .count_include_pad = false}),
              uniform({2, 3, 6, 7}, 0));
  check_layer("avg_pool3d", nn::AvgPool3d(2), uniform({1, 2, 4, 4, 6}, 0));
  check_layer("adaptive_max_pool1d", nn::AdaptiveMaxPool1d(3), uniform({2, 3, 8}, 0));
  check_layer("adaptive_max_pool2d", nn::AdaptiveMaxPool2d({2, 3}), uniform({2, 3, 6, 7}, 0));
  check_layer("adaptive_max_pool3d", nn::AdaptiveMaxPool3d(2), uniform({1, 2, 4, 5, 6}, 0));
  check_layer("adaptive_avg_pool1d", nn::AdaptiveAvgPool1d(3), uniform({2, 3, 8}, 0));
  check_layer("adaptive_avg_pool2d", nn::AdaptiveAvgPool2d(1), uniform({2, 3, 6, 7}, 0));
  check_layer("adaptive_avg_pool3d", nn::AdaptiveAvgPool3d(2), uniform({1, 2, 4, 5, 6}, 0));
  check_layer("lp_pool1d", nn::LPPool1d(4, 2, {.stride = 1}), uniform({2, 3, 8}, 0));
  check_layer("lp_pool2d", nn::LPPool2d(2, 3), uniform({2, 3, 6, 7}, 0));
  check_layer("max_unpool2d", nn::MaxUnpool2d(2), uniform({2, 3, 2, 2}, 0),
              whole({0, 3, 9, 14}).reshape({1, 1, 2, 2}).expand({2, 3, 2, 2}));
  check_layer("zero_pad1d", nn::ZeroPad1d(2), uniform({2, 3, 4}, 0));
  check_layer("constant_pad3d", nn::ConstantPad3d({1, 0, 2, 1, 0, 1}, 0.5), uniform({2, 2, 3, 3, 2}, 0));
  check_layer("reflection_pad2d", nn::ReflectionPad2d({1, 2, 0, 1}), uniform({2, 3, 4, 5}, 0));
  check_layer("replication_pad2d", nn::ReplicationPad2d(1), uniform({2, 3, 4, 5}, 0));
  check_layer("circular_pad1d", nn::CircularPad1d({2, 1}), uniform({2, 3, 4}, 0));
  check_layer("pixel_shuffle", nn::PixelShuffle(2), uniform({2, 8, 3, 4}, 0));
  check_layer("pixel_unshuffle", nn::PixelUnshuffle(2), uniform({2, 3, 4, 6}, 0));
  check_layer("channel_shuffle", nn::ChannelShuffle(3), uniform({2, 6, 4}, 0));
  check_layer("unfold", nn::Unfold({2, 3}, {.padding = 1, .stride = 2}), uniform({2, 3, 4, 5}, 0));
  check_layer("fold", nn::Fold({4, 5}, 2), uniform({2, 8, 12}, 0));
  check_layer("upsample", nn::Upsample({.scale_factor = 2, .mode = "bilinear"}), uniform({2, 3, 4, 5}, 0));

  check_layer("batch_norm1d", nn::BatchNorm1d(3), uniform({5, 3}, 0));
  check_layer("batch_norm1d_length", nn::BatchNorm1d(3, {.momentum = {}}), uniform({5, 3, 4}, 0));
  check_layer("batch_norm2d", nn::BatchNorm2d(3, {.eps = 0.1, .momentum = 0.3}), uniform({4, 3, 5, 6}, 0));
  check_layer("batch_norm2d_eval", evaluated(nn::BatchNorm2d(3)), uniform({4, 3, 5, 6}, 0));
  check_layer("batch_norm3d", nn::BatchNorm3d(2, {.affine = false, .track_running_stats = false}),
              uniform({3, 2, 2, 3, 4}, 0));
  check_layer("instance_norm1d", nn::InstanceNorm1d(3), uniform({4, 3, 5}, 0));
  const nn::InstanceNormOptions tracking{.affine = true, .track_running_stats = true};
  check_layer("instance_norm2d", nn::InstanceNorm2d(3, tracking), uniform({4, 3, 5, 6}, 0));
  check_layer("instance_norm2d_eval", evaluated(nn::InstanceNorm2d(3, tracking)), uniform({4, 3, 5, 6}, 0));
  check_layer("instance_norm3d", nn::InstanceNorm3d(2), uniform({2, 2, 2, 3, 4}, 0));
  check_layer("layer_norm", nn::LayerNorm({3, 4}), uniform({5, 3, 4}, 0));
  check_layer("layer_norm_no_bias", nn::LayerNorm(4, {.eps = 0.1, .bias = false}), uniform({5, 4}, 0));
  check_layer("rms_norm", nn::RMSNorm(4), uniform({5, 4}, 0));
  check_layer("group_norm", nn::GroupNorm(2, 6), uniform({3, 6, 4}, 0));
  check_layer("group_norm_no_bias", nn::GroupNorm(2, 6, {.bias = false}), uniform({3, 6, 4}, 0));
  check_layer("batch_norm1d_no_bias", nn::BatchNorm1d(3, {.bias = false}), uniform({5, 3}, 0));
  check_layer("local_response_norm", nn::LocalResponseNorm(3, {.alpha = 0.5, .beta = 0.6, .k = 0.7}),
              uniform({2, 5, 3, 4}, 0));
  check_layer("local_response_norm_even", nn::LocalResponseNorm(2), uniform({2, 5, 3}, 0));

  check_layer("relu", nn::ReLU(), same());
  check_layer("relu6", nn::ReLU6(), same());
  check_layer("selu", nn::SELU(), same());
  check_layer("silu", nn::SiLU(), same());
  check_layer("mish", nn::Mish(), same());
  check_layer("sigmoid", nn::Sigmoid(), same());
  check_layer("log_sigmoid", nn::LogSigmoid(), same());
  check_layer("hardsigmoid", nn::Hardsigmoid(), same());
  check_layer("hardswish", nn::Hardswish(), same());
  check_layer("tanh", nn::Tanh(), same());
  check_layer("tanhshrink", nn::Tanhshrink(), same());
  check_layer("softsign", nn::Softsign(), same());
  check_layer("leaky_relu", nn::LeakyReLU({.negative_slope = 0.2}), same());
  check_layer("elu", nn::ELU({.alpha = 0.5}), same());
  check_layer("celu", nn::CELU({.alpha = 0.5}), same());
  check_layer("softplus", nn::Softplus({.beta = 2, .threshold = 1}), same());
  check_layer("hardtanh", nn::Hardtanh({.min_val = -0.25, .max_val = 0.25}), same());
  check_layer("softshrink", nn::Softshrink({.lambd = 0.25}), same());
  check_layer("hardshrink", nn::Hardshrink({.lambd = 0.25}), same());
  check_layer("glu", nn::GLU({.dim = 1}), uniform({4, 6}, 0));
  check_layer("gelu", nn::GELU(), same());
  check_layer("gelu_tanh", nn::GELU("tanh"), same());
  check_layer("threshold", nn::Threshold(0.1, 0.5), same());
  check_layer("prelu", nn::PReLU(3), uniform({4, 3}, 0));
  check_layer("softmax", nn::Softmax(1), same());
  check_layer("log_softmax", nn::LogSoftmax(0), same());
  check_layer("softmax2d", nn::Softmax2d(), uniform({2, 3, 4, 5}, 0));
  check_layer("rrelu_eval", evaluated(nn::RReLU(0.1, 0.5)), same());
  check_layer("cosine_similarity", nn::CosineSimilarity({.dim = 0}), same(), uniform({4, 5}, 1));
  check_layer("pairwise_distance", nn::PairwiseDistance({.p = 3, .keepdim = true}), same(),
              uniform({4, 5}, 1));
  check_layer("softmin", nn::Softmin(1), same());

  const Tensor time = uniform({5, 3, 6}, 0), keys = uniform({5, 3, 6}, 1), values = uniform({5, 3, 6}, 2);
  check_layer("attention", nn::MultiheadAttention(6, 2), time, keys, values);
  check_layer("attention_batch_first", nn::MultiheadAttention(6, 3, {.bias = false, .batch_first = true}),
              uniform({3, 4, 6}, 0), uniform({3, 5, 6}, 1), uniform({3, 5, 6}, 2));
  check_layer("attention_other_features", nn::MultiheadAttention(6, 2, {.kdim = 5, .vdim = 7}),
              uniform({5, 3, 6}, 0), uniform({4, 3, 5}, 1), uniform({4, 3, 7}, 2));
  check_layer("attention_unbatched", nn::MultiheadAttention(6, 2), uniform({5, 6}, 0), uniform({4, 6}, 1),
              uniform({4, 6}, 2));
  const nn::TransformerOptions last{.dim_feedforward = 8, .dropout = 0};
  const nn::TransformerOptions first{
      .dim_feedforward = 8, .dropout = 0, .batch_first = true, .norm_first = true};
  nn::TransformerOptions gelus = first;
  gelus.activation = "gelu";
  check_layer("encoder_layer", nn::TransformerEncoderLayer(6, 2, last), uniform({5, 3, 6}, 0));
  check_layer("encoder_layer_norm_first", nn::TransformerEncoderLayer(6, 2, gelus), uniform({3, 5, 6}, 0));
  check_layer("encoder", nn::TransformerEncoder(nn::TransformerEncoderLayer(6, 2, last), 2, nn::LayerNorm(6)),
              uniform({5, 3, 6}, 0));
  check_layer("decoder_layer", nn::TransformerDecoderLayer(6, 2, last), uniform({5, 3, 6}, 0),
              uniform({4, 3, 6}, 1));
  check_layer("decoder_norm_first", nn::TransformerDecoder(nn::TransformerDecoderLayer(6, 2, first), 2),
              uniform({3, 5, 6}, 0), uniform({3, 4, 6}, 1));

  check_layer("rnn", nn::RNN(3, 4, {.num_layers = 2, .nonlinearity = "relu"}), uniform({5, 2, 3}, 0));
  check_layer("rnn_tanh", nn::RNN(3, 4, {.bias = false, .batch_first = true}), uniform({2, 5, 3}, 0));
  check_layer("gru", nn::GRU(3, 4, {.bidirectional = true}), uniform({5, 2, 3}, 0));
  check_layer("lstm", nn::LSTM(3, 4, {.num_layers = 2, .batch_first = true, .bidirectional = true}),
              uniform({2, 5, 3}, 0));
  check_layer("lstm_unbatched", nn::LSTM(3, 4), uniform({5, 3}, 0));
  check_layer("rnn_cell", nn::RNNCell(3, 4), uniform({2, 3}, 0));
  check_layer("gru_cell", nn::GRUCell(3, 4), uniform({2, 3}, 0), uniform({2, 4}, 1));
  check_layer("lstm_cell", nn::LSTMCell(3, 4, {.bias = false}), uniform({2, 3}, 0));

  const auto other = [](uint32_t i) { return uniform({4, 5}, i); };
  const Tensor labels = whole({0, 3, 4, 1});
  check_layer("mse_loss", nn::MSELoss(), other(0), other(1));
  check_layer("l1_loss", nn::L1Loss({.reduction = "sum"}), other(0), other(1));
  check_layer("smooth_l1_loss", nn::SmoothL1Loss({.beta = 0.2}), other(0), other(1));
  check_layer("huber_loss", nn::HuberLoss({.delta = 0.2}), other(0), other(1));
  check_layer("cross_entropy_loss", nn::CrossEntropyLoss({.label_smoothing = 0.1}), other(0), labels);
  check_layer("nll_loss", nn::NLLLoss({.ignore_index = 3}), other(0), labels);
  check_layer("bce_loss", nn::BCELoss(), positive(0), positive(1));
  check_layer("bce_with_logits_loss", nn::BCEWithLogitsLoss({.reduction = "sum"}), other(0), positive(1));
  check_layer("kl_div_loss", nn::KLDivLoss({.reduction = "batchmean"}), other(0), positive(1));
  check_layer("soft_margin_loss", nn::SoftMarginLoss(), other(0), signs(1));
  check_layer("hinge_embedding_loss", nn::HingeEmbeddingLoss({.margin = 0.5}), other(0), signs(1));
  check_layer("margin_ranking_loss", nn::MarginRankingLoss({.margin = 0.2}), other(0), other(1), signs(2));
  const Tensor several_labels =
      whole({3, 0, -1, 1, 2, 4, -1, 0, 0, 0, -1, 1, 2, 3, 4, 0, 1, 2, 3, 4}).reshape({4, 5});
  const Tensor ones = full(5, 1.0);
  check_layer("cross_entropy_loss_weight", nn::CrossEntropyLoss({.weight = ones}), other(0), labels);
  check_layer("nll_loss_weight", nn::NLLLoss({.weight = ones, .reduction = "sum"}), other(0), labels);
  check_layer("bce_loss_weight", nn::BCELoss({.weight = ones}), positive(0), positive(1));
  check_layer("bce_with_logits_loss_weight", nn::BCEWithLogitsLoss({.weight = ones, .pos_weight = ones}),
              other(0), positive(1));
  check_layer("poisson_nll_loss", nn::PoissonNLLLoss({.full = true}), other(0),
              arange(20, {.dtype = DType::float64}).reshape({4, 5}) / 4);
  check_layer("poisson_nll_loss_plain",
              nn::PoissonNLLLoss({.log_input = false, .eps = 0.1, .reduction = "sum"}), positive(0),
              positive(1));
  check_layer("gaussian_nll_loss", nn::GaussianNLLLoss({.full = true, .eps = 0.1}), other(0), other(1),
              clamp_min(scattered(IntList{4, 1}, 22) - 0.2, 0).requires_grad_());
  check_layer("gaussian_nll_loss_each", nn::GaussianNLLLoss({.reduction = "sum"}), other(0), other(1),
              positive(2));
  check_layer("multi_margin_loss", nn::MultiMarginLoss(), other(0), labels);
  check_layer("multi_margin_loss_weight",
              nn::MultiMarginLoss({.p = 2, .margin = 0.7, .weight = ones, .reduction = "sum"}), other(0),
              labels);
  check_layer("multi_label_margin_loss", nn::MultiLabelMarginLoss(), other(0), several_labels);
  check_layer("multi_label_soft_margin_loss", nn::MultiLabelSoftMarginLoss({.weight = ones}), other(0),
              positive(1));
  check_layer("cosine_embedding_loss", nn::CosineEmbeddingLoss({.margin = 0.1}), other(0), other(1),
              whole({1, -1, 1, -1}));
  check_layer("triplet_margin_loss", nn::TripletMarginLoss({.margin = 0.7}), other(0), other(1), other(2));

  CHECK(checked == static_cast<int>(kGoldens.size()));
}

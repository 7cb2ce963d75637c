// What layers say of themselves, what they keep, and what they refuse.
#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

TEST_CASE("layers print their options as PyTorch's do") {
  const auto prints = [](const nn::Module& module, const char* text) { CHECK(module.to_string() == text); };
  prints(nn::MaxPool1d(3), "MaxPool1d(kernel_size=3, stride=3, padding=0, dilation=1, ceil_mode=False)");
  prints(nn::MaxPool2d({3, 2}, {.stride = 2, .padding = 1, .ceil_mode = true}),
         "MaxPool2d(kernel_size=(3, 2), stride=2, padding=1, dilation=1, ceil_mode=True)");
  prints(nn::AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))");
  prints(nn::AvgPool2d(3), "AvgPool2d(kernel_size=3, stride=3, padding=0)");
  prints(nn::AvgPool3d(2, {.padding = {0, 0, 1}}), "AvgPool3d(kernel_size=2, stride=2, padding=(0, 0, 1))");
  prints(nn::LPPool1d(1.5, 3, {.stride = 2}),
         "LPPool1d(norm_type=1.5, kernel_size=3, stride=2, ceil_mode=False)");
  prints(nn::LPPool2d(1.5, 3), "LPPool2d(norm_type=1.5, kernel_size=3, stride=None, ceil_mode=False)");
  prints(nn::AdaptiveAvgPool2d(1), "AdaptiveAvgPool2d(output_size=1)");
  prints(nn::AdaptiveAvgPool2d({1, 2}), "AdaptiveAvgPool2d(output_size=(1, 2))");
  prints(nn::MaxUnpool1d(3, {.stride = 2, .padding = 1}),
         "MaxUnpool1d(kernel_size=(3,), stride=(2,), padding=(1,))");
  prints(nn::MaxUnpool2d(2), "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))");
  prints(nn::Upsample({.scale_factor = 2}), "Upsample(scale_factor=2.0, mode='nearest')");
  prints(nn::Upsample({.scale_factor = {2, 3.5}}), "Upsample(scale_factor=(2.0, 3.5), mode='nearest')");
  prints(nn::Upsample({.size = {3, 4}, .mode = "bilinear"}), "Upsample(size=(3, 4), mode='bilinear')");
  prints(nn::ZeroPad2d(1), "ZeroPad2d((1, 1, 1, 1))");
  prints(nn::ConstantPad1d(2, 3.5), "ConstantPad1d(padding=(2, 2), value=3.5)");
  prints(nn::PixelShuffle(2), "PixelShuffle(upscale_factor=2)");
  prints(nn::PixelUnshuffle(2), "PixelUnshuffle(downscale_factor=2)");
  prints(nn::ChannelShuffle(2), "ChannelShuffle(groups=2)");
  prints(nn::Unfold({2, 3}, {.padding = 1}), "Unfold(kernel_size=(2, 3), dilation=1, padding=1, stride=1)");
  prints(nn::Fold({4, 5}, 2), "Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=0, stride=1)");

  prints(nn::BatchNorm2d(4, {.momentum = {}, .affine = false}),
         "BatchNorm2d(4, eps=1e-05, momentum=None, affine=False, bias=False, track_running_stats=True)");
  prints(nn::InstanceNorm2d(3),
         "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)");
  prints(nn::LayerNorm({4, 3}, {.bias = false}),
         "LayerNorm((4, 3), eps=1e-05, elementwise_affine=True, bias=False)");
  prints(nn::GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)");
  prints(nn::LocalResponseNorm(2, {.alpha = 0.5}), "LocalResponseNorm(2, alpha=0.5, beta=0.75, k=1.0)");
  prints(nn::Softmax2d(), "Softmax2d()");
  prints(nn::RReLU(), "RReLU(lower=0.125, upper=0.3333333333333333)");
  prints(nn::CosineSimilarity(), "CosineSimilarity()");
  prints(nn::HuberLoss(), "HuberLoss()");
  prints(nn::CrossEntropyLoss(), "CrossEntropyLoss()");
  prints(nn::MultiMarginLoss(), "MultiMarginLoss()");

  prints(nn::Embedding(3, 4, {.padding_idx = -1, .max_norm = 1, .norm_type = 3}),
         "Embedding(3, 4, padding_idx=2, max_norm=1.0, norm_type=3.0)");
  prints(nn::RNNCell(3, 4, {.bias = false, .nonlinearity = "relu"}),
         "RNNCell(3, 4, bias=False, nonlinearity=relu)");
  prints(nn::GRUCell(3, 4), "GRUCell(3, 4)");
  nn::ModuleList<nn::Sequential> list;
  for (double p : {0.1, 0.1, 0.5}) list.push_back(nn::Sequential(nn::Dropout(p)));
  prints(list,
         "ModuleList(\n"
         "  (0-1): 2 x Sequential(\n"
         "    (0): Dropout(p=0.1)\n"
         "  )\n"
         "  (2): Sequential(\n"
         "    (0): Dropout(p=0.5)\n"
         "  )\n"
         ")");
}

TEST_CASE("the weights of a loss are part of its state, and its own") {
  const Tensor weight = arange(3, {.dtype = DType::float32});
  const nn::CrossEntropyLoss loss({.weight = weight, .reduction = "sum"});
  CHECK(loss.state_dict().size() == 1);
  CHECK(equal(*find_tensor(loss.state_dict(), "weight"), weight));
  CHECK(loss.parameters().empty());
  nn::CrossEntropyLoss copy = loss;
  copy.to(DType::float64);
  copy.weight.fill_(1.0);
  CHECK(weight.dtype() == DType::float32);
  CHECK(equal(loss.weight, weight));
  const Tensor logits = full({1, 3}, 0.0, {.dtype = DType::float64}), label = full(1, 0);
  CHECK(copy(logits, label).item<double>() == doctest::Approx(std::log(3)));
  CHECK(loss(logits, label).item<double>() == 0);
  nn::MultiMarginLoss margin({.weight = weight});
  margin.to(DType::float64);
  CHECK(weight.dtype() == DType::float32);
  CHECK(nn::BCELoss().state_dict().empty());
}

TEST_CASE("losses refuse what makes no sense") {
  const Tensor x = full({2, 3}, 0.5);
  CHECK(fails_with(ErrorKind::value, {"PoissonNLLLoss", "average"},
                   [&] { (void)nn::PoissonNLLLoss({.reduction = "average"})(x, x); }));
  CHECK(fails_with(ErrorKind::value, {"GaussianNLLLoss", "(2, 3)", "(3,)"},
                   [&] { (void)nn::GaussianNLLLoss()(x, x, full(3, 1.0)); }));
  CHECK(nn::GaussianNLLLoss()(x, x, full(2, 1.0)).item<double>() == 0);
  const Tensor none = full(2, 0.0);
  CHECK(nn::GaussianNLLLoss({.eps = 1})(x, x, none).item<double>() == 0);
  CHECK(equal(none, full(2, 0.0)));
  CHECK(fails_with(ErrorKind::value, {"MultiMarginLoss", "p", "3"}, [&] { nn::MultiMarginLoss({.p = 3}); }));
  CHECK(fails_with(ErrorKind::value, {"MultiMarginLoss", "(2, 3)"},
                   [&] { (void)nn::MultiMarginLoss()(x, x); }));
  CHECK(fails_with(ErrorKind::value, {"MultiLabelMarginLoss", "(3,)"},
                   [&] { (void)nn::MultiLabelMarginLoss()(x, full(3, 0)); }));
  const Tensor row = full(3, 0.0);
  CHECK(nn::MultiMarginLoss({.reduction = "none"})(row, full({}, 1)).shape().empty());
  CHECK(nn::MultiMarginLoss()(row, full({}, 1)).item<double>() == doctest::Approx(2.0 / 3));
}

TEST_CASE("a group norm of single numbers is refused, as its result is always its bias") {
  nn::GroupNorm norm(4, 4);
  CHECK(fails_with(ErrorKind::value, {"GroupNorm", "4 groups", "(1, 4)"},
                   [&] { (void)norm(full({1, 4}, 1.0)); }));
  norm.eval();
  CHECK(fails_with(ErrorKind::value, {"GroupNorm"}, [&] { (void)norm(full({1, 4, 1, 1}, 1.0)); }));
  for (const IntList& shape : {IntList{2, 4}, IntList{1, 4, 2}, IntList{0, 4}})
    CHECK(std::ranges::equal(norm(full(shape, 1.0)).shape(), shape));
}

TEST_CASE("embeddings of rows that are there") {
  const Tensor rows = arange(6, {.dtype = DType::float32}).reshape({3, 2});
  nn::Embedding frozen = nn::Embedding::from_pretrained(rows);
  CHECK(frozen.weight.shares_storage(rows));
  CHECK_FALSE(frozen.weight.requires_grad());
  CHECK(equal(frozen(full(1, 2)), rows.narrow(0, 2, 1)));
  CHECK(frozen.named_parameters().size() == 1);
  nn::Embedding trained =
      nn::Embedding::from_pretrained(rows, {.freeze = false, .embedding = {.padding_idx = -1}});
  CHECK(trained.weight.requires_grad());
  CHECK_FALSE(rows.requires_grad());
  trained(arange(3)).sum().backward();
  CHECK(equal(trained.weight.grad().select(0, 2), full(2, 0.0)));
  CHECK(fails_with(ErrorKind::value, {"Embedding", "(2,)"},
                   [&] { (void)nn::Embedding::from_pretrained(full(2, 1.0)); }));
  CHECK(fails_with(ErrorKind::value, {"padding_idx", "5", "3"},
                   [&] { nn::Embedding(3, 2, {.padding_idx = 5}); }));
}

TEST_CASE("rows of an embedding that are looked up are cut to their largest norm, the others left") {
  nn::Embedding table = nn::Embedding::from_pretrained(full({3, 4}, 1.0), {.embedding = {.max_norm = 1}});
  CHECK(allclose(table(full({2, 2}, 1)), full({2, 2, 4}, 0.5)));
  CHECK(allclose(table.weight.select(0, 1), full(4, 0.5)));
  CHECK(equal(table.weight.select(0, 0), full(4, 1.0)));
}

TEST_CASE("slopes of RReLU are drawn between its bounds in training") {
  const nn::RReLU layer(0.2, 0.4);
  const Tensor x = full(1000, -1.0).requires_grad_(), y = layer(x);
  CHECK(y.amin({}).item<double>() >= -0.4);
  CHECK(y.amax({}).item<double>() <= -0.2);
  CHECK(y.mean().item<double>() == doctest::Approx(-0.3).epsilon(0.03));
  y.sum().backward();
  CHECK(equal(x.grad(), -y));
  CHECK(equal(layer(full(3, 2.0)), full(3, 2.0)));
  CHECK(fails_with(ErrorKind::value, {"RReLU", "0.5", "0.1"}, [] { nn::RReLU(0.5, 0.1); }));
}

TEST_CASE("keys and values may have other features than queries") {
  nn::MultiheadAttention attention(6, 2, {.kdim = 5});
  CHECK_FALSE(attention.in_proj_weight.defined());
  CHECK(attention.k_proj_weight.size(1) == 5);
  CHECK(attention.v_proj_weight.size(1) == 6);
  const Tensor q = full({3, 1, 6}, 1.0), k = full({4, 1, 5}, 1.0);
  CHECK(fails_with(ErrorKind::value, {"MultiheadAttention", "value", "6", "(4, 1, 5)"},
                   [&] { (void)attention(q, k, k); }));
  CHECK(attention(q, k, full({4, 1, 6}, 1.0)).output.size(0) == 3);
}

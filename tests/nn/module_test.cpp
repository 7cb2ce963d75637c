// What a module knows of its members, and that copies share nothing by accident.
#include "rushlight/nn/module.h"

#include <doctest/doctest.h>

#include "rushlight/nn/activation.h"
#include "rushlight/nn/init.h"
#include "rushlight/nn/linear.h"
#include "rushlight/nn/normalization.h"
#include "rushlight/nn/recurrent.h"
#include "rushlight/nn/sequential.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

struct Net : nn::Layer<Net> {
  nn::Linear hidden = child("hidden", nn::Linear(3, 4));
  nn::BatchNorm1d norm = child("norm", nn::BatchNorm1d(4));
  nn::Linear output = child("output", nn::Linear(4, 2, {.bias = false}));
  nn::Parameter scale = parameter("scale", full(2, 1.0));
  nn::Buffer offset = buffer("offset", full(2, 0.5), false);

  Tensor forward(const Tensor& x) const { return output(relu(norm(hidden(x)))) * scale + offset; }
};

std::vector<std::string> names_of(const NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const NamedTensor& named : tensors) names.push_back(named.name);
  return names;
}

using Names = std::vector<std::string>;

Tensor some_input() { return arange(12, {.dtype = DType::float32}).reshape({4, 3}) / 7; }

}  // namespace

TEST_CASE("a module knows its members by name, in PyTorch's order") {
  Net net;
  CHECK(names_of(net.named_parameters()) ==
        Names{"scale", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "output.weight"});
  CHECK(names_of(net.named_buffers()) ==
        Names{"offset", "norm.running_mean", "norm.running_var", "norm.num_batches_tracked"});
  CHECK(names_of(net.state_dict()) == Names{"scale", "hidden.weight", "hidden.bias", "norm.weight",
                                            "norm.bias", "norm.running_mean", "norm.running_var",
                                            "norm.num_batches_tracked", "output.weight"});
  CHECK(net.count_parameters() == 2 + 12 + 4 + 4 + 4 + 8);
  CHECK(net.parameters()[1].is_same(net.hidden.weight));
  for (const Tensor& parameter : net.parameters()) CHECK(parameter.requires_grad());
  for (const Tensor& buffer : net.buffers()) CHECK_FALSE(buffer.requires_grad());
  CHECK(&net.submodule("hidden") == &net.hidden);
  CHECK(&net.submodule("") == &net);
  CHECK(fails_with(ErrorKind::index, {"Net", "hiden"}, [&] { (void)net.submodule("hiden"); }));
}

TEST_CASE("a module prints as PyTorch's does") {
  CHECK(
      Net().to_string() ==
      "Net(\n"
      "  (hidden): Linear(in_features=3, out_features=4, bias=True)\n"
      "  (norm): BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)\n"
      "  (output): Linear(in_features=4, out_features=2, bias=False)\n"
      ")");
}

TEST_CASE("a copy owns what it holds") {
  Net net;
  net.eval();
  Net copy = net, assigned;
  assigned = net;
  for (Net* other : {&copy, &assigned}) {
    CHECK(names_of(other->state_dict()) == names_of(net.state_dict()));
    CHECK_FALSE(other->is_training());
    CHECK(equal((*other)(some_input()), net(some_input())));
    for (size_t i = 0; i < net.parameters().size(); ++i) {
      CHECK_FALSE(other->parameters()[i].shares_storage(net.parameters()[i]));
      CHECK(other->parameters()[i].requires_grad());
    }
    CHECK(other->parameters()[1].is_same(other->hidden.weight));
  }
  const Tensor before = net(some_input());
  nn::Linear fresh(3, 4);
  copy.hidden = fresh;
  CHECK(equal(net(some_input()), before));
  CHECK(copy.parameters()[1].is_same(copy.hidden.weight));
}

TEST_CASE("a moved module takes its members along") {
  Net net;
  const Tensor weight = net.hidden.weight;
  Net moved = std::move(net);
  CHECK(moved.parameters()[1].is_same(weight));
  CHECK(moved.submodule("norm").kind() == "BatchNorm1d");
}

TEST_CASE("a member is named where it is declared") {
  struct Wrong : nn::Layer<Wrong> {
    nn::Linear late{1, 1};
    Wrong() { late = child("late", nn::Linear(2, 2)); }
  };
  CHECK(fails_with(ErrorKind::runtime, {"late", "Wrong", "declared"}, [&] { (void)Wrong(); }));
  struct Twice : nn::Layer<Twice> {
    nn::Linear a = child("a", nn::Linear(1, 1)), b = child("a", nn::Linear(1, 1));
  };
  CHECK(fails_with(ErrorKind::value, {"two members", "\"a\""}, [&] { (void)Twice(); }));
  struct Dotted : nn::Layer<Dotted> {
    nn::Linear a = child("a.b", nn::Linear(1, 1));
  };
  CHECK(fails_with(ErrorKind::value, {"a.b", "dot"}, [&] { (void)Dotted(); }));
  struct Nameless : nn::Layer<Nameless> {
    nn::Parameter a = parameter("", full(1, 0.0));
  };
  CHECK(fails_with(ErrorKind::value, {"Nameless", "empty"}, [&] { (void)Nameless(); }));
  for (const char* name : {"", "a.b"})
    CHECK(fails_with(ErrorKind::value, {"Sequential", "dot"},
                     [&] { nn::Sequential().push_back(name, nn::ReLU()); }));
}

TEST_CASE("tied tensors are one, and stay so in a clone") {
  struct Tied : nn::Layer<Tied> {
    nn::Embedding in = child("in", nn::Embedding(5, 3));
    nn::Linear out = child("out", nn::Linear(3, 5, {.bias = false}));
    Tied() { out.weight.tie(in.weight); }
    Tensor forward(const Tensor& tokens) const { return out(in(tokens)); }
  };
  Tied model;
  CHECK(names_of(model.named_parameters()) == Names{"in.weight"});
  CHECK(names_of(model.state_dict()) == Names{"in.weight", "out.weight"});
  Tied clone = model.clone();
  CHECK(clone.parameters().size() == 1);
  CHECK(clone.out.weight.is_same(clone.in.weight));
  CHECK_FALSE(clone.in.weight.shares_storage(model.in.weight));
  CHECK(fails_with(ErrorKind::runtime, {"clone()"}, [&] { (void)Tied(model); }));
}

TEST_CASE("modes reach all modules") {
  Net net;
  net.eval();
  for (const auto& [name, module] : net.modules()) CHECK_FALSE(module->is_training());
  net.train();
  CHECK(net.norm.is_training());
  net(some_input()).sum().backward();
  CHECK(net.hidden.weight.grad().defined());
  net.zero_grad();
  CHECK_FALSE(net.hidden.weight.grad().defined());

  const Tensor weight = net.hidden.weight;  // an optimizer holds it
  net.to(DType::float64);
  CHECK(weight.dtype() == DType::float64);
  CHECK(net.norm.running_mean.dtype() == DType::float64);
  CHECK(net.norm.num_batches_tracked.dtype() == DType::int64);
  CHECK(net(some_input().to(DType::float64)).dtype() == DType::float64);
  CHECK(fails_with(ErrorKind::type, {"int32"}, [&] { (void)net.to(DType::int32); }));
  net.to(Device());
  CHECK(fails_with(ErrorKind::runtime, {"cuda:0", "cpu"}, [&] { net.to(Device{DeviceType::cuda}); }));
  net.requires_grad_(false);
  CHECK_FALSE(net(some_input().to(DType::float64)).requires_grad());
}

TEST_CASE("apply visits what lies below a module, then itself, as PyTorch's does") {
  nn::Sequential net(nn::Linear(3, 4), nn::Sequential(Net(), nn::ReLU()), nn::Linear(2, 2));
  std::vector<const nn::Module*> seen;
  Names kinds;
  net.apply([&](nn::Module& module) {
    seen.push_back(&module);
    kinds.emplace_back(module.kind());
    if (auto* linear = dynamic_cast<nn::Linear*>(&module)) nn::init::constant_(linear->weight, 7);
  });
  CHECK(kinds == Names{"Linear", "Linear", "BatchNorm1d", "Linear", "Net", "ReLU", "Sequential", "Linear",
                       "Sequential"});
  CHECK(seen.back() == &net);
  CHECK(seen[3] == &net.submodule("1.0.output"));
  for (const auto& [name, tensor] : net.state_dict()) {
    CAPTURE(name);
    const bool of_linear = name.ends_with("weight") && name != "1.0.norm.weight";
    CHECK(all(eq(tensor, 7)).item<bool>() == of_linear);
  }
}

TEST_CASE("a state dict loads whole, or says all that is wrong and changes nothing") {
  Net source, target;
  NamedTensors state = source.state_dict();
  nn::LoadReport report = target.load_state_dict(state);
  CHECK(report.missing.empty());
  CHECK(equal(target.hidden.weight, source.hidden.weight));
  CHECK_FALSE(target.hidden.weight.shares_storage(source.hidden.weight));

  Net other;
  const Tensor before = other.hidden.weight.clone();
  state.erase(state.begin());
  state.push_back({"extra", full(1, 0.0)});
  state[1].tensor = full(7, 0.0);
  CHECK(fails_with(ErrorKind::runtime, {"Net", "\"scale\"", "\"extra\"", "hidden.bias", "(7,)", "(4,)"},
                   [&] { (void)other.load_state_dict(state); }));
  CHECK(fails_with(ErrorKind::runtime, {"hidden.bias"},
                   [&] { (void)other.load_state_dict(state, {.strict = false}); }));
  CHECK(equal(other.hidden.weight, before));

  state.erase(state.begin() + 1);
  report = other.load_state_dict(state, {.strict = false});
  CHECK(report.missing == Names{"scale", "hidden.bias"});
  CHECK(report.unexpected == Names{"extra"});
  CHECK(equal(other.hidden.weight, source.hidden.weight));
}

TEST_CASE("hooks see a layer's tensors and may change its result") {
  Net net;
  net.eval();
  const Tensor plain = net(some_input());
  int before = 0;
  const int64_t first = net.hidden.register_forward_pre_hook([&](nn::Module& module, TensorList inputs) {
    CHECK(&module == &net.hidden);
    CHECK(inputs.size() == 1);
    ++before;
  });
  const int64_t second =
      net.register_forward_hook([](nn::Module&, TensorList, const Tensor& output) { return output * 2; });
  CHECK(equal(net(some_input()), plain * 2));
  CHECK(before == 1);
  net.hidden.remove_hook(first);
  net.remove_hook(second);
  CHECK(equal(net(some_input()), plain));
  CHECK(before == 1);
}

TEST_CASE("what a hook gives back takes the place of a layer's input or result") {
  nn::Linear layer(3, 2);
  const Tensor x = some_input();
  const auto once = [](auto& module, auto hook, auto run) {
    const int64_t id = module.register_forward_pre_hook(hook);
    const auto result = run();
    module.remove_hook(id);
    return result;
  };
  const Tensor doubled =
      once(layer, [](nn::Module&, TensorList inputs) { return inputs[0] * 2; }, [&] { return layer(x); });
  CHECK(equal(doubled, layer(x * 2)));
  const Tensor left = once(layer, [](nn::Module&, TensorList) { return Tensor(); }, [&] { return layer(x); });
  CHECK(equal(left, layer(x)));

  // Each hook sees what the one before it gave back, and so does a forward hook.
  const int64_t first =
      layer.register_forward_pre_hook([](nn::Module&, TensorList inputs) { return inputs[0] + 1; });
  const int64_t second =
      layer.register_forward_pre_hook([](nn::Module&, TensorList inputs) { return inputs[0] * 3; });
  const int64_t last = layer.register_forward_hook(
      [](nn::Module&, TensorList inputs, const Tensor&) { return inputs[0].sum(); });
  CHECK(equal(layer(x), ((x + 1) * 3).sum()));
  for (int64_t id : {first, second, last}) layer.remove_hook(id);

  nn::Bilinear two(3, 3, 2);
  const Tensor y = x + 1;
  const Tensor swapped = once(
      two, [](nn::Module&, TensorList inputs) { return std::vector{inputs[1], inputs[0]}; },
      [&] { return two(x, y); });
  CHECK(equal(swapped, two(y, x)));
  CHECK(fails_with(ErrorKind::value, {"Bilinear", "1 tensor", "2"}, [&] {
    (void)once(two, [](nn::Module&, TensorList inputs) { return inputs[0] * 2; }, [&] { return two(x, y); });
  }));

  nn::LSTMCell cell(3, 2);
  cell.register_forward_hook([](nn::Module&, TensorList, const Tensor& hidden) { return hidden * 0; });
  CHECK(equal(cell(x).hidden, full({4, 2}, 0.0)));
  struct Pair : nn::Layer<Pair> {
    std::pair<Tensor, Tensor> forward(const Tensor& t) const { return {t, t}; }
  };
  Pair pair;
  pair.register_forward_hook([](nn::Module&, TensorList inputs, const Tensor&) { return inputs[0]; });
  CHECK(fails_with(ErrorKind::type, {"Pair", "can not change"}, [&] { (void)pair(x); }));
}

TEST_CASE("a Sequential nests anything") {
  nn::Sequential inner(nn::Linear(3, 4), nn::BatchNorm1d(4), nn::ReLU());
  nn::Sequential model(inner, [](const Tensor& x) { return x * 2; }, nn::Linear(4, 1));
  model.push_back("last", nn::Tanh());
  CHECK(names_of(model.named_parameters()) ==
        Names{"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "2.weight", "2.bias"});
  CHECK(model.to_string().find("(last): Tanh()") != std::string::npos);
  CHECK(model.at<nn::Linear>(2).weight.size(1) == 4);
  CHECK(&model[-1] == &model.submodule("last"));
  CHECK(fails_with(ErrorKind::type, {"Sequential", "Linear"}, [&] { (void)model.at<nn::Linear>(0); }));
  CHECK(fails_with(ErrorKind::type, {"function"}, [&] { (void)model[1]; }));
  CHECK(fails_with(ErrorKind::index, {"4"}, [&] { (void)model[4]; }));
  CHECK(fails_with(ErrorKind::value, {"last"}, [&] { (void)model.push_back("last", nn::ReLU()); }));

  // The batch norm and the relu are computed in one pass: the same as step by step.
  const auto& linear = model.at<nn::Sequential>(0).at<nn::Linear>(0);
  auto& norm = model.at<nn::Sequential>(0).at<nn::BatchNorm1d>(1);
  nn::BatchNorm1d apart = norm;
  const Tensor y = tanh(model.at<nn::Linear>(2)(relu(apart(linear(some_input()))) * 2));
  CHECK(allclose(model(some_input()), y));

  nn::Sequential copy = model;
  CHECK_FALSE(copy.parameters()[0].shares_storage(model.parameters()[0]));
  CHECK(inner.parameters()[0].shares_storage(model.parameters()[0]) == false);
}

TEST_CASE("a Sequential computes norm, relu and pool in one pass: the same as step by step") {
  const MaxPool2dOptions options[] = {{}, {.stride = 2}, {.stride = 1}, {.padding = 1}, {.ceil_mode = true}};
  for (const char* order : {"contiguous", "channels_last"})
    for (const MaxPool2dOptions& option : options) {
      const Tensor x = clone(randn({3, 8, 7, 9}), {.memory_format = order});
      nn::Sequential model(nn::BatchNorm2d(8), nn::ReLU(), nn::MaxPool2d(2, option), nn::Flatten());
      nn::BatchNorm2d norm = model.at<nn::BatchNorm2d>(0);
      CHECK(allclose(model(x), max_pool2d(relu(norm(x)), 2, option).flatten({.start_dim = 1})));
      CHECK(allclose(model.at<nn::BatchNorm2d>(0).running_var, norm.running_var));
    }
  nn::Sequential wrong(nn::BatchNorm2d(8), nn::ReLU(), nn::MaxPool2d({2, 2, 2}));
  CHECK(fails_with(ErrorKind::runtime, {"kernel_size"}, [&] { (void)wrong(randn({3, 8, 7, 9})); }));
  nn::Sequential lines(nn::BatchNorm1d(4), nn::ReLU(), nn::MaxPool1d(2));
  CHECK(lines(randn({3, 4, 6})).shape()[2] == 3);
}

TEST_CASE("lists and dictionaries of modules are children too") {
  struct Blocks : nn::Layer<Blocks> {
    nn::ModuleList<nn::Linear> list =
        child("list", nn::ModuleList<nn::Linear>(3, [](int64_t i) { return nn::Linear(i + 1, i + 2); }));
    nn::ModuleDict<nn::Linear> dict = child("dict", nn::ModuleDict<nn::Linear>());
    Blocks() { dict.set("head", nn::Linear(4, 2, {.bias = false})); }
    Tensor forward(Tensor x) const {
      for (const nn::Linear& layer : list) x = layer(x);
      return x;
    }
  };
  Blocks blocks;
  CHECK(names_of(blocks.named_parameters()) == Names{"list.0.weight", "list.0.bias", "list.1.weight",
                                                     "list.1.bias", "list.2.weight", "list.2.bias",
                                                     "dict.head.weight"});
  CHECK(blocks(full({2, 1}, 1.0)).size(1) == 4);
  CHECK(fails_with(ErrorKind::index, {"tail"}, [&] { (void)blocks.dict["tail"]; }));
  for (const char* name : {"", "a.b", "."})
    CHECK(fails_with(ErrorKind::value, {"ModuleDict", name, "dot"},
                     [&] { blocks.dict.set(name, nn::Linear(1, 1)); }));
  CHECK(blocks.dict.size() == 1);
  Blocks copy = blocks;
  CHECK_FALSE(copy.list[1].weight.shares_storage(blocks.list[1].weight));
}

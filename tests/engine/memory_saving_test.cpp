#include <doctest/doctest.h>

#include "rushlight/engine/function.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

TEST_CASE("checkpoint: the same gradients, parameters read inside included, and the same dropout") {
  auto gradients = [](bool checkpointed) {
    manual_seed(3);
    Tensor x = full({4, 8}, 0.5).requires_grad_(), w = full({8, 8}, 0.1).requires_grad_();
    auto block = [&](TensorList in) {
      return std::vector<Tensor>{dropout(gelu(linear(in[0], w)), {.p = 0.5})};
    };
    Tensor y = checkpointed ? checkpoint(block, {x})[0] : block({x})[0];
    sum(y * y + linear(x, w)).backward();  // w is also used outside
    return std::pair(x.grad().to_vector<float>(), w.grad().to_vector<float>());
  };
  auto plain = gradients(false), again = gradients(true);
  CHECK(plain.first == again.first);
  for (size_t i = 0; i < plain.second.size(); ++i) CHECK(again.second[i] == doctest::Approx(plain.second[i]));
}

TEST_CASE("checkpoint: parameters that are no arguments, asked for by grad(), twice") {
  Tensor x = full(3, 0.5), w = full(3, 0.25).requires_grad_();
  Tensor y = sum(checkpoint([&](TensorList in) { return std::vector<Tensor>{tanh(in[0] * w * w)}; }, {x})[0]);
  Tensor plain = sum(tanh(x * w * w));
  Tensor once = grad({y}, {w}, {.create_graph = true})[0],
         expected = grad({plain}, {w}, {.create_graph = true})[0];
  CHECK(once.to_vector<float>() == expected.to_vector<float>());
  CHECK(grad({sum(once)}, {w})[0].to_vector<float>() == grad({sum(expected)}, {w})[0].to_vector<float>());
}

TEST_CASE("saved-tensor hooks pack what is saved and unpack it in backward") {
  struct Hooks final : SavedTensorHooks {
    struct Half final : PackedTensor {
      explicit Half(const Tensor& tensor) : half(to(detach(tensor), DType::float16)), dtype(tensor.dtype()) {}
      Tensor unpack() override { return to(half, dtype); }
      Tensor half;
      DType dtype;
    };
    Ref<PackedTensor> pack(const Tensor& tensor) override {
      ++packed;
      return Ref<PackedTensor>::adopt(new Half(tensor));
    }
    int packed = 0;
  } hooks;
  Tensor x = full(1, 1.0009765625).requires_grad_();  // 1 + 2^-10: the last bit of a half
  Tensor y;
  {
    Scoped<SavedTensorHooks*> scope(context().saved_tensor_hooks, &hooks);
    y = x * x;
  }
  CHECK(hooks.packed == 2);
  y.backward();
  CHECK(x.grad().item<float>() == doctest::Approx(2.001953125));
}

TEST_CASE("saved-tensor hooks: what was packed has its history again when gradients are recorded") {
  struct Hooks final : SavedTensorHooks {
    struct Kept final : PackedTensor {
      explicit Kept(const Tensor& tensor) : values(clone(detach(tensor))) {}
      Tensor unpack() override { return values; }
      Tensor values;
    };
    Ref<PackedTensor> pack(const Tensor& tensor) override {
      return Ref<PackedTensor>::adopt(new Kept(tensor));
    }
  } hooks;
  Tensor x = full(1, 2.0).requires_grad_();
  Tensor y;
  {
    Scoped<SavedTensorHooks*> scope(context().saved_tensor_hooks, &hooks);
    y = x * x * x;
  }
  Tensor first = grad({y}, {x}, {.create_graph = true})[0];
  CHECK(first.item<float>() == 12);
  CHECK(grad({first}, {x})[0].item<float>() == 12);
}

TEST_CASE("a hook after accumulation sees each sum, and none where grad() accumulates nothing") {
  struct After final : Hook {
    explicit After(std::vector<float>& s) : seen(s) {}
    Tensor operator()(const Tensor& gradient) override {
      return seen.push_back(gradient.item<float>()), Tensor();
    }
    std::vector<float>& seen;
  };
  std::vector<float> seen;
  Tensor x = full(1, 2.0).requires_grad_();
  int64_t id = x.register_post_accumulate_grad_hook(Ref<Hook>::adopt(new After(seen)));
  (x * 3).backward();
  (x * 4).backward();
  static_cast<void>(grad({x * 5}, {x}));
  CHECK(seen == std::vector<float>{3, 7});
  x.remove_hook(id);
  x.backward();
  CHECK(seen.size() == 2);
  CHECK_THROWS_AS(
      static_cast<void>((x * 2).register_post_accumulate_grad_hook(Ref<Hook>::adopt(new After(seen)))),
      Error);
}

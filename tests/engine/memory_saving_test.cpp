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

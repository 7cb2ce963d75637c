// A whole training step of a small transformer block, traced: forward, dropout, backward, AdamW.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "rushlight/backend/backend.h"
#include "rushlight/base/memory.h"
#include "rushlight/engine/backward.h"
#include "rushlight/engine/context.h"
#include "rushlight/jit/trace.h"
#include "rushlight/ops/operators.h"

using namespace rushlight;

namespace {

constexpr int64_t kBatch = 4, kLength = 6, kWidth = 16, kHeads = 2, kClasses = 11;

// Numbers without a generator, so that the generator's state belongs to the step alone.
Tensor numbers(const IntList& shape, double scale, double phase) {
  Tensor tensor = empty(shape, DType::float32);
  double i = phase;
  for (float& x : tensor.span<float>()) {
    i += 1;
    x = static_cast<float>(scale * std::sin(1.7 * i * i));
  }
  return tensor;
}

struct Parameters {
  std::vector<Tensor> all;
  Tensor add(const IntList& shape, double scale) {
    all.push_back(numbers(shape, scale, static_cast<double>(all.size())));
    return all.back().requires_grad_();
  }
};

struct Block {
  Parameters parameters;
  Tensor norm_weight = parameters.add({kWidth}, 1), norm_bias = parameters.add({kWidth}, 0.1);
  Tensor qkv = parameters.add({3 * kWidth, kWidth}, 0.3), out = parameters.add({kWidth, kWidth}, 0.3);
  Tensor up = parameters.add({4 * kWidth, kWidth}, 0.3), up_bias = parameters.add({4 * kWidth}, 0.1);
  Tensor down = parameters.add({kWidth, 4 * kWidth}, 0.3), head = parameters.add({kClasses, kWidth}, 0.3);

  Tensor split_heads(const Tensor& x, int64_t part) const {
    Tensor mine = slice(x, {.dim = 2, .start = part * kWidth, .end = (part + 1) * kWidth});
    return transpose(reshape(mine, {kBatch, kLength, kHeads, kWidth / kHeads}), 1, 2);
  }
  Tensor attention(const Tensor& x) const {
    Tensor h = linear(x, qkv);
    Tensor y = scaled_dot_product_attention(split_heads(h, 0), split_heads(h, 1), split_heads(h, 2),
                                            {.is_causal = true});
    return linear(reshape(transpose(y, 1, 2), {kBatch, kLength, kWidth}), out);
  }
  Tensor loss(const Tensor& x, const Tensor& y, const Generator& generator) const {
    Tensor h = x + dropout(attention(layer_norm(x, {kWidth}, {.weight = norm_weight, .bias = norm_bias})),
                           {.p = 0.2, .generator = generator});
    h = h + linear(gelu(linear(h, up, {.bias = up_bias})), down);
    return cross_entropy(reshape(linear(h, head), {kBatch * kLength, kClasses}), y);
  }
};

// Gradients are scaled so that their joint length is at most `most`, by tensors alone.
void clip_gradients(const std::vector<Tensor>& parameters, double most) {
  NoGrad guard;
  Tensor squares = full({}, 0.0, {.dtype = DType::float32});
  for (const Tensor& p : parameters) squares = squares + sum(p.grad() * p.grad());
  Tensor length = sqrt(squares);
  Tensor scale = where(length > most, most / length, 1.0);
  for (const Tensor& p : parameters) p.grad().mul_(scale);
}

struct Trainer {
  Block block;
  Generator generator{42};
  Slot lr{0.01};
  std::vector<Tensor> exp_avgs, exp_avg_sqs;
  Tensor step_count = full({}, 0.0, {.dtype = DType::float32});

  Trainer() {
    for (const Tensor& p : block.parameters.all) {
      exp_avgs.push_back(full(p.shape(), 0.0, {.dtype = DType::float32}));
      exp_avg_sqs.push_back(full(p.shape(), 0.0, {.dtype = DType::float32}));
    }
  }
  Tensor step(const Tensor& x, const Tensor& y) {
    const std::vector<Tensor>& parameters = block.parameters.all;
    for (const Tensor& p : parameters) p.set_grad({});
    Tensor loss = block.loss(x, y, generator);
    loss.backward();
    clip_gradients(parameters, 1.0);
    std::vector<Tensor> grads;
    for (const Tensor& p : parameters) grads.push_back(p.grad());
    NoGrad guard;
    adamw_step(parameters, grads, exp_avgs, exp_avg_sqs, step_count, lr);
    return loss;
  }
};

Tensor inputs(int64_t i) { return numbers({kBatch, kLength, kWidth}, 1, static_cast<double>(100 + i)); }
Tensor targets(int64_t i) {
  Tensor y = empty({kBatch * kLength}, DType::int64);
  for (int64_t& c : y.span<int64_t>()) c = i = (i * 7 + 3) % kClasses;
  return y;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  std::vector<float> x = a.to_vector<float>(), y = b.to_vector<float>();
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
}

void expect_equal_training(const char* backend) {
  Scoped<const Backend*> chosen(context().host_backend, &find_backend(backend));
  Trainer eager, traced;
  auto step = trace([&](const Tensor& x, const Tensor& y) { return traced.step(x, y); });
  for (int64_t i = 0; i < 53; ++i) {
    if (i == 20) {
      eager.lr.set(0.002);
      traced.lr.set(0.002);
    }
    Tensor expected = eager.step(inputs(i), targets(i)), loss = step(inputs(i), targets(i));
    CAPTURE(i);
    REQUIRE(same_bits(loss, expected));
  }
  CHECK(step.replay_count() == 50);
  for (size_t k = 0; k < eager.block.parameters.all.size(); ++k) {
    CAPTURE(k);
    CHECK(same_bits(eager.block.parameters.all[k], traced.block.parameters.all[k]));
    CHECK(same_bits(eager.block.parameters.all[k].grad(), traced.block.parameters.all[k].grad()));
    CHECK(same_bits(eager.exp_avg_sqs[k], traced.exp_avg_sqs[k]));
  }
  CHECK(traced.step_count.item<float>() == 53);
  CHECK(eager.generator.state().counter == traced.generator.state().counter);
}

}  // namespace

TEST_CASE("50 replays of a transformer's training step equal 50 eager steps bitwise") {
  for (const Backend* backend : host_backends()) {
    CAPTURE(backend->name);
    expect_equal_training(backend->name);
  }
}

TEST_CASE("the learning rate that replays read is the slot's") {
  Trainer a, b;
  auto step = trace([&](const Tensor& x, const Tensor& y) { return a.step(x, y); });
  for (int64_t i = 0; i < 6; ++i) {
    if (i == 4) a.lr.set(0.5);
    Tensor loss = step(inputs(i), targets(i)), other = b.step(inputs(i), targets(i));
    CHECK(same_bits(loss, other) == (i < 5));
  }
  CHECK_FALSE(same_bits(a.block.head, b.block.head));
}

TEST_CASE("replays call the system for no memory and hold no more of it") {
  Trainer trainer;
  auto step = trace([&](const Tensor& x, const Tensor& y) { return trainer.step(x, y); });
  Tensor x = inputs(0), y = targets(0);
  Tensor loss;
  for (int i = 0; i < 8; ++i) loss = step(x, y);
  MemoryStats before = memory_stats();
  for (int i = 0; i < 20; ++i) loss = step(x, y);
  MemoryStats after = memory_stats();
  CHECK(after.system_calls == before.system_calls);
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.live_blocks == before.live_blocks);
  CHECK(step.replay_count() == 25);
}

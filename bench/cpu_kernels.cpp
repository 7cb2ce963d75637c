// Times the cpu kernels one by one on the pieces of TinyViT's training step, and estimates the step from
// their sum.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "rushlight/backend/cpu/kernels.h"
#include "rushlight/backend/cpu/map_run.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/map_ops.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

constexpr int64_t kBatch = 256, kTokens = 49, kDim = 64, kHeads = 4, kHidden = 128, kPatch = 16;
constexpr int64_t kRows = kBatch * kTokens;

struct Piece {
  std::string name;
  double flops;
  int times;  // in one step
  std::function<void()> run;
  std::vector<double> seconds = {};
};

std::vector<float> numbers(int64_t count) {
  std::vector<float> x(count);
  uint32_t state = 1;
  for (float& value : x)
    value = static_cast<float>((state = state * 1664525 + 1013904223) >> 8) / (1 << 23) - 1;
  return x;
}

// The three products of a linear layer: y = x w^T + b, dx = dy w, dw = dy^T x.
struct Linear {
  int64_t in, out;
  std::vector<float> x = numbers(kRows * in), w = numbers(in * out), b = numbers(out),
                     y = numbers(kRows * out);
  std::vector<float> dx = numbers(kRows * in), dw = numbers(in * out);

  void forward() {
    kernels().f32.gemm({.m = kRows,
                        .n = out,
                        .k = in,
                        .a = x.data(),
                        .a_row = in,
                        .b = w.data(),
                        .b_row = 1,
                        .b_col = in,
                        .c = y.data(),
                        .c_row = out,
                        .bias = b.data()});
  }
  void input_gradient() {
    kernels().f32.gemm({.m = kRows,
                        .n = in,
                        .k = out,
                        .a = y.data(),
                        .a_row = out,
                        .b = w.data(),
                        .b_row = in,
                        .c = dx.data(),
                        .c_row = in});
  }
  void weight_gradient() {
    kernels().f32.gemm({.m = out,
                        .n = in,
                        .k = kRows,
                        .a = y.data(),
                        .a_row = 1,
                        .a_col = out,
                        .b = x.data(),
                        .b_row = in,
                        .c = dw.data(),
                        .c_row = in});
  }
};

void add_linear(std::vector<Piece>& pieces, const char* name, Linear& layer,
                bool needs_input_gradient = true) {
  const double flops = 2.0 * kRows * layer.in * layer.out;
  const std::string prefix = name;
  pieces.push_back({prefix + " forward", flops, 1, [&layer] { layer.forward(); }});
  if (needs_input_gradient)
    pieces.push_back({prefix + " input gradient", flops, 1, [&layer] { layer.input_gradient(); }});
  pieces.push_back({prefix + " weight gradient", flops, 1, [&layer] { layer.weight_gradient(); }});
}

struct Attention {
  static constexpr int64_t kSize = kDim / kHeads;
  std::vector<float> qkv = numbers(kRows * 3 * kDim), output = numbers(kRows * kDim),
                     d_output = numbers(kRows * kDim);
  std::vector<float> d_qkv = numbers(kRows * 3 * kDim), logsumexp = numbers(kRows * kHeads);
  HeadStrides packed{kTokens * 3 * kDim, kSize, 3 * kDim}, plain{kTokens * kDim, kSize, kDim};
  AttentionArgs<float> args{.batch = kBatch,
                            .heads = kHeads,
                            .queries = kTokens,
                            .keys = kTokens,
                            .head_size = kSize,
                            .scale = 0.25,
                            .q = qkv.data(),
                            .k = qkv.data() + kDim,
                            .v = qkv.data() + 2 * kDim,
                            .q_strides = packed,
                            .k_strides = packed,
                            .v_strides = packed,
                            .output = output.data(),
                            .output_strides = plain,
                            .logsumexp = logsumexp.data()};
  double flops = 4.0 * kBatch * kHeads * kTokens * kTokens * kSize;

  void backward() {
    kernels().f32.attention_backward({.forward = args,
                                      .grad_output = d_output.data(),
                                      .grad_output_strides = plain,
                                      .grad_q = d_qkv.data(),
                                      .grad_k = d_qkv.data() + kDim,
                                      .grad_v = d_qkv.data() + 2 * kDim,
                                      .grad_q_strides = packed,
                                      .grad_k_strides = packed,
                                      .grad_v_strides = packed});
  }
};

struct Norm {
  std::vector<float> x = numbers(kRows * kDim), y = x, dy = x, dx = x, mean = numbers(kRows), rstd = mean;
  std::vector<float> weight = numbers(kDim), bias = weight, d_weight = weight, d_bias = weight;

  void forward() {
    kernels().f32.layer_norm({.rows = kRows,
                              .n = kDim,
                              .x = x.data(),
                              .weight = weight.data(),
                              .bias = bias.data(),
                              .y = y.data(),
                              .mean = mean.data(),
                              .rstd = rstd.data()});
  }
  void backward() {
    kernels().f32.layer_norm_backward({.rows = kRows,
                                       .n = kDim,
                                       .x = x.data(),
                                       .weight = weight.data(),
                                       .mean = mean.data(),
                                       .rstd = rstd.data(),
                                       .grad = dy.data(),
                                       .grad_x = dx.data(),
                                       .grad_weight = d_weight.data(),
                                       .grad_bias = d_bias.data()});
  }
};

// One formula over whole arrays.
struct Elementwise {
  Elementwise(int64_t count, int operands, MapLoop loop)
      : count(count), run{.loop = loop, .lanes = kernels().vector_bytes / 4, .operands = operands} {
    for (int k = 0; k < operands; ++k) in.push_back(numbers(count));
    out.resize(static_cast<size_t>(count));
  }
  void operator()() {
    MapArgs args{.out = out.data(), .in = {}, .out_step = 1, .step = {}, .count = count, .params = nullptr};
    for (size_t k = 0; k < in.size(); ++k) {
      args.in[k] = in[k].data();
      args.step[k] = 1;
    }
    run_map(run, args);
  }

  int64_t count;
  MapRun run;
  std::vector<std::vector<float>> in;
  std::vector<float> out;
};

template <class Op>
MapLoop loop_of(int part) {
  MapLoop found = nullptr;
  int next = 0;
  MapOps::for_each([&](auto tag) {
    if (std::is_same_v<typename decltype(tag)::type, Op>) found = kernels().map_loop(next, part, false);
    ++next;
  });
  return found;
}

struct Sum {
  int64_t outer, reduced, inner;
  std::vector<float> x = numbers(outer * reduced * inner), y = numbers(outer * inner);
  void operator()() {
    kernels().f32.reduce({.outer = outer, .reduced = reduced, .inner = inner, .x = x.data(), .y = y.data()});
  }
};

struct Loss {
  static constexpr int64_t kClasses = 10;
  std::vector<float> logits = numbers(kBatch * kClasses), d_logits = logits, logsumexp = numbers(kBatch);
  std::vector<int64_t> targets = std::vector<int64_t>(kBatch, 3);
  float loss = 0, grad = 1;
  void operator()() {
    const CrossEntropyArgs<float> args{.rows = kBatch,
                                       .n = kClasses,
                                       .logits = logits.data(),
                                       .targets = targets.data(),
                                       .loss = &loss,
                                       .logsumexp = logsumexp.data()};
    kernels().f32.cross_entropy(args);
    kernels().f32.cross_entropy_backward({.forward = args, .grad = &grad, .grad_logits = d_logits.data()});
  }
};

struct Optimizer {
  int64_t size = 2 * kPatch * kDim + kTokens * kDim + 4 * kDim * kDim + 2 * kDim * kHidden;
  std::vector<float> param = numbers(size), grad = param, mean = param,
                     variance = std::vector<float>(param.size());
  void operator()() {
    float *p = param.data(), *m = mean.data(), *v = variance.data();
    const float* g = grad.data();
    kernels().f32.adam_step({.count = 1,
                             .sizes = &size,
                             .params = &p,
                             .grads = &g,
                             .mean = &m,
                             .variance = &v,
                             .weight_decay = 0.01});
  }
};

double seconds_of(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(std::vector<Piece>& pieces, int rounds) {
  for (int round = 0; round < rounds; ++round)
    for (Piece& piece : pieces) piece.seconds.push_back(seconds_of(piece.run));
}

void report(std::vector<Piece>& pieces) {
  double median_sum = 0, best_sum = 0;
  std::printf("%-28s %5s %10s %10s %8s\n", "piece", "times", "median ms", "best ms", "GF/s");
  for (Piece& piece : pieces) {
    std::sort(piece.seconds.begin(), piece.seconds.end());
    const double median = piece.seconds[piece.seconds.size() / 2], best = piece.seconds[0];
    median_sum += piece.times * median;
    best_sum += piece.times * best;
    std::printf("%-28s %5d %10.3f %10.3f %8.1f\n", piece.name.c_str(), piece.times, median * 1e3, best * 1e3,
                piece.flops / best / 1e9);
  }
  std::printf("%-28s %5s %10.2f %10.2f  on %d threads\n", "sum", "", median_sum * 1e3, best_sum * 1e3,
              num_threads());
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  Linear embed{kPatch, kDim}, qkv{kDim, 3 * kDim}, project{kDim, kDim}, widen{kDim, kHidden},
      narrow{kHidden, kDim};
  Attention attention;
  std::vector<Piece> pieces;
  add_linear(pieces, "embed", embed, false);
  add_linear(pieces, "qkv", qkv);
  add_linear(pieces, "project", project);
  add_linear(pieces, "widen", widen);
  add_linear(pieces, "narrow", narrow);
  pieces.push_back({"attention", attention.flops, 1, [&] { kernels().f32.attention(attention.args); }});
  pieces.push_back({"attention backward", 2.5 * attention.flops, 1, [&] { attention.backward(); }});
  Norm norm;
  pieces.push_back({"layer norm", 0, 3, [&] { norm.forward(); }});
  pieces.push_back({"layer norm backward", 0, 3, [&] { norm.backward(); }});
  Elementwise gelu(kRows * kHidden, 1, loop_of<math::Gelu>(0)),
      d_gelu(kRows * kHidden, 2, loop_of<math::Gelu>(1));
  Elementwise add(kRows * kDim, 2, loop_of<math::Add>(0));
  pieces.push_back({"gelu", 0, 1, [&] { gelu(); }});
  pieces.push_back({"gelu backward", 0, 1, [&] { d_gelu(); }});
  pieces.push_back({"add", 0, 4, [&] { add(); }});
  Sum bias_64{1, kRows, kDim}, bias_128{1, kRows, kHidden}, bias_192{1, kRows, 3 * kDim},
      pool{kBatch, kTokens, kDim};
  pieces.push_back({"bias gradient, 64 columns", 0, 3, [&] { bias_64(); }});
  pieces.push_back({"bias gradient, 128 columns", 0, 1, [&] { bias_128(); }});
  pieces.push_back({"bias gradient, 192 columns", 0, 1, [&] { bias_192(); }});
  pieces.push_back({"mean over tokens", 0, 1, [&] { pool(); }});
  Loss loss;
  pieces.push_back({"cross-entropy, both ways", 0, 1, [&] { loss(); }});
  Optimizer optimizer;
  pieces.push_back({"adamw", 0, 1, [&] { optimizer(); }});
  measure(pieces, rounds);
  report(pieces);
}

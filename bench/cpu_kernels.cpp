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
#include "rushlight/base/thread_pool.h"

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
  measure(pieces, rounds);
  report(pieces);
}

#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

struct Shape {
  int64_t batch, heads, queries, keys, head_size;
  bool causal = false;
  double scale = 0.25;
};

// q in (batch, query, head, number) order; k and v packed together as (batch, key, 2, head, number).
struct Problem {
  explicit Problem(const Shape& s)
      : shape(s),
        q(random_numbers<float>(s.batch * s.queries * s.heads * s.head_size, 1)),
        kv(random_numbers<float>(s.batch * s.keys * 2 * s.heads * s.head_size, 2)),
        grad_output(random_numbers<float>(q.size(), 3)),
        output(q.size(), NAN),
        logsumexp(s.batch * s.heads * s.queries, NAN),
        grad_q(q.size(), NAN),
        grad_kv(kv.size(), NAN) {
    const int64_t width = s.heads * s.head_size;
    const HeadStrides q_strides{s.queries * width, s.head_size, width};
    const HeadStrides kv_strides{s.keys * 2 * width, s.head_size, 2 * width};
    AttentionArgs<float> f{.batch = s.batch,
                           .heads = s.heads,
                           .shared_heads = s.heads,
                           .queries = s.queries,
                           .keys = s.keys,
                           .head_size = s.head_size,
                           .value_size = s.head_size,
                           .causal = s.causal,
                           .scale = s.scale,
                           .q = q.data(),
                           .k = kv.data(),
                           .v = kv.data() + width,
                           .q_strides = q_strides,
                           .k_strides = kv_strides,
                           .v_strides = kv_strides,
                           .output = output.data(),
                           .output_strides = q_strides,
                           .logsumexp = logsumexp.data()};
    kernels().f32.attention(f);
    kernels().f32.attention_backward({.forward = f,
                                      .grad_output = grad_output.data(),
                                      .grad_output_strides = q_strides,
                                      .grad_q = grad_q.data(),
                                      .grad_k = grad_kv.data(),
                                      .grad_v = grad_kv.data() + width,
                                      .grad_q_strides = q_strides,
                                      .grad_k_strides = kv_strides,
                                      .grad_v_strides = kv_strides});
  }

  int64_t at_q(int64_t b, int64_t h, int64_t i) const {
    return ((b * shape.queries + i) * shape.heads + h) * shape.head_size;
  }
  int64_t at_kv(int64_t b, int64_t which, int64_t h, int64_t j) const {
    return (((b * shape.keys + j) * 2 + which) * shape.heads + h) * shape.head_size;
  }

  Shape shape;
  std::vector<float> q, kv, grad_output, output, logsumexp, grad_q, grad_kv;
};

// The textbook formulas in double, one head at a time.
struct Reference {
  std::vector<double> output, logsumexp, grad_q, grad_kv;

  explicit Reference(const Problem& p)
      : output(p.q.size()), logsumexp(p.logsumexp.size()), grad_q(p.q.size()), grad_kv(p.kv.size()) {
    for (int64_t b = 0; b < p.shape.batch; ++b)
      for (int64_t h = 0; h < p.shape.heads; ++h)
        for (int64_t i = 0; i < p.shape.queries; ++i) query(p, b, h, i);
  }

  void query(const Problem& p, int64_t b, int64_t h, int64_t i) {
    const Shape& s = p.shape;
    const int64_t seen = s.causal ? std::min(i + 1, s.keys) : s.keys;
    const int64_t qi = p.at_q(b, h, i);
    std::vector<double> weight(seen), grad(seen);
    double sum = 0, mean = 0, largest = -INFINITY;
    for (int64_t j = 0; j < seen; ++j) {
      for (int64_t d = 0; d < s.head_size; ++d)
        weight[j] += s.scale * p.q[qi + d] * p.kv[p.at_kv(b, 0, h, j) + d];
      largest = std::max(largest, weight[j]);
    }
    for (double& w : weight) sum += w = std::exp(w - largest);
    logsumexp[(b * s.heads + h) * s.queries + i] = std::log(sum) + largest;
    for (int64_t j = 0; j < seen; ++j) {
      weight[j] /= sum;
      for (int64_t d = 0; d < s.head_size; ++d) {
        const int64_t v = p.at_kv(b, 1, h, j) + d;
        output[qi + d] += weight[j] * p.kv[v];
        grad[j] += double(p.grad_output[qi + d]) * p.kv[v];
        grad_kv[v] += weight[j] * p.grad_output[qi + d];
      }
      mean += weight[j] * grad[j];
    }
    for (int64_t j = 0; j < seen; ++j)
      for (int64_t d = 0; d < s.head_size; ++d) {
        const double score = weight[j] * (grad[j] - mean) * s.scale;
        grad_q[qi + d] += score * p.kv[p.at_kv(b, 0, h, j) + d];
        grad_kv[p.at_kv(b, 0, h, j) + d] += score * p.q[qi + d];
      }
  }
};

}  // namespace

TEST_CASE("attention: values and gradients against the formulas in double") {
  for (const Shape& s :
       {Shape{2, 4, 49, 49, 16}, Shape{1, 2, 1, 7, 3}, Shape{1, 1, 70, 33, 20}, Shape{2, 1, 9, 1, 64},
        Shape{1, 2, 40, 50, 48}, Shape{1, 2, 150, 1100, 24}, Shape{1, 3, 1, 1100, 64},
        Shape{2, 1, 5, 600, 20, true}, Shape{1, 1, 130, 130, 32, true}, Shape{2, 2, 64, 64, 16, true},
        Shape{1, 1, 10, 30, 8, true}, Shape{1, 1, 600, 700, 16, true}, Shape{1, 1, 30, 10, 8, true},
        Shape{1, 1, 20, 20, 16, false, -3}, Shape{1, 1, 20, 600, 16, true, 40}}) {
    CAPTURE(s.queries);
    CAPTURE(s.keys);
    CAPTURE(s.causal);
    const Problem problem(s);
    const Reference reference(problem);
    const double bound = 1e-5 * std::max(1.0, std::abs(s.scale));
    CHECK(distance(problem.output, reference.output) < bound);
    CHECK(distance(problem.logsumexp, reference.logsumexp) < 2 * bound);
    CHECK(distance(problem.grad_q, reference.grad_q) < 4 * bound);
    CHECK(distance(problem.grad_kv, reference.grad_kv) < 16 * bound);
  }
}

TEST_CASE("attention: scores too large for exp: each query takes the value of one key") {
  for (double scale : {1e3, -1e4, 1e6, 1e8, 1e10, 0.0}) {
    CAPTURE(scale);
    const Problem huge({1, 1, 64, 600, 16, false, scale});
    const Reference reference(huge);
    CHECK(distance(huge.output, reference.output) < 1e-3);
    for (float x : huge.grad_q) CHECK(std::isfinite(x));
    const int64_t row = 2 * 16;  // of keys and values
    for (size_t i = 0; i < huge.grad_kv.size(); ++i)
      if (static_cast<int64_t>(i) % row >= 16) CHECK(std::abs(huge.grad_kv[i] - reference.grad_kv[i]) < 1e-2);
  }
}

TEST_CASE("attention: the same bits for any number of threads") {
  for (const Shape& s : {Shape{8, 4, 49, 49, 16}, Shape{1, 3, 500, 700, 20, true}})
    check_same_for_all_thread_counts([&] {
      const Problem problem(s);
      return std::vector{problem.output, problem.grad_q, problem.grad_kv};
    });
}

#include "tests/backend/both_backends.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;
using namespace rushlight::cpu;

namespace {

using Doubles = std::vector<double>;

const int64_t kShapes[][2] = {{1, 1}, {3, 7}, {5, 8}, {17, 64}, {700, 10}, {300, 129}, {2, 5000}};

template <class T>
double bound(int64_t n) {
  return (sizeof(T) == 4 ? 1e-6 : 1e-14) * (8 + std::sqrt(static_cast<double>(n)));
}

// -- layer norm

template <class T>
struct LayerNorm {
  LayerNorm(int64_t rows, int64_t n, bool centered)
      : rows(rows),
        n(n),
        centered(centered),
        x(random_numbers<T>(rows * n, 1)),
        weight(random_numbers<T>(n, 2)),
        bias(random_numbers<T>(n, 3)),
        grad(random_numbers<T>(rows * n, 4)),
        y(x.size(), NAN),
        mean(rows, NAN),
        rstd(rows, NAN),
        grad_x(x.size(), NAN),
        grad_weight(n, NAN),
        grad_bias(n, NAN) {
    kernels_for<T>().layer_norm({.rows = rows,
                                 .n = n,
                                 .eps = 1e-3,
                                 .x = x.data(),
                                 .weight = weight.data(),
                                 .bias = bias.data(),
                                 .y = y.data(),
                                 .mean = centered ? mean.data() : nullptr,
                                 .rstd = rstd.data()});
    kernels_for<T>().layer_norm_backward({.rows = rows,
                                          .n = n,
                                          .x = x.data(),
                                          .weight = weight.data(),
                                          .mean = centered ? mean.data() : nullptr,
                                          .rstd = rstd.data(),
                                          .grad = grad.data(),
                                          .grad_x = grad_x.data(),
                                          .grad_weight = grad_weight.data(),
                                          .grad_bias = grad_bias.data()});
  }

  void check() const {
    Doubles y2(x.size()), grad_x2(x.size()), grad_weight2(n), grad_bias2(n);
    for (int64_t i = 0; i < rows; ++i) {
      double sum = 0, square = 0, g_sum = 0, gy_sum = 0;
      for (int64_t j = 0; centered && j < n; ++j) sum += x[i * n + j];
      for (int64_t j = 0; j < n; ++j) square += (x[i * n + j] - sum / n) * (x[i * n + j] - sum / n);
      const double r = 1 / std::sqrt(square / n + 1e-3);
      auto normal = [&](int64_t j) { return (x[i * n + j] - sum / n) * r; };
      for (int64_t j = 0; j < n; ++j) {
        y2[i * n + j] = normal(j) * weight[j] + bias[j];
        grad_weight2[j] += grad[i * n + j] * normal(j);
        grad_bias2[j] += grad[i * n + j];
        if (centered) g_sum += grad[i * n + j] * weight[j];
        gy_sum += grad[i * n + j] * weight[j] * normal(j);
      }
      for (int64_t j = 0; j < n; ++j)
        grad_x2[i * n + j] = r * (grad[i * n + j] * weight[j] - g_sum / n - normal(j) * gy_sum / n);
    }
    CHECK(distance(y, y2) < 4 * bound<T>(n));
    CHECK(distance(grad_x, grad_x2) < 40 * bound<T>(n));
    CHECK(distance(grad_weight, grad_weight2) < 40 * bound<T>(rows));
    CHECK(distance(grad_bias, grad_bias2) < 4 * bound<T>(rows));
  }

  int64_t rows, n;
  bool centered;  // else it is rms_norm
  std::vector<T> x, weight, bias, grad, y, mean, rstd, grad_x, grad_weight, grad_bias;
};

// -- softmax

template <class T>
void check_softmax(int64_t rows, int64_t n, bool log) {
  const std::vector<T> x = random_numbers<T>(rows * n, 1), grad = random_numbers<T>(rows * n, 2);
  std::vector<T> y(x.size()), grad_x(x.size());
  kernels_for<T>().softmax({.rows = rows, .n = n, .log = log, .x = x.data(), .y = y.data()});
  kernels_for<T>().softmax_backward(
      {.rows = rows, .n = n, .log = log, .y = y.data(), .grad = grad.data(), .grad_x = grad_x.data()});
  Doubles y2(x.size()), grad_x2(x.size());
  for (int64_t i = 0; i < rows * n; i += n) {
    double sum = 0, mean = 0, total = 0;
    for (int64_t j = i; j < i + n; ++j) sum += std::exp(static_cast<double>(x[j]));
    for (int64_t j = i; j < i + n; ++j) {
      const double p = std::exp(static_cast<double>(x[j])) / sum;
      mean += p * grad[j];
      total += grad[j];
      y2[j] = log ? std::log(p) : p;
    }
    for (int64_t j = i; j < i + n; ++j) {
      const double p = std::exp(static_cast<double>(x[j])) / sum;
      grad_x2[j] = log ? grad[j] - p * total : p * (grad[j] - mean);
    }
  }
  CHECK(distance(y, y2) < 4 * bound<T>(n));
  CHECK(distance(grad_x, grad_x2) < 4 * bound<T>(n));
}

// -- cross-entropy

struct CrossEntropy {
  CrossEntropy(int64_t rows, int64_t n, bool mean)
      : logits(random_numbers<float>(rows * n, 1)),
        targets(rows),
        logsumexp(rows),
        grad_logits(logits.size(), NAN) {
    for (int64_t i = 0; i < rows; ++i) targets[i] = i % 5 == 3 ? -100 : i * 7 % n;
    args = {.rows = rows,
            .n = n,
            .mean = mean,
            .logits = logits.data(),
            .targets = targets.data(),
            .loss = &loss,
            .logsumexp = logsumexp.data()};
  }

  void run() {
    CHECK(kernels().f32.cross_entropy(args) == -1);
    kernels().f32.cross_entropy_backward({.forward = args, .grad = &grad, .grad_logits = grad_logits.data()});
  }

  void check() {
    run();
    double total = 0;
    int64_t counted = 0;
    for (int64_t t : targets) counted += t >= 0;
    const double scale = args.mean ? grad / static_cast<double>(counted) : grad;
    Doubles grad_logits2(logits.size());
    for (int64_t i = 0; i < args.rows; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < args.n; ++j) sum += std::exp(static_cast<double>(logits[i * args.n + j]));
      if (targets[i] < 0) continue;
      total += std::log(sum) - logits[i * args.n + targets[i]];
      for (int64_t j = 0; j < args.n; ++j)
        grad_logits2[i * args.n + j] =
            scale * (std::exp(static_cast<double>(logits[i * args.n + j])) / sum - (j == targets[i]));
    }
    CHECK(loss == doctest::Approx(args.mean ? total / static_cast<double>(counted) : total).epsilon(1e-5));
    CHECK(distance(grad_logits, grad_logits2) < 1e-5);
  }

  std::vector<float> logits;
  std::vector<int64_t> targets;
  std::vector<float> logsumexp, grad_logits;
  float loss = NAN, grad = 1.5;
  CrossEntropyArgs<float> args;
};

}  // namespace

TEST_CASE("layer norm and rms norm: values and gradients against the formulas in double") {
  for (const auto& [rows, n] : kShapes)
    for (bool centered : {true, false}) {
      CAPTURE(rows);
      CAPTURE(n);
      CAPTURE(centered);
      LayerNorm<float>(rows, n, centered).check();
      LayerNorm<double>(rows, n, centered).check();
    }
}

TEST_CASE("layer norm: an offset far larger than the spread does not spoil the variance") {
  std::vector<float> x(64), y(64), mean(1), rstd(1);
  for (int i = 0; i < 64; ++i) x[i] = 10000 + static_cast<float>(i % 2);
  kernels().f32.layer_norm(
      {.rows = 1, .n = 64, .eps = 0, .x = x.data(), .y = y.data(), .mean = mean.data(), .rstd = rstd.data()});
  for (int i = 0; i < 64; ++i) CHECK(y[i] == doctest::Approx(i % 2 ? 1 : -1));
}

TEST_CASE("softmax and log-softmax: values and gradients against the formulas in double") {
  for (const auto& [rows, n] : kShapes)
    for (bool log : {false, true}) {
      CAPTURE(rows);
      CAPTURE(n);
      CAPTURE(log);
      check_softmax<float>(rows, n, log);
      check_softmax<double>(rows, n, log);
    }
}

TEST_CASE("softmax: large, infinite and NaN inputs") {
  const float infinity = INFINITY;
  const std::vector<float> x = {1000, 0, -infinity, 999,       NAN,       1,
                                2,    3, -infinity, -infinity, -infinity, -infinity};
  std::vector<float> y(x.size());
  kernels().f32.softmax({.rows = 3, .n = 4, .x = x.data(), .y = y.data()});
  CHECK(y[0] == doctest::Approx(1 / (1 + std::exp(-1.0))));
  CHECK(y[1] == 0);
  CHECK(y[2] == 0);
  for (int i = 4; i < 12; ++i) CHECK(std::isnan(y[i]));
}

TEST_CASE("cross-entropy: loss and gradient against the formulas in double, ignored rows included") {
  for (const auto& [rows, n] : kShapes)
    for (bool mean : {false, true}) {
      CAPTURE(rows);
      CAPTURE(n);
      CrossEntropy(rows, n, mean).check();
    }
}

TEST_CASE("cross-entropy: the first target out of range is reported") {
  CrossEntropy problem(20, 10, true);
  problem.targets[7] = 10;
  problem.targets[9] = -1;
  CHECK(kernels().f32.cross_entropy(problem.args) == 7);
  problem.targets[7] = 0;
  CHECK(kernels().f32.cross_entropy(problem.args) == 9);
}

TEST_CASE("rows: the same bits for any number of threads") {
  for (bool centered : {true, false})
    check_same_for_all_thread_counts([centered] {
      const LayerNorm<float> norm(3000, 65, centered);
      return std::vector{norm.y, norm.grad_x, norm.grad_weight, norm.grad_bias};
    });
  check_same_for_all_thread_counts([] {
    CrossEntropy problem(5000, 33, true);
    problem.run();
    return std::vector{problem.grad_logits, std::vector{problem.loss}};
  });
}

TEST_CASE(
    "cross-entropy: weights, smoothing, reductions and dimensions of classes anywhere, beside the body") {
  for (DType dtype : {DType::float32, DType::float64})
    for (const IntList& shape : {IntList{37}, IntList{40, 19}, IntList{3, 5, 70}, IntList{2, 33, 4, 9}})
      for (const char* reduction : {"none", "sum", "mean"})
        for (double smoothing : {0.0, 0.1, 1.0})
          for (bool weighed : {false, true}) {
            CAPTURE(shape.size());
            CAPTURE(std::string(reduction));
            CAPTURE(smoothing);
            CAPTURE(weighed);
            const size_t dim = shape.size() > 1;
            const int64_t classes = shape[dim];
            IntList items = shape;
            items.erase(dim);
            Tensor logits = some_normals(shape, 1, dtype) * 5;
            Tensor targets = some_numbers(items, classes, 2);
            targets = where(eq(some_numbers(items, 4, 3), 0), -100, targets);
            if (items.empty()) targets = argmax(some_normals({classes}, 4, dtype));  // a weight to divide by
            Tensor weight = weighed ? relu(some_normals({classes}, 4, dtype)) : Tensor();
            Tensor x = transpose(transpose(logits, 0, -1).contiguous(), 0, -1).requires_grad_();
            check_close_on_both_backends(dtype == DType::float32 ? 2e-5 : 1e-13, [&] {
              x.set_grad({});
              Tensor loss = cross_entropy(
                  x, targets, {.weight = weight, .reduction = reduction, .label_smoothing = smoothing});
              (loss * arange(1, loss.numel() + 1).reshape(loss.shape())).sum().backward();
              return std::vector{loss.detach(), x.grad()};
            });
          }
}

TEST_CASE("cross-entropy: a class without a share adds nothing, however unlikely it is") {
  const float infinity = INFINITY;
  Tensor x = from_values<float>(std::vector<float>{1, 2, -infinity, -infinity, 0, 3}, {2, 3});
  Tensor weight = from_values<float>(std::vector<float>{1, 2, 0}, {3});
  Tensor targets = from_values<int64_t>(std::vector<int64_t>{1, 2}, {2});
  check_close_on_both_backends(1e-6, [&] {
    return std::vector{
        cross_entropy(x, targets, {.weight = weight, .reduction = "none", .label_smoothing = 0.5}),
        cross_entropy(x, targets, {.reduction = "none", .label_smoothing = 0.5}),
        cross_entropy(x, targets, {.reduction = "none"})};
  });
}

TEST_CASE("cross-entropy: where no item has a weight, none has a gradient") {
  Tensor x = some_normals({3, 2}, 1).requires_grad_(), targets = zeros({3}, {.dtype = DType::int64});
  Tensor weight = from_values<float>(std::vector<float>{0, 1}, {2});
  for (double smoothing : {0.0, 0.1})
    check_close_on_both_backends(1e-6, [&] {
      x.set_grad({});
      cross_entropy(x, targets, {.weight = weight, .label_smoothing = smoothing}).backward();
      CHECK(isfinite(x.grad()).all().item<bool>());
      return std::vector{x.grad()};
    });
}

TEST_CASE("softmax and log-softmax: along any dimension of any layout, into any") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor x = some_normals({3, 17, 5, 8}, 1, dtype), g = some_normals({3, 17, 5, 8}, 2, dtype);
    for (const Tensor& input :
         {x, transpose(x, 1, 3), clone(x, {.memory_format = "channels_last"}), flip(x, {2})})
      for (int64_t dim : {0, 1, 2, 3, -2}) {
        CAPTURE(dim);
        check_close_on_both_backends(dtype == DType::float32 ? 1e-5 : 1e-13, [&] {
          Tensor leaf = detach(input).requires_grad_();
          Tensor y = softmax(leaf, dim), z = log_softmax(leaf, dim);
          (y * z * g.reshape(y.shape())).sum().backward();
          Tensor in_place = clone(x);
          softmax_out(transpose(in_place, 0, 2), transpose(in_place, 0, 2), dim);
          return std::vector{y.detach(), z.detach(), leaf.grad(), in_place};
        });
      }
  }
}

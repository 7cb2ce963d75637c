// Results that come when asked for, lists, plain bools and in-place names, as C++ calls them.
#include <doctest/doctest.h>

#include "rushlight/jit/trace.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

using Numbers = std::vector<int64_t>;

Tensor whole(const Numbers& numbers) {
  return from_values<int64_t>(numbers, static_cast<int64_t>(numbers.size()));
}
Numbers list(const Tensor& tensor) { return tensor.to_vector<int64_t>(); }

}  // namespace

TEST_CASE("unique: what was not asked for is undefined") {
  Tensor x = whole({3, 1, 3, 2, 1});
  UniqueResult alone = unique(x);
  CHECK(list(alone.output) == Numbers{1, 2, 3});
  CHECK_FALSE(alone.inverse_indices.defined());
  CHECK_FALSE(alone.counts.defined());
  UniqueResult all = unique(x, {.return_inverse = true, .return_counts = true});
  CHECK(list(all.inverse_indices) == Numbers{2, 0, 2, 1, 0});
  CHECK(list(all.counts) == Numbers{2, 1, 2});
  CHECK(list(unique_all(x).indices) == Numbers{1, 3, 0});
}

TEST_CASE("nonzero: one matrix, or a list of indices") {
  Tensor x = reshape(whole({0, 5, 7, 0}), {2, 2});
  CHECK(list(nonzero(x)) == Numbers{0, 1, 1, 0});
  CHECK(nonzero(x, true).size() == 2);
  CHECK(nonzero(x, false).size() == 1);
  CHECK(list(where(x > 5)[1]) == Numbers{0});
  CHECK(list(x(x > 0)) == Numbers{5, 7});
}

TEST_CASE("plain bools, and a trace of a matrix beside the tracer") {
  Tensor x = full({2, 2}, 1.5);
  CHECK(equal(x, x));
  CHECK_FALSE(x.allclose(x + 1.0));
  CHECK(trace(x).item<double>() == 3);
  CHECK(x.trace().item<double>() == 3);
  CHECK(has(error_of([&] { (void)is_nonzero(x); }), "(2, 2)"));
}

TEST_CASE("scatter_reduce: an element that does not take part shares no gradient, even of the same value") {
  Tensor x = full(2, 5.0).requires_grad_(), src = full(1, 5.0).requires_grad_();
  auto gradients = [&](bool include_self) {
    Tensor largest = scatter_reduce(x, 0, whole({1}), src, "amax", {.include_self = include_self});
    return grad({sum(largest)}, {x, src});
  };
  CHECK(gradients(true)[0].to_vector<float>() == std::vector<float>{1, 0.5});
  CHECK(gradients(true)[1].item<float>() == 0.5f);
  CHECK(gradients(false)[0].to_vector<float>() == std::vector<float>{1, 0});
  CHECK(gradients(false)[1].item<float>() == 1);
}

TEST_CASE("scatter_reduce: of a product each factor gets the others, also beside zeros") {
  Tensor x = full(1, 2.0).requires_grad_();
  auto gradients = [&](const std::vector<float>& factors) {
    Tensor src = from_values<float>(factors, static_cast<int64_t>(factors.size())).requires_grad_();
    Tensor index = zeros(src.shape(), {.dtype = DType::int64});
    std::vector<Tensor> found = grad({sum(scatter_reduce(x, 0, index, src, "prod"))}, {x, src});
    std::vector<float> numbers = found[1].to_vector<float>();
    numbers.insert(numbers.begin(), found[0].item<float>());
    return numbers;
  };
  CHECK(gradients({3, 5}) == std::vector<float>{15, 10, 6});
  CHECK(gradients({0, 5}) == std::vector<float>{0, 10, 0});
  CHECK(gradients({0, 0}) == std::vector<float>{0, 0, 0});
  CHECK(gradients({}) == std::vector<float>{1});
}

TEST_CASE("scatter_reduce: what takes no part in a mean keeps its gradient") {
  Tensor x = full(2, 2.0).requires_grad_(), src = full(2, 1.0).requires_grad_();
  Tensor means = scatter_reduce(x, 0, whole({0, 0}), src, "mean", {.include_self = false});
  std::vector<Tensor> found = grad({sum(means)}, {x, src});
  CHECK(found[0].to_vector<float>() == std::vector<float>{0, 1});
  CHECK(found[1].to_vector<float>() == std::vector<float>{0.5, 0.5});
}

TEST_CASE("scatter_reduce: a number and a vector of one meet") {
  Tensor x = full(3, 2.0), number = full({}, 5.0).requires_grad_();
  Tensor written = scatter_reduce(x, 0, whole({1}), number, "amax");
  CHECK(grad({sum(written)}, {number})[0].item<float>() == 1);
}

TEST_CASE("scatter_reduce: what nothing is read of has a gradient of zeros") {
  Tensor x = full(2, 2.0).requires_grad_(), src = full(3, 1.0).requires_grad_();
  Tensor total = sum(scatter_reduce(x, 0, zeros({0}, {.dtype = DType::int64}), src, "amax"));
  std::vector<Tensor> found = grad({total}, {x, src});
  CHECK(found[0].to_vector<float>() == std::vector<float>{1, 1});
  CHECK(found[1].to_vector<float>() == std::vector<float>{0, 0, 0});
  Tensor matrix = full({2, 3}, 2.0),
         wide = zeros({0, 5}, {.dtype = DType::int64});  // wider than src, which is not read
  Tensor one = full({1, 1}, 1.0).requires_grad_();
  CHECK(grad({sum(scatter_reduce(matrix, 0, wide, one, "sum"))}, {one})[0].item<float>() == 0);
}

TEST_CASE("cat: a vector of nothing joins anything, and the others say which dimensions there are") {
  Tensor x = full({2, 3}, 1.0), joined = cat({zeros({0}), x, zeros({0}), x}, {.dim = 1});
  CHECK(joined.size(0) == 2);
  CHECK(joined.size(1) == 6);
}

TEST_CASE("tril_indices: a matrix may have as many places as can be counted twice over") {
  auto list = [](int64_t rows) { return error_of([&] { (void)tril_indices(rows, 1); }); };
  CHECK_FALSE(has(list(INT64_MAX / 4), "too many places"));
  CHECK(has(list(INT64_MAX / 4 + 1), "too many places"));
}

TEST_CASE("normal_ and random_ write in place") {
  manual_seed(3);
  Tensor x = zeros({100});
  CHECK(x.normal_({.mean = 7, .std = 0.1}).is_same(x));
  CHECK(amin(x).item<double>() > 6);
  CHECK(amax(abs(x.normal_())).item<double>() < 6.5);
  CHECK(amax(x.random_(5)).item<double>() == 4);
  CHECK(amin(x.random_(-2, 2)).item<double>() == -2);
  CHECK(equal(x.normal_({.mean = 7, .std = 0}), full({100}, 7.0)));
}

TEST_CASE("clipping changes the gradients it is given") {
  std::vector<Tensor> grads = {full(1, 3.0), full({1, 1}, 4.0)};
  CHECK(clip_grad_norm(grads, 1.0).item<double>() == 5);
  CHECK(get_total_norm(grads).item<double>() == doctest::Approx(1));
  clip_grad_value(grads, 0.1);
  CHECK(grads[1].item<float>() == 0.1f);
}

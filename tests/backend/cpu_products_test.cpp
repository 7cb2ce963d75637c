// What the cpu backend takes of matrix products and optimizer steps itself, whatever the strides: on the
// plain loops of the reference such a call is a hundred times slower, and nothing else would show it.
#include <memory>

#include "rushlight/backend/cpu/bindings.h"
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

// Whether the kernel takes the product; if so, it is right.
bool takes_product(const Tensor& a, const Tensor& b) {
  const Tensor expected = by_reference([&] { return matmul(a, b); });
  const Tensor out = empty(expected.shape(), a.dtype());
  const Tensor* const in[] = {&a, &b};
  if (!cpu::matmul({OpId::matmul, Part::forward, {in, 2}, {&out, 1}, {}})) return false;
  CHECK(allclose(out, expected, {.rtol = 1e-4, .atol = 1e-4}));
  return true;
}

Tensor normals(const IntList& shape, const IntList& dims = {}) {
  const Tensor made = some_normals(shape, 1);
  return dims.size() ? permute(made, dims) : made;
}

}  // namespace

TEST_CASE("matmul on cpu: batches in any strides") {
  CHECK(
      takes_product(normals({3, 20, 4, 16}, {0, 2, 1, 3}), normals({3, 20, 4, 16}, {0, 2, 3, 1})));  // heads
  CHECK(takes_product(normals({2, 4, 9, 16}), normals({4, 16, 8})));  // broadcast along the first
  CHECK(takes_product(normals({2, 1, 9, 16}), normals({1, 4, 16, 8})));
  CHECK(takes_product(normals({2, 1, 3, 4, 5, 6}), normals({7, 1, 4, 6, 3})));
  CHECK(takes_product(normals({4, 3, 2, 5, 6}, {2, 1, 0, 3, 4}), normals({2, 4, 3, 6, 7}, {0, 2, 1, 3, 4})));
  CHECK(takes_product(normals({6}), normals({3, 2, 6, 5}, {1, 0, 2, 3})));
  CHECK(takes_product(normals({5, 3, 2, 6}, {2, 1, 0, 3}), normals({6})));
  CHECK(takes_product(normals({2, 3, 1, 6}), normals({3, 6, 1})));
}

TEST_CASE("matmul on cpu: a vector with gaps") {
  CHECK(takes_product(normals({40, 30}), normals({60}).as_strided({30}, {2})));
  CHECK(takes_product(normals({60}).as_strided({30}, {2}), normals({30, 40})));
}

TEST_CASE("products and convolutions of halves are those of float32, rounded") {
  for (const DType half : {DType::bfloat16, DType::float16}) {
    const auto halves = [&](const Tensor& x) { return x.to(half); };
    const auto wide = [](const Tensor& x) { return x.to(DType::float32); };
    const Tensor a = halves(normals({3, 30, 40})), b = halves(normals({40, 50}));
    CHECK(equal(matmul(a, b), halves(matmul(wide(a), wide(b)))));
    const Tensor x = halves(normals({2, 3, 9, 10})), w = halves(normals({4, 3, 3, 3}));
    CHECK(equal(conv2d(x, w), halves(conv2d(wide(x), wide(w)))));
    const Tensor last = x.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
    CHECK(equal(conv2d(last, w), conv2d(x, w)));
  }
}

TEST_CASE("products of halves that are empty read nothing, whatever their strides") {
  const auto nothing = std::make_unique<char[]>(1);  // as NumPy has it, so that a sanitizer sees a read
  const int64_t sizes[] = {30, 2, 0}, strides[] = {0, 0, 0};
  const Tensor a = from_blob(nothing.get(), Layout(sizes, strides, 0), DType::float16, nullptr, nullptr);
  const Tensor product = matmul(a, zeros({0, 3}, {.dtype = DType::float16}));
  CHECK(equal(product, zeros({30, 2, 3}, {.dtype = DType::float16})));
}

TEST_CASE("optimizer steps on cpu: gradients and parameters in any order of dimensions") {
  // Of these numbers, the tensor that lies in memory in that order of dimensions.
  const auto laid = [](const Tensor& x, bool turned) {
    return turned ? contiguous(x.transpose(1, 2)).transpose(1, 2) : clone(x);
  };
  const Tensor numbers = some_normals({3, 6, 5}, 1), slopes = some_normals({3, 6, 5}, 2),
               expected = numbers - slopes * 0.5;
  for (const bool turned_param : {false, true})
    for (const bool turned_gradient : {false, true}) {
      const Tensor param = laid(numbers, turned_param), gradient = laid(slopes, turned_gradient);
      const Tensor no_factor, *const in[] = {&param, &gradient, &no_factor};
      const Attr attrs[] = {Attr(Slot(0.5)), Attr(0.0), Attr(false)};
      CHECK(cpu::sgd_step({OpId::sgd_step, Part::forward, {in, 3}, {&param, 1}, attrs}));
      CHECK(allclose(param, expected));
      CHECK(equal(gradient, slopes));
    }
}

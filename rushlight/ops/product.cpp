// Products of fixed ranks and what is built on them: mm, bmm, mv, dot, outer, kron, bilinear, cross ...
#include <cmath>

#include "rushlight/ops/product_rules.h"

namespace rushlight {

void expect_given(const char* op, const char* name, const Tensor& tensor) {
  if (!tensor.defined())
    fail(ErrorKind::type, "[", op, "] argument '", name, "' must be a tensor, but none was given");
}

void expect_exact_rank(const char* op, const char* name, const Tensor& tensor, int rank) {
  expect_given(op, name, tensor);
  if (tensor.rank() != rank)
    fail(ErrorKind::runtime, "[", op, "] argument '", name, "' must have ", rank,
         " dimension(s), but its shape is ", tensor.shape());
}

void expect_one_dtype(const char* op, const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype())
    fail(ErrorKind::runtime, "[", op, "] expected all operands to have the same dtype, but got ", a.dtype(),
         " and ", b.dtype(), "; cast one with to(...)");
}

void expect_expandable(const char* op, const char* name, const Tensor& tensor, IntSpan shape) {
  IntSpan own = tensor.shape();
  bool fits = own.size() <= shape.size();
  for (size_t d = 0; fits && d < own.size(); ++d) {
    int64_t size = own[own.size() - 1 - d];
    fits = size == 1 || size == shape[shape.size() - 1 - d];
  }
  if (!fits)
    fail(ErrorKind::runtime, "[", op, "] argument '", name, "' has shape ", own,
         ", which does not broadcast to the result's ", shape);
}

Tensor checked_product(const char* op, const Tensor& a, int rank_a, const Tensor& b, int rank_b) {
  expect_exact_rank(op, "left operand", a, rank_a);
  expect_exact_rank(op, "right operand", b, rank_b);
  expect_one_dtype(op, a, b);
  int64_t left = a.shape().back(), right = b.size(rank_b == 1 ? 0 : -2);
  if (left != right)
    fail(ErrorKind::runtime, "[", op, "] ", a.shape(), " @ ", b.shape(), ": inner sizes differ (", left,
         " vs ", right, ")");
  if (rank_a == 3 && a.size(0) != b.size(0))
    fail(ErrorKind::runtime, "[", op, "] ", a.shape(), " @ ", b.shape(), ": batch sizes differ (", a.size(0),
         " vs ", b.size(0), ")");
  return matmul(a, b);
}

Tensor mm(const Tensor& input, const Tensor& mat2) { return checked_product("mm", input, 2, mat2, 2); }
Tensor bmm(const Tensor& input, const Tensor& mat2) { return checked_product("bmm", input, 3, mat2, 3); }
Tensor mv(const Tensor& input, const Tensor& vec) { return checked_product("mv", input, 2, vec, 1); }
Tensor dot(const Tensor& input, const Tensor& tensor) { return checked_product("dot", input, 1, tensor, 1); }
Tensor vdot(const Tensor& input, const Tensor& other) { return checked_product("vdot", input, 1, other, 1); }

Tensor inner(const Tensor& input, const Tensor& other) {
  expect_given("inner", "input", input);
  expect_given("inner", "other", other);
  if (input.rank() == 0 || other.rank() == 0) return input * other;
  if (input.shape().back() != other.shape().back())
    fail(ErrorKind::runtime, "[inner] the last dimensions of ", input.shape(), " and ", other.shape(),
         " must be equal");
  return tensordot(input, other, -1, -1);
}

Tensor outer(const Tensor& input, const Tensor& vec2) {
  expect_exact_rank("outer", "input", input, 1);
  expect_exact_rank("outer", "vec2", vec2, 1);
  return unsqueeze(input, 1) * vec2;
}

namespace {

// A whole tensor is scaled by a whole number, so that it stays one.
Tensor scaled(const char* op, const char* name, const Tensor& t, double factor) {
  if (factor == 1) return t;
  if (is_floating(t.dtype())) return t * factor;
  if (factor != std::floor(factor))
    fail(ErrorKind::runtime, "[", op, "] ", name, " must be a whole number for tensors of ", t.dtype(),
         ", but it is ", factor);
  return t * static_cast<int64_t>(factor);
}

template <class Options>
Tensor add_product(const char* op, const Tensor& input, const Tensor& product, const Options& options) {
  expect_given(op, "input", input);
  expect_one_dtype(op, input, product);
  expect_expandable(op, "input", input, product.shape());
  Tensor addend = scaled(op, "alpha", product, options.alpha);
  return options.beta == 0 ? addend : scaled(op, "beta", input, options.beta) + addend;
}

}  // namespace

Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2, const AddmmOptions& options) {
  return add_product("addmm", input, checked_product("addmm", mat1, 2, mat2, 2), options);
}
Tensor addmv(const Tensor& input, const Tensor& mat, const Tensor& vec, const AddmvOptions& options) {
  return add_product("addmv", input, checked_product("addmv", mat, 2, vec, 1), options);
}
Tensor addr(const Tensor& input, const Tensor& vec1, const Tensor& vec2, const AddrOptions& options) {
  expect_exact_rank("addr", "vec1", vec1, 1);
  expect_exact_rank("addr", "vec2", vec2, 1);
  return add_product("addr", input, outer(vec1, vec2), options);
}
Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2,
               const BaddbmmOptions& options) {
  return add_product("baddbmm", input, checked_product("baddbmm", batch1, 3, batch2, 3), options);
}
Tensor addbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const AddbmmOptions& options) {
  Tensor products = checked_product("addbmm", batch1, 3, batch2, 3);
  Tensor total = sum(products, {.dim = 0, .dtype = products.dtype()});
  return add_product("addbmm", input, total, options);
}

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const BilinearOptions& options) {
  expect_given("bilinear", "input1", input1);
  expect_given("bilinear", "input2", input2);
  expect_exact_rank("bilinear", "weight", weight, 3);
  expect_one_dtype("bilinear", input1, input2);
  expect_one_dtype("bilinear", input1, weight);
  IntSpan left = input1.shape(), right = input2.shape();
  bool same_batch =
      !left.empty() && left.size() == right.size() && std::equal(left.begin(), left.end() - 1, right.begin());
  if (!same_batch)
    fail(ErrorKind::runtime, "[bilinear] input1 ", left, " and input2 ", right,
         " must agree in all dimensions but the last");
  if (left.back() != weight.size(1) || right.back() != weight.size(2))
    fail(ErrorKind::runtime, "[bilinear] weight ", weight.shape(), " takes ", weight.size(1), " and ",
         weight.size(2), " features, but the inputs have ", left.back(), " and ", right.back());
  // one product over all outputs at once, then one per item
  int64_t outputs = weight.size(0);
  Tensor flat = reshape(permute(weight, {1, 0, 2}), {left.back(), outputs * right.back()});
  Shape shape = to_ints(left.first(left.size() - 1));
  shape.push_back(outputs);
  shape.push_back(right.back());
  Tensor by_output = reshape(matmul(input1, flat), shape);
  Tensor result = squeeze(matmul(by_output, unsqueeze(input2, -1)), {.dim = -1});
  if (!options.bias.defined()) return result;
  expect_one_dtype("bilinear", result, options.bias);
  expect_expandable("bilinear", "bias", options.bias, result.shape());
  return result + options.bias;
}

Tensor kron(const Tensor& input, const Tensor& other) {
  expect_given("kron", "input", input);
  expect_given("kron", "other", other);
  auto rank = static_cast<size_t>(std::max(input.rank(), other.rank()));
  Shape blocks, items, result;  // one dimension after the other: (blocks, items)
  for (size_t d = 0; d < rank; ++d) {
    auto size = [&](const Tensor& t) {
      auto own = t.shape();
      return d + own.size() < rank ? 1 : own[d + own.size() - rank];
    };
    blocks.push_back(size(input));
    blocks.push_back(1);
    items.push_back(1);
    items.push_back(size(other));
    result.push_back(size(input) * size(other));
  }
  auto spread = [](const Tensor& t, const Shape& shape) { return t.is_weak() ? t : reshape(t, shape); };
  return reshape(spread(input, blocks) * spread(other, items), result);
}

Tensor linalg_trace(const Tensor& input) {
  expect_exact_rank("linalg_trace", "input", input, 2);
  if (input.dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[linalg_trace] is not defined for bool; cast with to(int64)");
  return sum(diagonal(input));
}

Tensor linalg_vecdot(const Tensor& x, const Tensor& y, const LinalgVecdotOptions& options) {
  expect_given("linalg_vecdot", "x", x);
  expect_given("linalg_vecdot", "y", y);
  expect_one_dtype("linalg_vecdot", x, y);
  if (x.dtype() == DType::boolean)
    fail(ErrorKind::runtime, "[linalg_vecdot] is not defined for bool; cast with to(int64)");
  return sum(x * y, {.dim = options.dim, .dtype = x.dtype()});
}

namespace {

Tensor cross_along(const char* op, const Tensor& input, const Tensor& other, int64_t dim) {
  expect_one_dtype(op, input, other);
  if (input.rank() != other.rank())
    fail(ErrorKind::runtime, "[", op, "] input ", input.shape(), " and other ", other.shape(),
         " must have the same number of dimensions");
  int along = wrap_dim(dim, input.rank(), op);
  if (input.rank() == 0 || input.size(along) != 3 || other.size(along) != 3)
    fail(ErrorKind::runtime, "[", op, "] dimension ", along, " must have size 3, but the shapes are ",
         input.shape(), " and ", other.shape());
  auto turned = [&](const Tensor& t, int64_t places) { return roll(t, places, {.dims = along}); };
  return turned(input, -1) * turned(other, -2) - turned(input, -2) * turned(other, -1);
}

}  // namespace

Tensor linalg_cross(const Tensor& input, const Tensor& other, const LinalgCrossOptions& options) {
  expect_given("linalg_cross", "input", input);
  expect_given("linalg_cross", "other", other);
  return cross_along("linalg_cross", input, other, options.dim);
}

Tensor cross(const Tensor& input, const Tensor& other, const CrossOptions& options) {
  expect_given("cross", "input", input);
  expect_given("cross", "other", other);
  if (options.dim) return cross_along("cross", input, other, *options.dim);
  Shape shape = broadcast_shapes(input.shape(), other.shape(), "cross");
  const int64_t* three = std::find(shape.begin(), shape.end(), 3);
  if (three == shape.end())
    fail(ErrorKind::runtime, "[cross] no dimension of ", input.shape(), " and ", other.shape(),
         " has size 3");
  return cross_along("cross", input, other, three - shape.begin());
}

}  // namespace rushlight

// Linear algebra of batches of matrices: determinant, inverse, solving, Cholesky and QR decomposition.
#include <algorithm>
#include <limits>

#include "rushlight/ops/product_rules.h"

namespace rushlight {

namespace {

void expect_matrices(const OpCall& call, size_t input, const char* name) {
  expect_rank(call, input, name, 2);
  DType dtype = call.in[input].dtype();
  if (dtype != DType::float32 && dtype != DType::float64)
    fail(ErrorKind::runtime, "[", call.name(), "] argument '", name,
         "' must be float32 or float64, but it is ", dtype, "; cast it with to(float32)");
}

void expect_square(const OpCall& call, size_t input, const char* name) {
  expect_matrices(call, input, name);
  const Tensor& t = call.in[input];
  if (t.size(-1) != t.size(-2))
    fail(ErrorKind::runtime, "[", call.name(), "] argument '", name,
         "' must be a square matrix, or a batch of them, ", "but its shape is ", t.shape());
}

IntSpan batch_of(IntSpan shape) { return shape.first(shape.size() - 2); }

Tensor as_columns(const Tensor& t) { return unsqueeze(t, -1); }
// One number per matrix, ready to be multiplied with the matrices.
Tensor per_matrix(const Tensor& t) { return unsqueeze(unsqueeze(t, -1), -1); }

OpDef square_op(OpId id, void (*infer)(OpCall&), void (*vjp)(Vjp&)) {
  OpDef def{id};
  def.infer = infer;
  def.vjp = vjp;
  return def;
}

// -- inverse and determinant

void inverse_infer(OpCall& call) {
  expect_square(call, 0, "input");
  call.emit(call.in[0].shape(), call.in[0].dtype());
}
void inverse_vjp(Vjp& v) {
  Tensor y = swap_last(v.output());
  v.set(0, neg(matmul(matmul(y, v.grad()), y)));
}

void det_infer(OpCall& call) {
  expect_square(call, 0, "input");
  for (int i = 0; i < call.def.outputs; ++i) call.emit(batch_of(call.in[0].shape()), call.in[0].dtype());
}
void det_vjp(Vjp& v) { v.set(0, per_matrix(v.grad() * v.output()) * swap_last(inverse(v.input(0)))); }
void slogdet_vjp(Vjp& v) {
  Tensor g = v.grad(1).defined() ? v.grad(1) : v.grad(0) * 0;  // the sign is constant
  v.set(0, per_matrix(g) * swap_last(inverse(v.input(0))));
}

// -- solving

// B holds vectors rather than matrices, as PyTorch decides it.
bool is_vectors(IntSpan a, IntSpan b) {
  IntSpan rows = a.first(a.size() - 1);
  return b.size() == 1 || (b.size() == rows.size() && std::equal(rows.begin(), rows.end(), b.begin()));
}

// The shape of X in A @ X = B (or X @ A = B), batches broadcast.
Shape solution_shape(const OpCall& call, bool left, bool vectors) {
  IntSpan a = call.in[0].shape(), b = call.in[1].shape();
  int64_t meets = vectors || !left ? b.back() : b[b.size() - 2];
  if (meets != a.back())
    fail(ErrorKind::runtime, "[", call.name(), "] matrices ", a, " and right-hand side ", b,
         " do not fit: ", a.back(), " vs ", meets);
  IntSpan batch_b = vectors ? b.first(b.size() - 1) : batch_of(b);
  Shape shape = broadcast_shapes(batch_of(a), batch_b, call.name());
  if (!vectors) shape.push_back(b[b.size() - 2]);
  shape.push_back(b.back());
  return shape;
}

void solve_infer(OpCall& call) {
  bool left = args::LinalgSolve(call.attrs).left;
  expect_square(call, 0, "A");
  expect_rank(call, 1, "B", 1);
  expect_same_dtype(call, 0, 1);
  bool vectors = is_vectors(call.in[0].shape(), call.in[1].shape());
  if (vectors && !left)
    fail(ErrorKind::runtime, "[linalg_solve] B ", call.in[1].shape(), " is a vector, so left must be True");
  Shape shape = solution_shape(call, left, vectors);
  call.emit(span_of(shape), call.in[0].dtype());
}
void solve_vjp(Vjp& v) {
  bool left = args::LinalgSolve(v.attrs()).left;
  bool vectors = is_vectors(v.input_shape(0), v.input_shape(1));
  Tensor x = v.output(), transposed = swap_last(v.input(0));
  if (vectors) x = as_columns(x);
  Tensor of_b = linalg_solve(transposed, vectors ? as_columns(v.grad()) : v.grad(), {.left = left});
  if (v.needs(0)) v.set(0, neg(left ? matmul(of_b, swap_last(x)) : matmul(swap_last(x), of_b)));
  if (v.needs(1)) v.set(1, vectors ? squeeze(of_b, {.dim = -1}) : of_b);
}

void solve_triangular_infer(OpCall& call) {
  expect_square(call, 0, "input");
  expect_matrices(call, 1, "B");
  expect_same_dtype(call, 0, 1);
  Shape shape = solution_shape(call, args::LinalgSolveTriangular(call.attrs).left, false);
  call.emit(span_of(shape), call.in[0].dtype());
}
void solve_triangular_vjp(Vjp& v) {
  args::LinalgSolveTriangular a(v.attrs());
  Tensor x = swap_last(v.output());
  Tensor of_b = linalg_solve_triangular(swap_last(v.input(0)), v.grad(), !a.upper,
                                        {.left = a.left, .unitriangular = a.unitriangular});
  if (v.needs(1)) v.set(1, of_b);
  if (!v.needs(0)) return;
  Tensor of_a = neg(a.left ? matmul(of_b, x) : matmul(x, of_b));
  int64_t off = a.unitriangular;
  v.set(0, a.upper ? triu(of_a, {.diagonal = off}) : tril(of_a, {.diagonal = -off}));
}

// -- decompositions

void cholesky_infer(OpCall& call) {
  expect_square(call, 0, "input");
  call.emit(call.in[0].shape(), call.in[0].dtype());
}
// The gradient is symmetric, as the input is.
void cholesky_vjp(Vjp& v) {
  bool upper = args::LinalgCholesky(v.attrs()).upper;
  Tensor l = upper ? swap_last(v.output()) : v.output(), g = upper ? swap_last(v.grad()) : v.grad();
  Tensor phi = tril(matmul(swap_last(l), g));
  Tensor symmetric = (phi + swap_last(tril(phi, {.diagonal = -1}))) * 0.5;
  Tensor half = linalg_solve_triangular(swap_last(l), symmetric, true);
  v.set(0, linalg_solve_triangular(l, half, false, {.left = false}));
}

enum class QrMode : uint8_t { reduced, complete, only_r };
QrMode qr_mode(const Attrs& attrs) {
  std::string mode = args::LinalgQr(attrs).mode;
  if (mode == "reduced") return QrMode::reduced;
  if (mode == "complete") return QrMode::complete;
  if (mode == "r") return QrMode::only_r;
  fail(ErrorKind::runtime, "[linalg_qr] mode is \"reduced\", \"complete\" or \"r\", not \"", mode, "\"");
}
void qr_infer(OpCall& call) {
  expect_matrices(call, 0, "A");
  const Tensor& a = call.in[0];
  QrMode mode = qr_mode(call.attrs);
  int64_t rows = a.size(-2), columns = a.size(-1);
  int64_t inner = mode == QrMode::complete ? rows : std::min(rows, columns);
  auto shape = [&](int64_t height, int64_t width) {
    Shape s = to_ints(batch_of(a.shape()));
    s.push_back(height);
    s.push_back(width);
    return s;
  };
  Shape q = mode == QrMode::only_r ? Shape{0} : shape(rows, inner), r = shape(inner, columns);
  call.emit(span_of(q), a.dtype());
  call.emit(span_of(r), a.dtype());
}
// The gradient of A = Q @ R for an R that is square.
Tensor tall_qr_gradient(const Tensor& q, const Tensor& r, const Tensor& g_q, const Tensor& g_r) {
  Tensor m = triu(matmul(g_r, swap_last(r)) - matmul(swap_last(q), g_q));
  Tensor symmetric = m + swap_last(triu(m, {.diagonal = 1}));
  return linalg_solve_triangular(swap_last(r), matmul(q, symmetric) + g_q, false, {.left = false});
}
void qr_vjp(Vjp& v) {
  Tensor q = v.output(0), r = v.output(1), g_q = v.grad(0), g_r = v.grad(1);
  QrMode mode = qr_mode(v.attrs());
  if (mode == QrMode::only_r)
    fail(ErrorKind::runtime, "[linalg_qr] mode \"r\" has no gradient; use \"reduced\"");
  int64_t rows = q.size(-2), columns = r.size(-1);
  if (mode == QrMode::complete && rows > columns)
    fail(ErrorKind::runtime,
         "[linalg_qr] mode \"complete\" has no gradient for more rows than columns; use \"reduced\"");
  if (!g_q.defined()) g_q = q * 0;
  if (!g_r.defined()) g_r = r * 0;
  if (rows >= columns) return v.set(0, tall_qr_gradient(q, r, g_q, g_r));
  // a wide A = [X, Y] and R = [U, V]: X = Q @ U, and V = Q.T @ Y
  auto left = [&](const Tensor& t) { return slice(t, {.dim = -1, .end = rows}); };
  auto right = [&](const Tensor& t) { return slice(t, {.dim = -1, .start = rows}); };
  g_q = g_q + matmul(matmul(q, right(r)), swap_last(right(g_r)));
  Tensor g_x = tall_qr_gradient(q, left(r), g_q, left(g_r)), g_y = matmul(q, right(g_r));
  v.set(0, cat({g_x, g_y}, {.dim = -1}));
}

}  // namespace

namespace defs {
const OpDef inverse = [] {
  OpDef def = square_op(OpId::inverse, inverse_infer, inverse_vjp);
  def.saved_outputs = 1;
  return def;
}();
const OpDef linalg_det = [] {
  OpDef def = square_op(OpId::linalg_det, det_infer, det_vjp);
  def.saved_inputs = def.saved_outputs = 1;
  return def;
}();
const OpDef linalg_slogdet = [] {
  OpDef def = square_op(OpId::linalg_slogdet, det_infer, slogdet_vjp);
  def.saved_inputs = 1;
  def.outputs = 2;
  return def;
}();
const OpDef linalg_solve = [] {
  OpDef def = square_op(OpId::linalg_solve, solve_infer, solve_vjp);
  def.saved_inputs = def.saved_outputs = 1;
  def.saves_facts = true;
  return def;
}();
const OpDef linalg_solve_triangular = [] {
  OpDef def = square_op(OpId::linalg_solve_triangular, solve_triangular_infer, solve_triangular_vjp);
  def.saved_inputs = def.saved_outputs = 1;
  def.saves_facts = true;
  return def;
}();
const OpDef linalg_cholesky = [] {
  OpDef def = square_op(OpId::linalg_cholesky, cholesky_infer, cholesky_vjp);
  def.saved_outputs = 1;
  return def;
}();
const OpDef linalg_qr = [] {
  OpDef def = square_op(OpId::linalg_qr, qr_infer, qr_vjp);
  def.outputs = 2;
  def.saved_outputs = 3;
  return def;
}();
}  // namespace defs

// -- built on them

Tensor logdet(const Tensor& input) {
  LinalgSlogdetResult parts = slogdet(input);
  return where(parts.sign < 0, std::numeric_limits<double>::quiet_NaN(), parts.logabsdet);
}

Tensor cholesky(const Tensor& input, const CholeskyOptions& options) {
  return linalg_cholesky(input, {.upper = options.upper});
}

Tensor cholesky_solve(const Tensor& input, const Tensor& input2, const CholeskySolveOptions& options) {
  expect_given("cholesky_solve", "input2", input2);
  Tensor lower = options.upper ? swap_last(input2) : input2;
  return linalg_solve_triangular(swap_last(lower), linalg_solve_triangular(lower, input, false), true);
}

QrResult qr(const Tensor& input, const QrOptions& options) {
  LinalgQrResult parts = linalg_qr(input, {.mode = options.some ? "reduced" : "complete"});
  return {parts.Q, parts.R};
}

Tensor matrix_power(const Tensor& input, int64_t n) {
  expect_given("matrix_power", "input", input);
  if (input.rank() < 2 || input.size(-1) != input.size(-2))
    fail(ErrorKind::runtime, "[matrix_power] argument 'input' must be a square matrix, or a batch of them, ",
         "but its shape is ", input.shape());
  // an identity that, as far as autograd can tell, comes from the input
  if (n == 0) return where(full({}, true), eye(input.size(-1), {.dtype = input.dtype()}), input);
  Tensor square = n < 0 ? inverse(input) : input, result;
  // -n overflows for the lowest n; the unsigned number does not
  uint64_t left = n < 0 ? -static_cast<uint64_t>(n) : static_cast<uint64_t>(n);
  for (; left; left >>= 1) {
    if (left & 1) result = result.defined() ? matmul(result, square) : square;
    if (left > 1) square = matmul(square, square);
  }
  return n == 1 ? clone(result) : result;
}

}  // namespace rushlight

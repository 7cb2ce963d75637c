// Linear algebra, one matrix after the other, computed in double.
#include <algorithm>
#include <cmath>
#include <vector>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// A row-major matrix in somebody else's memory.
struct Matrix {
  double* data;
  int64_t rows, columns;
  double& operator()(int64_t i, int64_t j) const { return data[i * columns + j]; }
  void swap_rows(int64_t a, int64_t b) const {
    for (int64_t j = 0; j < columns; ++j) std::swap((*this)(a, j), (*this)(b, j));
  }
};

Tensor transposed(const Tensor& t) {
  Shape shape = to_ints(t.shape());
  Strides strides = to_ints(t.strides());
  size_t last = shape.size() - 1;
  std::swap(shape[last], shape[last - 1]);
  std::swap(strides[last], strides[last - 1]);
  return alias(t, Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, t.storage_offset()));
}

// The tensor with a last dimension of size 1: vectors as columns.
Tensor with_unit_dim(const Tensor& t) {
  Shape shape = to_ints(t.shape());
  Strides strides = to_ints(t.strides());
  shape.push_back(1);
  strides.push_back(1);
  return alias(t, Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, t.storage_offset()));
}
// Numbers as matrices of one element.
Tensor as_matrices(const Tensor& t) { return with_unit_dim(with_unit_dim(t)); }

// Copies of a batch of matrices as doubles.
class Batch {
 public:
  Batch(IntSpan leading, int64_t rows, int64_t columns) : rows_(rows), columns_(columns) {
    Shape shape = to_ints(leading);
    shape.push_back(rows);
    shape.push_back(columns);
    values_ = empty(shape, DType::float64);
    count_ = checked_numel(leading, "linear algebra");
  }
  Batch(IntSpan leading, const Tensor& source) : Batch(leading, source.size(-2), source.size(-1)) {
    copy_elements(values_, source);
  }
  explicit Batch(const Tensor& source) : Batch(leading_of(source), source) {}

  static IntSpan leading_of(const Tensor& t) { return t.shape().first(t.shape().size() - 2); }
  int64_t count() const { return count_; }
  Matrix operator[](int64_t i) const {
    return {static_cast<double*>(values_.raw_data()) + i * rows_ * columns_, rows_, columns_};
  }
  void write_to(const Tensor& out) const { copy_elements(out, values_); }

 private:
  Tensor values_;
  int64_t rows_, columns_, count_;
};

// What elimination tells: the permutation's sign, and the first pivot that is 0 (or -1).
struct Elimination {
  double sign = 1;
  int64_t zero_pivot = -1;
};

// a becomes L (below the diagonal, with 1 on it) and U; the rows of b are swapped alike.
Elimination eliminate(const Matrix& a, const Matrix* b = nullptr) {
  Elimination result;
  for (int64_t k = 0; k < a.rows; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < a.rows; ++i)
      if (std::fabs(a(i, k)) > std::fabs(a(pivot, k))) pivot = i;
    if (a(pivot, k) == 0) {
      if (result.zero_pivot < 0) result.zero_pivot = k;
      continue;
    }
    if (pivot != k) {
      a.swap_rows(k, pivot);
      if (b) b->swap_rows(k, pivot);
      result.sign = -result.sign;
    }
    for (int64_t i = k + 1; i < a.rows; ++i) {
      double factor = a(i, k) /= a(k, k);
      for (int64_t j = k + 1; j < a.rows; ++j) a(i, j) -= factor * a(k, j);
    }
  }
  return result;
}

// b <- the x with a @ x = b, of a only one triangle read.
void substitute(const Matrix& a, const Matrix& b, bool upper, bool unit_diagonal) {
  for (int64_t step = 0; step < a.rows; ++step) {
    int64_t i = upper ? a.rows - 1 - step : step;
    for (int64_t j = 0; j < b.columns; ++j) {
      double value = b(i, j);
      for (int64_t k = upper ? i + 1 : 0; k < (upper ? a.rows : i); ++k) value -= a(i, k) * b(k, j);
      b(i, j) = unit_diagonal ? value : value / a(i, i);
    }
  }
}

void solve_each(const char* op, const Batch& matrices, const Batch& sides) {
  for (int64_t i = 0; i < matrices.count(); ++i) {
    Matrix a = matrices[i], b = sides[i];
    Elimination done = eliminate(a, &b);
    if (done.zero_pivot >= 0)
      fail(ErrorKind::linear_algebra, "[", op, "] matrix ", i, " of the batch is singular: its pivot ",
           done.zero_pivot + 1, " is zero");
    substitute(a, b, false, true);
    substitute(a, b, true, false);
  }
}

}  // namespace

bool inverse(const KernelCall& call) {
  Batch matrices(call.in[0]);
  int64_t n = call.in[0].size(-1);
  Batch result(Batch::leading_of(call.in[0]), n, n);
  for (int64_t m = 0; m < result.count(); ++m)
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) result[m](i, j) = i == j;
  solve_each("inverse", matrices, result);
  result.write_to(call.out[0]);
  return true;
}

bool linalg_det(const KernelCall& call) {
  Batch matrices(call.in[0]), result(call.out[0].shape(), 1, 1);
  for (int64_t m = 0; m < matrices.count(); ++m) {
    Matrix a = matrices[m];
    double& product = result[m](0, 0) = eliminate(a).sign;
    for (int64_t i = 0; i < a.rows; ++i) product *= a(i, i);
  }
  result.write_to(as_matrices(call.out[0]));
  return true;
}

bool linalg_slogdet(const KernelCall& call) {
  Batch matrices(call.in[0]), sign(call.out[0].shape(), 1, 1), size(call.out[1].shape(), 1, 1);
  for (int64_t m = 0; m < matrices.count(); ++m) {
    Matrix a = matrices[m];
    double &s = sign[m](0, 0) = eliminate(a).sign, &logarithm = size[m](0, 0) = 0;
    for (int64_t i = 0; i < a.rows; ++i) {
      s *= a(i, i) == 0 ? 0 : std::copysign(1, a(i, i));
      logarithm += std::log(std::fabs(a(i, i)));
    }
  }
  sign.write_to(as_matrices(call.out[0]));
  size.write_to(as_matrices(call.out[1]));
  return true;
}

// X @ A = B is A.T @ X.T = B.T.
bool linalg_solve(const KernelCall& call) {
  bool left = args::LinalgSolve(call.attrs).left;
  bool vectors = call.out[0].rank() < call.in[0].rank();
  Tensor a = call.in[0], b = call.in[1], out = call.out[0];
  if (vectors) b = with_unit_dim(b), out = with_unit_dim(out);
  if (!left) a = transposed(a), b = transposed(b), out = transposed(out);
  Batch matrices(Batch::leading_of(out), a), solution(Batch::leading_of(out), b);
  solve_each("linalg_solve", matrices, solution);
  solution.write_to(out);
  return true;
}

bool linalg_solve_triangular(const KernelCall& call) {
  args::LinalgSolveTriangular options(call.attrs);
  Tensor a = call.in[0], b = call.in[1], out = call.out[0];
  if (!options.left) a = transposed(a), b = transposed(b), out = transposed(out);
  Batch matrices(Batch::leading_of(out), a), solution(Batch::leading_of(out), b);
  for (int64_t m = 0; m < matrices.count(); ++m)
    substitute(matrices[m], solution[m], options.upper == options.left, options.unitriangular);
  solution.write_to(out);
  return true;
}

bool linalg_cholesky(const KernelCall& call) {
  bool upper = args::LinalgCholesky(call.attrs).upper;
  Batch matrices(upper ? transposed(call.in[0]) : call.in[0]);
  for (int64_t m = 0; m < matrices.count(); ++m) {
    Matrix a = matrices[m];
    for (int64_t j = 0; j < a.rows; ++j)
      for (int64_t i = 0; i < a.rows; ++i) {
        if (i < j) {
          a(i, j) = 0;
          continue;
        }
        double value = a(i, j);
        for (int64_t k = 0; k < j; ++k) value -= a(i, k) * a(j, k);
        if (i == j && !(value > 0))
          fail(ErrorKind::linear_algebra, "[linalg_cholesky] matrix ", m,
               " of the batch is not positive definite: its leading ", "minor of order ", j + 1, " is not");
        a(i, j) = i == j ? std::sqrt(value) : value / a(j, j);
      }
  }
  matrices.write_to(upper ? transposed(call.out[0]) : call.out[0]);
  return true;
}

namespace {

// I - scale * v @ v.T, which turns column k of r below the diagonal to 0; v, with v[k] = 1, is left there
// instead.
double reflect(const Matrix& r, int64_t k) {
  double tail = 0;
  for (int64_t i = k + 1; i < r.rows; ++i) tail = std::hypot(tail, r(i, k));
  if (tail == 0) return 0;
  double head = r(k, k), pivot = -std::copysign(std::hypot(head, tail), head);
  for (int64_t i = k + 1; i < r.rows; ++i) r(i, k) /= head - pivot;
  r(k, k) = pivot;
  return (pivot - head) / pivot;
}

// m's columns from `first` on, reflected by the vector that column k of r keeps.
void apply_reflection(const Matrix& r, int64_t k, double scale, const Matrix& m, int64_t first) {
  for (int64_t j = first; j < m.columns; ++j) {
    double along = m(k, j);
    for (int64_t i = k + 1; i < r.rows; ++i) along += r(i, k) * m(i, j);
    along *= scale;
    m(k, j) -= along;
    for (int64_t i = k + 1; i < r.rows; ++i) m(i, j) -= r(i, k) * along;
  }
}

}  // namespace

bool linalg_qr(const KernelCall& call) {
  Batch matrices(call.in[0]);
  const Tensor &q_out = call.out[0], &r_out = call.out[1];
  bool wants_q = args::LinalgQr(call.attrs).mode != "r";
  int64_t rows = call.in[0].size(-2), columns = call.in[0].size(-1), inner = r_out.size(-2);
  Batch q_all(Batch::leading_of(call.in[0]), rows, wants_q ? inner : 0);
  Batch r_all(Batch::leading_of(call.in[0]), inner, columns);
  for (int64_t m = 0; m < matrices.count(); ++m) {
    Matrix a = matrices[m], q = q_all[m], r = r_all[m];
    std::vector<double> scales;
    for (int64_t k = 0; k < std::min(rows, columns); ++k) {
      scales.push_back(reflect(a, k));
      apply_reflection(a, k, scales.back(), a, k + 1);
    }
    for (int64_t i = 0; i < inner; ++i)
      for (int64_t j = 0; j < columns; ++j) r(i, j) = j < i ? 0 : a(i, j);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < q.columns; ++j) q(i, j) = i == j;
    for (auto k = static_cast<int64_t>(scales.size()) - 1; k >= 0; --k)
      apply_reflection(a, k, scales[static_cast<size_t>(k)], q, 0);
  }
  if (wants_q) q_all.write_to(q_out);
  r_all.write_to(r_out);
  return true;
}

}  // namespace rushlight::reference

// einsum, tensordot and the product of a chain of matrices: which dimensions meet, and in which order.
#include <algorithm>
#include <limits>

#include "rushlight/ops/product_rules.h"

namespace rushlight {

namespace {

using Dims = Ints;

[[noreturn]] void complain(std::string_view equation, const std::string& what) {
  fail(ErrorKind::runtime, "[einsum] \"", equation, "\": ", what);
}

// The number of a letter, A-Z before a-z: the order of an output that the equation does not name.
constexpr int kLetters = 52;
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
int number_of(char c) { return c <= 'Z' ? c - 'A' : c - 'a' + 26; }
char letter_of(int number) { return static_cast<char>(number < 26 ? 'A' + number : 'a' + number - 26); }

constexpr int kEllipsis = kLetters;  // stands among the letters for "..."

// "ij...k" as numbers.
std::vector<int> read_term(std::string_view equation, std::string_view term) {
  std::vector<int> labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == ' ') continue;
    if (is_letter(term[i])) {
      labels.push_back(number_of(term[i]));
    } else if (term.substr(i, 3) == "...") {
      if (std::find(labels.begin(), labels.end(), kEllipsis) != labels.end())
        complain(equation, "a term has more than one ellipsis");
      labels.push_back(kEllipsis);
      i += 2;
    } else {
      complain(equation, join_text("'", std::string(1, term[i]),
                                   "' is neither a letter from a to z nor part of an ellipsis"));
    }
  }
  return labels;
}

// What an equation says, with every ellipsis spelled out: label kEllipsis + d is its dimension d, counted
// from the right.
struct Equation {
  std::vector<std::vector<int>> terms;
  std::vector<int> output;
};

std::vector<int> spell_ellipsis(const std::vector<int>& labels, int dimensions) {
  std::vector<int> spelled;
  for (int label : labels) {
    if (label != kEllipsis) spelled.push_back(label);
    for (int d = dimensions; label == kEllipsis && d > 0; --d) spelled.push_back(kEllipsis + d - 1);
  }
  return spelled;
}

// How many dimensions the ellipsis of a term stands for.
int ellipsis_rank(std::string_view equation, const std::vector<int>& labels, size_t position,
                  const Tensor& operand) {
  bool has_ellipsis = std::find(labels.begin(), labels.end(), kEllipsis) != labels.end();
  int named = static_cast<int>(labels.size()) - has_ellipsis, rank = operand.rank();
  if (named > rank || (named < rank && !has_ellipsis))
    complain(equation, join_text("operand ", position, " has shape ", operand.shape(),
                                 ", but its term names ", named, " dimension(s)"));
  return rank - named;
}

std::vector<int> implied_output(const std::vector<std::vector<int>>& terms, int widest_ellipsis) {
  int uses[kLetters] = {};
  for (const auto& term : terms)
    for (int label : term)
      if (label < kLetters) ++uses[label];
  std::vector<int> output = spell_ellipsis({kEllipsis}, widest_ellipsis);
  for (int label = 0; label < kLetters; ++label)
    if (uses[label] == 1) output.push_back(label);
  return output;
}

void check_output(std::string_view equation, const Equation& e) {
  for (auto at = e.output.begin(); at != e.output.end(); ++at) {
    if (*at >= kLetters) continue;
    std::string label(1, letter_of(*at));
    if (std::find(e.output.begin(), at, *at) != at)
      complain(equation, label + " appears twice in the output");
    bool known = std::any_of(e.terms.begin(), e.terms.end(), [&](const auto& term) {
      return std::find(term.begin(), term.end(), *at) != term.end();
    });
    if (!known) complain(equation, label + " appears in the output, but in no operand");
  }
}

Equation read(std::string_view equation, TensorList operands) {
  size_t arrow = equation.find("->");
  std::string_view inputs = equation.substr(0, arrow);
  Equation result;
  int widest = 0;
  for (size_t position = 0;; ++position) {
    size_t comma = inputs.find(',');
    if (position >= operands.size())
      complain(equation, join_text("has more terms than the ", operands.size(), " operand(s)"));
    std::vector<int> labels = read_term(equation, inputs.substr(0, comma));
    expect_given("einsum", "operands", operands[position]);
    int rank = ellipsis_rank(equation, labels, position, operands[position]);
    widest = std::max(widest, rank);
    result.terms.push_back(spell_ellipsis(labels, rank));
    if (comma == inputs.npos) break;
    inputs.remove_prefix(comma + 1);
  }
  if (result.terms.size() != operands.size())
    complain(equation, join_text("has ", result.terms.size(), " term(s) for ", operands.size(), " operands"));
  result.output = arrow == equation.npos
                      ? implied_output(result.terms, widest)
                      : spell_ellipsis(read_term(equation, equation.substr(arrow + 2)), widest);
  check_output(equation, result);
  return result;
}

// Every label's place in the common order of dimensions: those of the result first, then those summed away.
std::vector<int> axes_of(const Equation& equation) {
  std::vector<int> axes = equation.output;
  for (const auto& term : equation.terms)
    for (int label : term)
      if (std::find(axes.begin(), axes.end(), label) == axes.end()) axes.push_back(label);
  return axes;
}

// The operand with one dimension per axis, of size 1 where it lacks the label. A label that stands twice is a
// diagonal.
Tensor along_axes(std::string_view equation, const Tensor& operand, std::vector<int> labels,
                  const std::vector<int>& axes) {
  Tensor result = operand;
  for (size_t i = 0; i < labels.size(); ++i)
    for (size_t j = i + 1; j < labels.size(); ++j) {
      if (labels[j] != labels[i]) continue;
      if (result.shape()[i] != result.shape()[j])
        complain(equation,
                 join_text(std::string(1, letter_of(labels[i])), " stands twice in a term, for sizes ",
                           result.shape()[i], " and ", result.shape()[j]));
      result = diagonal(result, {.dim1 = static_cast<int64_t>(i), .dim2 = static_cast<int64_t>(j)});
      labels.push_back(labels[i]);  // the diagonal comes last
      labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(j));
      labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(i));
      j = i;
    }
  Ints order;
  for (int axis : axes) {
    auto at = std::find(labels.begin(), labels.end(), axis);
    if (at == labels.end()) {
      labels.push_back(axis);
      result = unsqueeze(result, -1);
      at = labels.end() - 1;
    }
    order.push_back(at - labels.begin());
  }
  return permute(result, order);
}

void check_sizes(std::string_view equation, const std::vector<Tensor>& operands) {
  for (size_t d = 0; d < operands[0].shape().size(); ++d) {
    int64_t known = 1;
    for (const Tensor& operand : operands) {
      int64_t size = operand.shape()[d];
      if (size != 1 && known != 1 && size != known)
        complain(equation,
                 join_text("a dimension has size ", known, " in one operand and ", size, " in another"));
      if (size != 1) known = size;
    }
  }
}

int64_t extent(IntSpan shape, const Dims& dims) {
  int64_t product = 1;
  for (int64_t d : dims) product *= shape[static_cast<size_t>(d)];
  return product;
}

Dims joined(std::initializer_list<const Dims*> groups) {
  Dims all;
  for (const Dims* group : groups)
    for (int64_t d : *group) all.push_back(d);
  return all;
}

// `t` as a batch of matrices, each side of them made of several dimensions; `ones` have size 1.
Tensor as_matrices(const Tensor& t, const Dims& batch, const Dims& rows, const Dims& columns,
                   const Dims& ones) {
  IntSpan shape = t.shape();
  return reshape(permute(t, joined({&batch, &rows, &columns, &ones})),
                 {extent(shape, batch), extent(shape, rows), extent(shape, columns)});
}

// What the other operand does not have can be summed before they are multiplied.
Tensor sum_unshared(const Tensor& t, const Tensor& other, const Dims& summed) {
  Dims unshared;
  for (int64_t d : summed)
    if (t.size(d) != 1 && other.size(d) == 1) unshared.push_back(d);
  return unshared.empty() ? t : sum(t, {.dim = unshared, .keepdim = true, .dtype = t.dtype()});
}

Tensor inverse_permute(const Tensor& t, const Dims& order) {
  Dims inverse(order.size());
  for (size_t d = 0; d < order.size(); ++d) inverse[static_cast<size_t>(order[d])] = static_cast<int64_t>(d);
  return permute(t, inverse);
}

// first * second, which have the same rank and broadcast, with the dimensions `summed` summed to size 1: one
// batched matrix product, or, where the two have none of these in common, one of elements.
Tensor multiply_and_sum(const Tensor& first, const Tensor& second, const Dims& summed) {
  Tensor a = sum_unshared(first, second, summed), b = sum_unshared(second, first, summed);
  Dims batch, rows, columns, met;
  for (int64_t d = 0; d < a.rank(); ++d) {
    bool goes = std::find(summed.begin(), summed.end(), d) != summed.end();
    if (b.size(d) == 1)
      rows.push_back(d);
    else if (a.size(d) == 1)
      columns.push_back(d);
    else
      (goes ? met : batch).push_back(d);
  }
  if (met.empty()) return a * b;
  expect_one_dtype("einsum", a, b);
  Tensor product =
      matmul(as_matrices(a, batch, rows, met, columns), as_matrices(b, batch, met, columns, rows));
  Dims order = joined({&batch, &rows, &columns, &met});
  Shape shape;
  for (int64_t d : order) {
    bool gone = std::find(met.begin(), met.end(), d) != met.end();
    shape.push_back(gone ? 1 : a.size(d) == 1 ? b.size(d) : a.size(d));
  }
  return inverse_permute(reshape(product, shape), order);
}

// The dimensions from `first` on that no operand from `next` on has.
Dims finished_dims(const std::vector<Tensor>& operands, size_t first, size_t next) {
  Dims dims;
  for (auto d = static_cast<int64_t>(first); d < operands[0].rank(); ++d) {
    bool needed = std::any_of(operands.begin() + static_cast<std::ptrdiff_t>(next), operands.end(),
                              [&](const Tensor& operand) { return operand.size(d) != 1; });
    if (!needed) dims.push_back(d);
  }
  return dims;
}

}  // namespace

Tensor einsum(std::string_view equation, TensorList operands) {
  if (operands.size() == 0) complain(equation, "needs at least one operand");
  Equation parsed = read(equation, operands);
  std::vector<int> axes = axes_of(parsed);
  std::vector<Tensor> aligned;
  for (size_t i = 0; i < operands.size(); ++i)
    aligned.push_back(along_axes(equation, operands[i], parsed.terms[i], axes));
  check_sizes(equation, aligned);
  size_t kept = parsed.output.size();
  Dims gone;
  for (size_t d = kept; d < axes.size(); ++d) gone.push_back(static_cast<int64_t>(d));
  Tensor result = aligned[0];
  if (aligned.size() == 1) return gone.empty() ? result : sum(result, {.dim = gone});
  for (size_t i = 1; i < aligned.size(); ++i)
    result = multiply_and_sum(result, aligned[i], finished_dims(aligned, kept, i + 1));
  return gone.empty() ? result : squeeze(result, {.dim = gone});
}

// -- tensordot

namespace {

Dims wrapped(const IntList& dims, const Tensor& t) {
  Dims result;
  for (int64_t dim : dims) {
    int64_t d = wrap_dim(dim, t.rank(), "tensordot");
    if (std::find(result.begin(), result.end(), d) != result.end())
      fail(ErrorKind::runtime, "[tensordot] dimension ", dim, " is named twice");
    result.push_back(d);
  }
  return result;
}

Dims rest_of(const Tensor& t, const Dims& dims) {
  Dims rest;
  for (int64_t d = 0; d < t.rank(); ++d)
    if (std::find(dims.begin(), dims.end(), d) == dims.end()) rest.push_back(d);
  return rest;
}

Tensor summed_to_one(const Tensor& t, const Dims& dims) {
  return dims.empty() ? t : sum(t, {.dim = dims, .keepdim = true, .dtype = t.dtype()});
}

}  // namespace

Tensor tensordot(const Tensor& a, const Tensor& b, const IntList& dims_a, const IntList& dims_b) {
  expect_given("tensordot", "a", a);
  expect_given("tensordot", "b", b);
  expect_one_dtype("tensordot", a, b);
  if (dims_a.size() != dims_b.size())
    fail(ErrorKind::runtime, "[tensordot] dims_a and dims_b must be equally long, but are ", dims_a.size(),
         " and ", dims_b.size());
  Dims met_a = wrapped(dims_a, a), met_b = wrapped(dims_b, b);
  // A dimension of one meets each element of the other: what is not summed by the product is summed before.
  Dims spread_a, spread_b;
  for (size_t i = 0; i < met_a.size(); ++i) {
    int64_t size_a = a.size(met_a[i]), size_b = b.size(met_b[i]);
    if (size_a != size_b && size_a != 1 && size_b != 1)
      fail(ErrorKind::runtime, "[tensordot] dimension ", met_a[i], " of ", a.shape(), " and dimension ",
           met_b[i], " of ", b.shape(), " meet, but differ in size");
    if (size_a != size_b) (size_b == 1 ? spread_a : spread_b).push_back(size_b == 1 ? met_a[i] : met_b[i]);
  }
  Dims kept_a = rest_of(a, met_a), kept_b = rest_of(b, met_b), none;
  Tensor product = matmul(as_matrices(summed_to_one(a, spread_a), none, kept_a, met_a, none),
                          as_matrices(summed_to_one(b, spread_b), none, met_b, kept_b, none));
  Shape shape;
  for (int64_t d : kept_a) shape.push_back(a.size(d));
  for (int64_t d : kept_b) shape.push_back(b.size(d));
  return reshape(product, shape);
}

Tensor tensordot(const Tensor& a, const Tensor& b, const TensordotOptions& options) {
  expect_given("tensordot", "a", a);
  expect_given("tensordot", "b", b);
  if (options.dims < 0 || options.dims > std::min(a.rank(), b.rank()))
    fail(ErrorKind::runtime, "[tensordot] dims must be from 0 to the rank of both tensors, but it is ",
         options.dims, " for ", a.shape(), " and ", b.shape());
  IntList last, first;
  for (int64_t d = 0; d < options.dims; ++d) {
    last.push_back(a.rank() - options.dims + d);
    first.push_back(d);
  }
  return tensordot(a, b, last, first);
}

// -- chains

namespace {

// The cheapest way to multiply matrices i..j of a chain, for all i <= j.
class ChainPlan {
 public:
  // sizes[i] x sizes[i + 1] is the shape of matrix i.
  explicit ChainPlan(const std::vector<int64_t>& sizes)
      : count_(sizes.size() - 1), cost_(count_ * count_), split_(count_ * count_) {
    for (size_t length = 2; length <= count_; ++length)
      for (size_t i = 0; i + length <= count_; ++i) plan(sizes, i, i + length - 1);
  }
  Tensor multiply(const std::vector<Tensor>& matrices, size_t i, size_t j) const {
    if (i == j) return matrices[i];
    size_t middle = split_[i * count_ + j];
    return matmul(multiply(matrices, i, middle), multiply(matrices, middle + 1, j));
  }

 private:
  void plan(const std::vector<int64_t>& sizes, size_t i, size_t j) {
    double best = std::numeric_limits<double>::infinity();
    for (size_t middle = i; middle < j; ++middle) {
      double product = double(sizes[i]) * double(sizes[middle + 1]) * double(sizes[j + 1]);
      double cost = cost_[i * count_ + middle] + cost_[(middle + 1) * count_ + j] + product;
      if (cost >= best) continue;
      best = cost;
      split_[i * count_ + j] = middle;
    }
    cost_[i * count_ + j] = best;
  }

  size_t count_;
  std::vector<double> cost_;  // multiplications for i..j
  std::vector<size_t> split_;
};

}  // namespace

Tensor linalg_multi_dot(TensorList tensors) {
  const char* op = "linalg_multi_dot";
  size_t count = tensors.size();
  if (count < 2) fail(ErrorKind::runtime, "[", op, "] needs at least 2 tensors, but got ", count);
  std::vector<Tensor> matrices(tensors.begin(), tensors.end());
  for (const Tensor& matrix : matrices) expect_given(op, "tensors", matrix);
  bool row_first = matrices.front().rank() == 1, column_last = matrices.back().rank() == 1;
  if (row_first) matrices.front() = unsqueeze(matrices.front(), 0);
  if (column_last) matrices.back() = unsqueeze(matrices.back(), 1);
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < count; ++i) {
    expect_exact_rank(op, "tensors", matrices[i], 2);
    expect_one_dtype(op, matrices[0], matrices[i]);
    if (i && matrices[i].size(0) != matrices[i - 1].size(1))
      fail(ErrorKind::runtime, "[", op, "] tensors ", i - 1, " and ", i,
           " cannot be multiplied: ", matrices[i - 1].shape(), " @ ", matrices[i].shape());
    sizes.push_back(matrices[i].size(0));
  }
  sizes.push_back(matrices.back().size(1));
  Tensor product = ChainPlan(sizes).multiply(matrices, 0, count - 1);
  if (row_first) product = squeeze(product, {.dim = 0});
  return column_last ? squeeze(product, {.dim = -1}) : product;
}

}  // namespace rushlight

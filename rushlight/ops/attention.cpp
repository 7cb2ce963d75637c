// scaled_dot_product_attention: softmax(query @ key.T * scale) @ value, causal if asked.
#include <cmath>

#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void attention_infer(OpCall& call) {
  const char* const names[] = {"query", "key", "value"};
  for (size_t i = 0; i < 3; ++i) {
    expect_floating(call, i, names[i]);
    expect_rank(call, i, names[i], 2);
    expect_same_dtype(call, 0, i);
  }
  IntSpan q = call.in[0].shape(), k = call.in[1].shape(), w = call.in[2].shape();
  bool lead_agrees = q.size() == k.size() && k.size() == w.size() &&
                     std::equal(q.begin(), q.end() - 2, k.begin()) &&
                     std::equal(k.begin(), k.end() - 1, w.begin());
  if (!lead_agrees || q.back() != k.back())
    fail(ErrorKind::runtime, "[scaled_dot_product_attention] query ", q, ", key ", k, " and value ", w,
         " do not fit: leading dimensions must be equal, query and key need one head size, key and value one "
         "length");
  Shape shape = to_ints(q), rows = to_ints(q.first(q.size() - 1));
  shape.back() = w.back();
  call.emit(span_of(shape), call.in[0].dtype());
  if (call.recording) call.emit(span_of(rows), compute_type(call.in[0].dtype()));
}

double scale_of(const args::ScaledDotProductAttention& a, const Tensor& query) {
  return a.scale.value_or(1 / std::sqrt(static_cast<double>(query.shape().back())));
}

// Scores with the future hidden: row i of T sees columns up to i + (S - T)... PyTorch aligns the triangle top
// left.
Tensor scores_of(const Tensor& query, const Tensor& key, const args::ScaledDotProductAttention& a) {
  Tensor scores = matmul(query, transpose(key, -2, -1)) * scale_of(a, query);
  if (!a.is_causal) return scores;
  int64_t rows = scores.size(-2), columns = scores.size(-1);
  Tensor visible = empty({rows, columns}, DType::boolean);
  bool* at = visible.data<bool>();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) *at++ = j <= i;
  return where(visible, scores, -INFINITY);
}

Tensor widened(const Tensor& t) { return is_half(t.dtype()) ? to(t, DType::float32) : t; }

// The residual is log(sum(exp(scores))) of every query row.
void attention_body(OpCall& call) {
  args::ScaledDotProductAttention a(call.attrs);
  Tensor scores = scores_of(widened(call.in[0]), widened(call.in[1]), a);
  Tensor shift = detach(max(scores, -1, {.keepdim = true}).values);
  Tensor weights = exp(scores - shift);
  Tensor total = sum(weights, {.dim = -1, .keepdim = true});
  Tensor y = matmul(weights / total, widened(call.in[2]));
  call.out = {y.dtype() == call.in[0].dtype() ? y : to(y, call.in[0].dtype()),
              squeeze(log(total) + shift, {.dim = -1})};
}

void attention_vjp(Vjp& v) {
  args::ScaledDotProductAttention a(v.attrs());
  Tensor q = widened(v.input(0)), k = widened(v.input(1)), w = widened(v.input(2)), g = widened(v.grad());
  double scale = scale_of(a, q);
  Tensor p = exp(scores_of(q, k, a) - unsqueeze(v.residual(0), -1));
  if (v.needs(2)) v.set(2, matmul(transpose(p, -2, -1), g));
  if (!v.needs(0) && !v.needs(1)) return;
  Tensor dp = matmul(g, transpose(w, -2, -1));
  Tensor ds = p * (dp - sum(dp * p, {.dim = -1, .keepdim = true})) * scale;
  if (v.needs(0)) v.set(0, matmul(ds, k));
  if (v.needs(1)) v.set(1, matmul(transpose(ds, -2, -1), q));
}

}  // namespace

namespace defs {
const OpDef scaled_dot_product_attention = [] {
  OpDef def{OpId::scaled_dot_product_attention};
  def.infer = attention_infer;
  def.body = attention_body;
  def.vjp = attention_vjp;
  def.saved_inputs = 0b111;
  def.saved_outputs = 0b11;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight

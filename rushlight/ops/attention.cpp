// attention: softmax(query @ key.T * scale) @ value, causal if asked; and its form with every option.
#include <algorithm>
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
    fail(ErrorKind::runtime, "[attention] query ", q, ", key ", k, " and value ", w,
         " do not fit: leading dimensions must be equal, query and key need one head size, key and value one "
         "length");
  Shape shape = to_ints(q), rows = to_ints(q.first(q.size() - 1));
  shape.back() = w.back();
  call.emit(span_of(shape), call.in[0].dtype());
  if (call.recording) call.emit(span_of(rows), compute_type(call.in[0].dtype()));
}

// Of heads without width any scale will do: their scores are 0.
double default_scale(const Tensor& query) {
  return 1 / std::sqrt(std::max(static_cast<double>(query.shape().back()), 1.0));
}
double scale_of(const args::Attention& a, const Tensor& query) {
  return a.scale.value_or(default_scale(query));
}

// Scores with the future hidden: row i of T sees columns up to i + (S - T)... PyTorch aligns the triangle top
// left.
Tensor scores_of(const Tensor& query, const Tensor& key, bool is_causal, double scale) {
  Tensor scores = matmul(query, transpose(key, -2, -1)) * scale;
  if (!is_causal) return scores;
  int64_t rows = scores.size(-2), columns = scores.size(-1);
  Tensor visible = empty({rows, columns}, DType::boolean);
  bool* at = visible.data<bool>();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) *at++ = j <= i;
  return where(visible, scores, -INFINITY);
}

// Of each row; 0 where there are no keys, and so no weights.
Tensor largest_of(const Tensor& scores) {
  if (scores.size(-1)) return detach(max(scores, -1, {.keepdim = true}).values);
  Shape shape = to_ints(scores.shape());
  shape.back() = 1;
  return zeros(span_of(shape), {.dtype = scores.dtype()});
}

// The residual is log(sum(exp(scores))) of every query row.
void attention_body(OpCall& call) {
  args::Attention a(call.attrs);
  Tensor scores = scores_of(widened(call.in[0]), widened(call.in[1]), a.is_causal, scale_of(a, call.in[0]));
  Tensor shift = largest_of(scores);
  Tensor weights = exp(scores - shift);
  Tensor total = sum(weights, {.dim = -1, .keepdim = true});
  Tensor y = matmul(weights / total, widened(call.in[2]));
  call.out = {to(y, call.in[0].dtype()), squeeze(log(total) + shift, {.dim = -1})};
}

void attention_vjp(Vjp& v) {
  args::Attention a(v.attrs());
  Tensor q = widened(v.input(0)), k = widened(v.input(1)), w = widened(v.input(2)), g = widened(v.grad());
  double scale = scale_of(a, q);
  Tensor p = exp(scores_of(q, k, a.is_causal, scale) - unsqueeze(v.residual(0), -1));
  if (v.needs(2)) v.set(2, matmul(transpose(p, -2, -1), g));
  if (!v.needs(0) && !v.needs(1)) return;
  Tensor dp = matmul(g, transpose(w, -2, -1));
  Tensor ds = p * (dp - sum(dp * p, {.dim = -1, .keepdim = true})) * scale;
  if (v.needs(0)) v.set(0, matmul(ds, k));
  if (v.needs(1)) v.set(1, matmul(transpose(ds, -2, -1), q));
}

// Two products of queries x keys x head size forward, five backward; of causal scores about half are
// computed.
double attention_flops(const KernelCall& call) {
  bool forward = call.part == Part::forward;
  const Tensor &q = call.in[forward ? 0 : 1], &k = call.in[forward ? 1 : 2];  // the gradient comes first
  double product = 2.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(-2));
  return (forward ? 2 : 5) * product * (args::Attention(call.attrs).is_causal ? 0.5 : 1.0);
}

}  // namespace

namespace defs {
const OpDef attention = [] {
  OpDef def{OpId::attention};
  def.infer = attention_infer;
  def.flops = attention_flops;
  def.body = attention_body;
  def.vjp = attention_vjp;
  def.saved_inputs = 0b111;
  def.saved_outputs = 0b11;
  def.saves_facts = true;
  def.fused_backward = true;
  return def;
}();
}  // namespace defs

// -- with masks, dropout and shared heads: op by op

namespace {

// Each head of keys or values `times` times, one copy beside the other.
Tensor repeated_heads(const Tensor& t, int64_t times) {
  Tensor one = unsqueeze(t, -3);
  Shape spread = to_ints(one.shape());
  spread[spread.size() - 3] = times;
  Shape shape = to_ints(t.shape());
  shape[shape.size() - 3] *= times;
  return reshape(expand(one, span_of(spread)), span_of(shape));
}

Tensor masked_scores(const Tensor& scores, const Tensor& mask) {
  if (mask.dtype() == DType::boolean) return where(mask, scores, -INFINITY);
  return scores + to(mask, scores.dtype());
}

// A row that sees nothing attends to nothing.
Tensor safe_softmax(const Tensor& scores) {
  if (scores.size(-1) == 0) return scores;
  Tensor sees = max(scores, -1, {.keepdim = true}).values != -INFINITY;
  return where(sees, softmax(where(sees, scores, 0.0), -1), 0.0);
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const ScaledDotProductAttentionOptions& options) {
  constexpr const char* name = "scaled_dot_product_attention";
  if (!query.defined() || !key.defined() || !value.defined())
    fail(ErrorKind::type, "[", name, "] needs the tensors 'query', 'key' and 'value'");
  if (!(options.dropout_p >= 0 && options.dropout_p <= 1))
    fail(ErrorKind::value, "[", name, "] dropout_p has to be between 0 and 1, but got ", options.dropout_p);
  if (options.is_causal && options.attn_mask.defined())
    fail(ErrorKind::runtime, "[", name, "] attn_mask must not be given when is_causal is true");
  Tensor keys = key, values = value;
  if (options.enable_gqa && query.rank() >= 3 && key.rank() >= 3 && value.rank() >= 3) {
    int64_t heads = query.size(-3);
    for (Tensor* shared : {&keys, &values}) {
      int64_t own = shared->size(-3);
      if (own == 0 || heads % own)
        fail(ErrorKind::runtime, "[", name, "] ", heads, " query heads cannot share ", own,
             " heads of keys and values");
      if (own != heads) *shared = repeated_heads(*shared, heads / own);
    }
  }
  if (!options.attn_mask.defined() && options.dropout_p == 0)
    return attention(query, keys, values, {.is_causal = options.is_causal, .scale = options.scale});
  if (query.rank() < 2 || !is_floating(query.dtype()))
    fail(ErrorKind::runtime, "[", name, "] query must be floating point, (..., L, E), but it is ", query);
  Tensor scores = scores_of(widened(query), widened(keys), options.is_causal,
                            options.scale.value_or(default_scale(query)));
  if (options.attn_mask.defined()) scores = masked_scores(scores, options.attn_mask);
  Tensor weights = safe_softmax(scores);
  if (options.dropout_p > 0) weights = dropout(weights, {.p = options.dropout_p});
  Tensor y = matmul(weights, widened(values));
  return to(y, query.dtype());
}

}  // namespace rushlight

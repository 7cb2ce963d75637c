// attention: softmax(query @ key.T * scale + mask) @ value, causal if asked, with dropout and shared heads;
// self_attention: the same of one packed tensor.
#include <algorithm>
#include <array>
#include <cmath>

#include "rushlight/ops/op_rules.h"
#include "rushlight/ops/random_rules.h"

namespace rushlight {

namespace {

// Leading dimensions are equal; but for the heads, the last of them, of which several queries' may share one.
bool lead_agrees(IntSpan q, IntSpan k) {
  if (q.size() != k.size()) return false;
  for (size_t d = 0; d + 2 < q.size(); ++d)
    if (q[d] != k[d] && (d + 3 != q.size() || k[d] == 0 || q[d] % k[d] != 0)) return false;
  return true;
}

Shape shape_of_scores(const Tensor& query, const Tensor& key) {
  Shape shape = to_ints(query.shape());
  shape.back() = key.size(-2);
  return shape;
}

void expect_mask(const OpCall& call) {
  const Tensor& mask = call.in[3];
  if (!mask.defined()) return;
  if (mask.dtype() != DType::boolean && !is_floating(mask.dtype()))
    fail(ErrorKind::type, "[attention] mask must be bool or floating point, but it is ", mask);
  const Shape scores = shape_of_scores(call.in[0], call.in[1]);
  if (broadcast_shapes(mask.shape(), span_of(scores), "attention") != scores)
    fail(ErrorKind::runtime, "[attention] mask ", mask.shape(), " does not spread over scores ",
         span_of(scores));
}

// The result lies in memory as the query does, gradients as their inputs do: heads that were cut from tokens
// are put together again without a copy. (Batches of more than one dimension need not have one step.)
Layout layout_like(const Layout& input) {
  const Layout packed = input.packed();
  return packed.rank() <= 4 && packed.stride(packed.rank() - 1) == 1 ? packed : Layout(input.shape());
}
Layout layout_of_result(const Tensor& query, IntSpan shape) {
  return shape.back() == query.size(-1) ? layout_like(query.layout()) : Layout(shape);
}

void attention_infer(OpCall& call) {
  const char* const names[] = {"query", "key", "value"};
  for (size_t i = 0; i < 3; ++i) {
    expect_floating(call, i, names[i]);
    expect_rank(call, i, names[i], 2);
    expect_same_dtype(call, 0, i);
  }
  IntSpan q = call.in[0].shape(), k = call.in[1].shape(), w = call.in[2].shape();
  const bool one_length = k.size() == w.size() && std::equal(k.begin(), k.end() - 1, w.begin());
  if (!lead_agrees(q, k) || !one_length || q.back() != k.back())
    fail(ErrorKind::runtime, "[attention] query ", q, ", key ", k, " and value ", w,
         " do not fit: leading dimensions must be equal (of heads, the last of them, several queries' may "
         "share one), "
         "query and key need one head size, key and value one length");
  expect_mask(call);
  expect_probability("attention", args::Attention(call.attrs).dropout_p);
  if (args::Attention(call.attrs).dropout_p > 0) expect_key(call, 4);
  Shape shape = to_ints(q), rows = to_ints(q.first(q.size() - 1));
  shape.back() = w.back();
  call.emit(layout_of_result(call.in[0], span_of(shape)), call.in[0].dtype());
  if (call.recording) call.emit(span_of(rows), compute_type(call.in[0].dtype()));
}

// Of heads without width any scale will do: their scores are 0.
double default_scale(const Tensor& query) {
  return 1 / std::sqrt(std::max(static_cast<double>(query.shape().back()), 1.0));
}

// Scores with the future hidden: query i sees the keys up to i, so that the triangle begins top left.
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

// Each head beside the queries' that share it.
Tensor unshared(const Tensor& t, const Tensor& query) {
  if (t.rank() < 3 || t.size(-3) == query.size(-3)) return t;
  return repeated_heads(t, query.size(-3) / t.size(-3));
}
// The gradient of what was repeated.
Tensor shared_again(const Tensor& g, const Tensor& like) {
  if (like.rank() < 3 || g.size(-3) == like.size(-3)) return g;
  Shape shape = to_ints(like.shape().first(like.shape().size() - 2));
  for (int64_t size : {g.size(-3) / like.size(-3), like.size(-2), like.size(-1)}) shape.push_back(size);
  return sum(reshape(g, span_of(shape)), {.dim = -3});
}

// Which keys a query sees, and how much of them.
struct Weighing {
  bool is_causal = false;
  double scale = 1;
  Tensor mask{}, dropout_key{};
  double dropout_p = 0;

  Tensor scores(const Tensor& query, const Tensor& key) const {
    Tensor scores = scores_of(query, key, is_causal, scale);
    return mask.defined() ? masked_scores(scores, mask) : scores;
  }
  Tensor dropped(const Tensor& weights) const {
    return dropout_p > 0 ? dropout_with_key(weights, dropout_key, dropout_p) : weights;
  }
};

// `logsumexp` is log(sum(exp(scores))) of every query row: -inf for one that sees no key, whose result is 0.
struct Attended {
  Tensor result, logsumexp;
};
Attended attend(const Tensor& query, const Tensor& key, const Tensor& value, const Weighing& by) {
  const bool masked = by.mask.defined();
  const Tensor scores = by.scores(query, key);
  Tensor shift = largest_of(scores);
  if (masked) shift = where(shift == -INFINITY, 0.0, shift);
  Tensor weights = exp(scores - shift);
  Tensor total = sum(weights, {.dim = -1, .keepdim = true});
  Tensor none = total == 0.0, some = masked ? where(none, 1.0, total) : total;
  Tensor logsumexp = log(some) + shift;
  if (masked) logsumexp = where(none, -INFINITY, logsumexp);
  return {matmul(by.dropped(weights / some), value), squeeze(logsumexp, {.dim = -1})};
}

// The gradients of query, key, value and mask, of those that are `wanted`.
std::array<Tensor, 4> attention_gradients(const Tensor& query, const Tensor& key, const Tensor& value,
                                          const Weighing& by, const Tensor& row_logsumexp, const Tensor& g,
                                          const std::array<bool, 4>& wanted) {
  Tensor logsumexp = unsqueeze(row_logsumexp, -1);
  if (by.mask.defined()) logsumexp = where(logsumexp == -INFINITY, 0.0, logsumexp);
  const Tensor p = exp(by.scores(query, key) - logsumexp);
  std::array<Tensor, 4> gradients;
  if (wanted[2]) gradients[2] = matmul(transpose(by.dropped(p), -2, -1), g);
  if (!wanted[0] && !wanted[1] && !wanted[3]) return gradients;
  const Tensor dp = by.dropped(matmul(g, transpose(value, -2, -1)));
  const Tensor ds = p * (dp - sum(dp * p, {.dim = -1, .keepdim = true}));
  if (wanted[3]) gradients[3] = ds;
  if (wanted[0]) gradients[0] = matmul(ds * by.scale, key);
  if (wanted[1]) gradients[1] = matmul(transpose(ds * by.scale, -2, -1), query);
  return gradients;
}

Weighing weighing_of(const Attrs& attrs, const Tensor& query, const Tensor& mask, const Tensor& dropout_key) {
  const args::Attention a(attrs);
  return {a.is_causal, a.scale.value_or(default_scale(query)), mask, dropout_key, a.dropout_p};
}

void attention_body(OpCall& call) {
  const Tensor& query = call.in[0];
  const auto [result, logsumexp] =
      attend(widened(query), unshared(widened(call.in[1]), query), unshared(widened(call.in[2]), query),
             weighing_of(call.attrs, query, call.in[3], call.in[4]));
  Tensor y = to(result, query.dtype());
  const Layout layout = layout_of_result(query, y.shape());
  if (!layout.is_contiguous()) y = empty_like_layout(layout, y.dtype(), host_allocator()).copy_(y);
  call.out = {y, logsumexp};
}

void attention_vjp(Vjp& v) {
  const Tensor q = widened(v.input(0));
  const std::array<Tensor, 4> gradients =
      attention_gradients(q, unshared(widened(v.input(1)), q), unshared(widened(v.input(2)), q),
                          weighing_of(v.attrs(), q, v.input(3), v.input(4)), v.residual(0), widened(v.grad()),
                          {v.needs(0), v.needs(1), v.needs(2), v.needs(3)});
  if (v.needs(0)) v.set(0, gradients[0]);
  if (v.needs(1)) v.set(1, shared_again(gradients[1], v.input(1)));
  if (v.needs(2)) v.set(2, shared_again(gradients[2], v.input(2)));
  if (v.needs(3)) v.set(3, gradients[3]);
}

// Two products of queries x keys x head size forward, five backward; of causal scores about half are
// computed.
double attention_flops(const KernelCall& call) {
  bool forward = call.part == Part::forward;
  const Tensor &q = call.in[forward ? 0 : 1], &k = call.in[forward ? 1 : 2];  // the gradient comes first
  double product = 2.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(-2));
  return (forward ? 2 : 5) * product * (args::Attention(call.attrs).is_causal ? 0.5 : 1.0);
}

// -- self_attention

// Queries, keys or values, (..., heads, tokens, size).
Tensor unpacked(const Tensor& qkv, int64_t which) { return transpose(select(qkv, -3, which), -3, -2); }

void self_attention_infer(OpCall& call) {
  expect_floating(call, 0, "qkv");
  expect_rank(call, 0, "qkv", 4);
  const Tensor& qkv = call.in[0];
  if (qkv.size(-3) != 3)
    fail(ErrorKind::runtime, "[self_attention] qkv must be (..., tokens, 3, heads, size), but its shape is ",
         qkv.shape());
  const IntSpan lead = qkv.shape().first(qkv.shape().size() - 4);
  Shape shape = to_ints(lead), rows = shape;
  for (const int d : {-4, -2, -1}) shape.push_back(qkv.size(d));
  for (const int d : {-2, -4}) rows.push_back(qkv.size(d));
  call.emit(span_of(shape), qkv.dtype());
  if (call.recording) call.emit(span_of(rows), compute_type(qkv.dtype()));
}

Weighing self_weighing_of(const Attrs& attrs, const Tensor& qkv) {
  const args::SelfAttention a(attrs);
  return {.is_causal = a.is_causal, .scale = a.scale.value_or(default_scale(qkv))};
}

void self_attention_body(OpCall& call) {
  const Tensor qkv = widened(call.in[0]);
  const auto [result, logsumexp] =
      attend(unpacked(qkv, 0), unpacked(qkv, 1), unpacked(qkv, 2), self_weighing_of(call.attrs, qkv));
  call.out = {as_dtype(contiguous(transpose(result, -3, -2)), call.in[0].dtype()), logsumexp};
}

void self_attention_vjp(Vjp& v) {
  const Tensor qkv = widened(v.input(0)), g = transpose(widened(v.grad()), -3, -2);
  const auto [query, key, value, no_mask] =
      attention_gradients(unpacked(qkv, 0), unpacked(qkv, 1), unpacked(qkv, 2),
                          self_weighing_of(v.attrs(), qkv), v.residual(0), g, {true, true, true, false});
  const Tensor packed = movedim(stack({query, key, value}, {.dim = -4}), -2, -4);
  v.set(0, as_dtype(packed, v.grad().dtype()));
}

double self_attention_flops(const KernelCall& call) {
  const bool forward = call.part == Part::forward;
  const Tensor& qkv = call.in[forward ? 0 : 1];
  const double product = 2.0 / 3 * static_cast<double>(qkv.numel()) * static_cast<double>(qkv.size(-4));
  return (forward ? 2 : 5) * product * (args::SelfAttention(call.attrs).is_causal ? 0.5 : 1.0);
}

}  // namespace

namespace defs {
const OpDef attention = [] {
  OpDef def{OpId::attention};
  def.infer = attention_infer;
  def.flops = attention_flops;
  def.body = attention_body;
  def.vjp = attention_vjp;
  def.saved_inputs = 0b11111;
  def.saved_outputs = 0b11;
  def.saves_facts = true;
  def.fused_backward = true;
  def.gradient_layout = layout_like;
  return def;
}();
const OpDef self_attention = [] {
  OpDef def{OpId::self_attention};
  def.infer = self_attention_infer;
  def.flops = self_attention_flops;
  def.body = self_attention_body;
  def.vjp = self_attention_vjp;
  def.saved_inputs = 1;
  def.saved_outputs = 0b11;
  def.saves_facts = true;
  def.fused_backward = true;
  def.gradient_layout = [](const Layout& qkv) { return Layout(qkv.shape()); };
  return def;
}();
}  // namespace defs

namespace {

constexpr const char* kAttention = "scaled_dot_product_attention";

struct Operands {
  Tensor query, key, value;
};

// Keys and values of one head serve all heads of the queries as they are: the op shares them.
bool has_one_head(const Tensor& t) { return t.rank() >= 3 && t.size(-3) == 1; }

// Operands whose leading dimensions broadcast, with those that all of them have. Heads that the op shares
// stay as they are.
Operands spread(const Tensor& query, const Tensor& key, const Tensor& value, bool shares_heads) {
  shares_heads |= query.rank() >= 3 && has_one_head(key) && has_one_head(value);
  const size_t own = shares_heads ? 3 : 2;
  auto lead_of = [&](const Tensor& t) { return t.shape().first(t.shape().size() - own); };
  Shape lead = broadcast_shapes(lead_of(query), lead_of(key), kAttention);
  lead = broadcast_shapes(span_of(lead), lead_of(value), kAttention);
  auto with_lead = [&](const Tensor& t) {
    if (std::ranges::equal(lead_of(t), span_of(lead))) return t;
    Shape shape = lead;
    for (int64_t size : t.shape().last(own)) shape.push_back(size);
    return expand(t, span_of(shape));
  };
  return {with_lead(query), with_lead(key), with_lead(value)};
}

// Several heads of keys serve more heads of queries only where one says so.
void expect_heads(const Tensor& query, const Tensor& key, const Tensor& value, bool shares_heads) {
  auto differs = [&](const Tensor& t) {
    bool have_heads = t.rank() >= 3 && query.rank() >= 3;
    return have_heads && t.size(-3) != query.size(-3) && t.size(-3) != 1 && query.size(-3) != 1;
  };
  if (!shares_heads && (differs(key) || differs(value)))
    fail(ErrorKind::runtime, "[", kAttention, "] query ", query.shape(), ", key ", key.shape(), " and value ",
         value.shape(),
         " do not fit: leading dimensions must broadcast; enable_gqa lets queries share heads of keys and "
         "values");
  if (shares_heads && (query.rank() < 3 || key.rank() < 3 || value.rank() < 3))
    fail(ErrorKind::runtime, "[", kAttention, "] enable_gqa needs heads, (..., H, L, E), but query is ",
         query.shape(), ", key ", key.shape(), " and value ", value.shape());
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const ScaledDotProductAttentionOptions& options) {
  constexpr const char* name = kAttention;
  if (!query.defined() || !key.defined() || !value.defined())
    fail(ErrorKind::type, "[", name, "] needs the tensors 'query', 'key' and 'value'");
  if (!(options.dropout_p >= 0 && options.dropout_p <= 1))
    fail(ErrorKind::value, "[", name, "] dropout_p has to be between 0 and 1, but got ", options.dropout_p);
  if (options.is_causal && options.attn_mask.defined())
    fail(ErrorKind::runtime, "[", name, "] attn_mask must not be given when is_causal is true");
  if (query.rank() < 2 || key.rank() < 2 || value.rank() < 2 || !is_floating(query.dtype()))
    fail(ErrorKind::runtime, "[", name,
         "] query must be floating point, (..., L, E), as key and value, but it is ", query, ", key ", key,
         " and value ", value);
  expect_heads(query, key, value, options.enable_gqa);
  Operands in = spread(query, key, value, options.enable_gqa);
  Tensor dropout_key;
  if (options.dropout_p > 0) {
    int64_t weights = 1;
    for (int64_t size : shape_of_scores(in.query, in.key)) weights *= size;
    dropout_key = random_key(weights);
  }
  return attention(in.query, in.key, in.value,
                   {.mask = options.attn_mask,
                    .dropout_key = dropout_key,
                    .is_causal = options.is_causal,
                    .scale = options.scale,
                    .dropout_p = options.dropout_p});
}

}  // namespace rushlight

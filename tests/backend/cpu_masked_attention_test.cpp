// Attention with masks, dropout and shared heads: the fused kernel beside the formulas op by op.
#include "tests/backend/both_backends.h"

using namespace rushlight;

namespace {

struct Case {
  const char* name;
  IntList query, key;
  IntList mask{};           // empty: none
  bool whole_mask = false;  // True where a query may look
  bool causal = false;
  double drop = 0;
  DType dtype = DType::float32;
  int64_t value_size = 0;       // 0: as of the keys
  const char* learned = "qkv";  // which want a gradient
};

const Case kCases[] = {
    {"shared heads", {2, 6, 33, 16}, {2, 2, 33, 16}},
    {"shared heads, causal", {2, 4, 70, 20}, {2, 1, 70, 20}, {}, false, true},
    {"no batch", {4, 9, 8}, {2, 9, 8}},
    {"mask of numbers", {2, 3, 40, 16}, {2, 3, 600, 16}, {40, 600}},
    {"mask for each item", {2, 3, 40, 16}, {2, 3, 50, 16}, {2, 1, 40, 50}},
    {"mask for each head", {2, 3, 10, 16}, {2, 3, 50, 16}, {3, 10, 50}},
    {"mask of keys", {2, 3, 10, 16}, {2, 3, 50, 16}, {2, 1, 1, 50}, true},
    {"mask of queries", {2, 3, 10, 16}, {2, 3, 50, 16}, {10, 1}, true},
    {"mask of all", {2, 3, 10, 8}, {2, 3, 700, 8}, {2, 3, 10, 700}, true},
    {"mask and shared heads", {1, 4, 65, 24}, {1, 2, 65, 24}, {65, 65}, true, true},
    {"one query", {2, 4, 1, 64}, {2, 2, 1100, 64}, {1, 1100}, true},
    {"dropout", {2, 3, 33, 16}, {2, 3, 601, 16}, {}, false, false, 0.3},
    {"dropout, causal", {1, 2, 130, 16}, {1, 2, 130, 16}, {}, false, true, 0.5},
    {"all dropped", {1, 2, 5, 16}, {1, 2, 7, 16}, {}, false, false, 1},
    {"everything at once", {2, 4, 67, 20}, {2, 2, 67, 20}, {2, 1, 67, 67}, true, true, 0.2},
    {"everything at once, float64",
     {2, 4, 67, 20},
     {2, 2, 67, 20},
     {2, 1, 67, 67},
     true,
     true,
     0.2,
     DType::float64},
    {"several batches", {2, 3, 2, 9, 8}, {2, 3, 1, 9, 8}, {2, 3, 2, 9, 9}},
    {"wide values", {2, 3, 70, 16}, {2, 3, 600, 16}, {}, false, false, 0, DType::float32, 37},
    {"narrow values", {2, 4, 70, 40}, {2, 2, 70, 40}, {2, 1, 70, 70}, true, true, 0.2, DType::float32, 3},
    {"causal, fewer queries than keys", {2, 3, 40, 16}, {2, 3, 700, 16}, {}, false, true},
    {"causal, more queries than keys", {2, 3, 700, 16}, {2, 3, 40, 16}, {}, false, true},
    {"bfloat16", {2, 4, 67, 20}, {2, 2, 67, 20}, {2, 1, 67, 67}, true, true, 0.2, DType::bfloat16, 24},
    {"float16", {2, 2, 33, 16}, {2, 2, 600, 16}, {}, false, false, 0, DType::float16},
    {"only the query learns", {2, 4, 70, 16}, {2, 2, 70, 16}, {}, false, true, 0, DType::float32, 0, "q"},
    {"only the key learns", {2, 4, 70, 16}, {2, 2, 70, 16}, {}, false, true, 0, DType::float32, 0, "k"},
    {"only the value learns", {2, 4, 70, 16}, {2, 2, 70, 16}, {}, false, false, 0, DType::float32, 0, "v"},
};

// A row in five sees nothing.
Tensor mask_of(const Case& c) {
  if (c.mask.empty()) return {};
  const Tensor numbers = some_normals(c.mask, 4, c.dtype);
  if (!c.whole_mask) return numbers;
  const Tensor rows = arange(c.mask[c.mask.size() - 2]).remainder(5).ne(4);
  return logical_and(numbers > -0.5, rows.unsqueeze(1));
}

std::vector<Tensor> attend(const Case& c) {
  IntList value = c.key, result = c.query;
  if (c.value_size) value.back() = result.back() = c.value_size;
  const Tensor q = some_normals(c.query, 1, c.dtype), k = some_normals(c.key, 2, c.dtype);
  const Tensor v = some_normals(value, 3, c.dtype);
  const std::string learned = c.learned;
  for (size_t i = 0; const Tensor& t : {q, k, v})
    if (learned.find("qkv"[i++]) != std::string::npos) Tensor(t).requires_grad_();
  const Tensor key = c.drop > 0 ? random_key(1, {.generator = Generator(7)}) : Tensor();
  const Tensor y = attention(
      q, k, v, {.mask = mask_of(c), .dropout_key = key, .is_causal = c.causal, .dropout_p = c.drop});
  y.backward({.gradient = some_normals(result, 5, c.dtype)});
  std::vector<Tensor> results{y.detach()};
  for (const Tensor& t : {q, k, v})
    if (t.requires_grad()) results.push_back(t.grad());
  return results;
}

double tolerance_of(DType dtype) {
  switch (dtype) {
    case DType::float64: return 1e-11;
    case DType::float32: return 2e-5;
    case DType::float16: return 4e-3;
    default: return 3e-2;
  }
}

}  // namespace

TEST_CASE("cpu: attention with masks, dropout and shared heads") {
  for (const Case& c : kCases) {
    CAPTURE(std::string(c.name));
    check_close_on_both_backends(tolerance_of(c.dtype), [&] { return attend(c); });
  }
}

TEST_CASE("cpu: none of them writes the matrix of all weights") {
  for (const Case& c : kCases) {
    CAPTURE(std::string(c.name));
    count_costs(true);
    reset_costs();
    (void)attend(c);
    count_costs(false);
    CHECK(cost_of(OpId::matmul).calls == 0);
  }
}

TEST_CASE("a query whose keys are all hidden by the same number looks at all alike") {
  for (double hidden : {-1e9, -1e30, static_cast<double>(std::numeric_limits<float>::lowest())}) {
    CAPTURE(hidden);
    const Tensor q = some_normals({2, 3, 16}, 1).requires_grad_(), k = some_normals({2, 5, 16}, 2),
                 v = some_normals({2, 5, 16}, 3).requires_grad_();
    const Tensor y = scaled_dot_product_attention(q, k, v, {.attn_mask = full({3, 5}, hidden)});
    y.sum().backward();
    CHECK(allclose(y, v.detach().mean({.dim = IntList{1}, .keepdim = true}).expand({2, 3, 16}),
                   {.rtol = 1e-5, .atol = 1e-6}));
    for (const Tensor& g : {q.grad(), v.grad()}) CHECK(abs(g).max().item<double>() < 100);
  }
}

TEST_CASE("a query that may look at nothing gets zeros, and no gradient is NaN") {
  for (const char* backend : {"reference", "cpu"}) {
    set_backend(backend);
    const Tensor q = some_normals({2, 3, 4}, 1).requires_grad_(),
                 k = some_normals({2, 5, 4}, 2).requires_grad_();
    const Tensor none = full({3, 5}, false);
    const Tensor y = scaled_dot_product_attention(q, k, k, {.attn_mask = none});
    y.sum().backward();
    CHECK(equal(y, full({2, 3, 4}, 0.0)));
    CHECK(equal(q.grad(), full({2, 3, 4}, 0.0)));
    CHECK(equal(k.grad(), full({2, 5, 4}, 0.0)));
  }
  set_backend("cpu");
}

TEST_CASE("attention: a NaN is never hidden, not even among keys of which nothing else is seen") {
  const auto attend = [](Tensor q, Tensor k, const Tensor& mask) {
    q.requires_grad_(), k.requires_grad_();
    const Tensor v = some_normals({1, 600, 8}, 3).requires_grad_();
    const Tensor y = scaled_dot_product_attention(q, k, v, {.attn_mask = mask});
    y.sum().backward();
    return std::vector<Tensor>{y.detach(), q.grad(), k.grad(), v.grad()};
  };
  const Tensor first = arange(600) < 512;  // a whole block of keys
  for (int64_t queries : {1, 3}) {
    CAPTURE(queries);
    const Tensor q = some_normals({1, queries, 8}, 1), k = some_normals({1, 600, 8}, 2);
    const Tensor broken_keys = where(first.unsqueeze(1), NAN, k), broken_queries = full_like(q, NAN);
    const Tensor one_row = q.clone();
    one_row.select(1, 0).fill_(NAN);
    const Tensor hidden = where(first, -INFINITY, 0.0).unsqueeze(0);
    const auto check = [&](const Tensor& some_q, const Tensor& some_k, const Tensor& mask) {
      check_close_on_both_backends(2e-5, [&] { return attend(some_q.clone(), some_k.clone(), mask); });
    };
    check(q, broken_keys, {});
    check(broken_queries, k, {});
    check(one_row, k, {});
    check(q, broken_keys, hidden);
    check(broken_queries, k, hidden);
    CHECK(isnan(attend(q.clone(), broken_keys.clone(), {})[0]).all().item<bool>());
    CHECK(isnan(attend(broken_queries.clone(), k.clone(), {})[2]).all().item<bool>());
  }
}

TEST_CASE(
    "attention's result lies as the query does: heads that were cut from tokens are put together by views") {
  for (const char* backend : {"reference", "cpu"}) {
    set_backend(backend);
    Tensor qkv = some_normals({2, 5, 3, 4, 6}, 1);  // batch, token, which, head, size
    const auto heads = [&](int64_t which) { return qkv.select(2, which).transpose(1, 2); };
    Tensor y = scaled_dot_product_attention(heads(0), heads(1), heads(2));
    CHECK(y.transpose(1, 2).is_contiguous());
    Tensor dense = scaled_dot_product_attention(heads(0).contiguous(), heads(1), heads(2));
    CHECK(dense.is_contiguous());
    CHECK(allclose(y, dense));
    Tensor turned = qkv.select(2, 0).permute({0, 2, 3, 1});  // the numbers of a token lie apart
    CHECK(scaled_dot_product_attention(turned, turned, turned).is_contiguous());
    Tensor narrow = heads(2).slice({.dim = -1, .end = 3});
    CHECK(scaled_dot_product_attention(heads(0), heads(1), narrow).is_contiguous());
  }
  set_backend("cpu");
}

TEST_CASE("cpu: gradients of heads that were cut from tokens lie as the heads do") {
  const Tensor qkv = some_normals({2, 5, 3, 4, 6}, 1).requires_grad_();
  const auto heads = [&](int64_t which) { return qkv.select(2, which).transpose(1, 2); };
  const std::vector<Tensor> in{heads(0), heads(1), heads(2)};
  const Tensor y = scaled_dot_product_attention(in[0], in[1], in[2]);
  const std::vector<Tensor> out{y}, ones{full({2, 4, 5, 6}, 1.0)};
  for (const Tensor& g : grad(out, in, {.grad_outputs = ones})) CHECK(g.transpose(1, 2).is_contiguous());
}

TEST_CASE("cpu: kernels do whole gradients whatever the layout of their inputs") {
  const Tensor frames = some_normals({2, 3, 5, 4, 8}, 1).requires_grad_();  // batch, frame, place, head, size
  const Tensor weight = some_normals({6, 8}, 2).requires_grad_(), row = some_normals({3, 1, 8}, 3);
  reset_costs();
  count_costs(true);
  const Tensor cut = frames.permute({0, 2, 3, 1, 4});
  scaled_dot_product_attention(cut, cut, cut).sum().backward();
  linear(row.requires_grad_().expand({3, 5, 8}), weight).sum().backward();
  count_costs(false);
  CHECK(cost_of(OpId::matmul).calls == 0);
  CHECK(cost_of(OpId::attention, Part::backward).calls == 1);
  CHECK(cost_of(OpId::linear, Part::backward).calls == 1);
}

TEST_CASE("cpu: queries, keys and values packed together give attention's bits, without a copy") {
  for (const bool is_causal : {false, true}) {
    const Tensor qkv = some_normals({2, 37, 3, 4, 8}, 1).requires_grad_();
    const Tensor apart = qkv.detach().requires_grad_(), weights = some_normals({2, 37, 4, 8}, 2);
    const auto part = [&](int64_t i) { return apart.select(2, i).transpose(1, 2); };
    const Tensor expected =
        scaled_dot_product_attention(part(0), part(1), part(2), {.is_causal = is_causal}).transpose(1, 2);
    reset_costs();
    count_costs(true);
    const Tensor y = self_attention(qkv, {.is_causal = is_causal});
    (y * weights).sum().backward();
    count_costs(false);
    CHECK(cost_of(OpId::self_attention).calls == 1);
    CHECK(cost_of(OpId::self_attention, Part::backward).calls == 1);
    CHECK(cost_of(OpId::copy).calls + cost_of(OpId::clone).calls == 0);
    (expected * weights).sum().backward();
    CHECK(equal(y, expected));
    CHECK(equal(qkv.grad(), apart.grad()));
    const Tensor turned = contiguous(qkv.detach().transpose(0, 1)).transpose(0, 1);
    CHECK(equal(self_attention(turned, {.is_causal = is_causal}), y));
  }
}

// Random ops: pure functions of a key. The generator is touched by one op only, random_key.
#include "rushlight/ops/random_rules.h"

namespace rushlight {

namespace {

void random_key_infer(OpCall& call) {
  if (args::RandomKey(call.attrs).count < 0)
    fail(ErrorKind::value, "[random_key] count must not be negative");
  const int64_t seed_and_counter[] = {2};
  call.emit(IntSpan(seed_and_counter), DType::uint64);
}

void dropout_with_key_infer(OpCall& call) {
  expect_floating(call, 0, "input");
  expect_key(call, 1);
  expect_probability("dropout", args::DropoutWithKey(call.attrs).p);
  call.emit(call.in[0].layout().dense_like(), call.in[0].dtype());
}
// The mask is computed again from the key: the gradient is a dropout of the gradient.
void dropout_with_key_vjp(Vjp& v) {
  v.set(0, dropout_with_key(v.grad(), v.input(1), args::DropoutWithKey(v.attrs()).p));
}

}  // namespace

namespace defs {
const OpDef random_key = without_gradient(OpId::random_key, random_key_infer);
const OpDef dropout_with_key = [] {
  OpDef def = without_gradient(OpId::dropout_with_key, dropout_with_key_infer);
  def.vjp = dropout_with_key_vjp;
  def.saved_inputs = 2;
  return def;
}();
}  // namespace defs

Tensor dropout(const Tensor& input, const DropoutOptions& options) {
  expect_probability("dropout", options.p);
  if (!options.training) return input;
  Tensor key = random_key(input.numel(), {.generator = options.generator});
  return dropout_with_key(input, key, options.p);
}

}  // namespace rushlight

// Indexing by tensors: index reads, index_put writes.
#include "rushlight/backend/index_plan.h"
#include "rushlight/core/number_fits.h"
#include "rushlight/ops/index_rules.h"

namespace rushlight {

namespace {

Inputs index_tensors(Inputs in) { return in.from(1); }

void index_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  IndexPlan plan(call.in[0].layout(), index_tensors(call.in), "index");
  call.emit(span_of(plan.result_shape), call.in[0].dtype());
}
void index_vjp(Vjp& v) {
  std::vector<Tensor> indices;
  for (size_t i = 1; i < v.input_count(); ++i) indices.push_back(v.input(i));
  Tensor zeros = nothing(v.input_shape(0), v.grad().dtype());
  v.set(0, index_put(zeros, indices, v.grad(), {.accumulate = true}));
}

// Inputs: input, the index tensors, values.
Inputs put_indices(Inputs in) { return {in.data() + 1, in.size() - 2}; }

void index_put_infer(OpCall& call) {
  expect_defined(call, 0, "input");
  expect_defined(call, call.in.size() - 1, "values");
  const Tensor &input = call.in[0], &values = call.in[call.in.size() - 1];
  IndexPlan plan(input.layout(), put_indices(call.in), "index_put");
  Shape shape = broadcast_shapes(span_of(plan.result_shape), values.shape(), "index_put");
  if (shape != plan.result_shape)
    fail(ErrorKind::runtime, "[index_put] shape mismatch: values of shape ", values.shape(),
         " do not broadcast to the indexed shape ", plan.result_shape);
  if (!values.is_weak() && values.dtype() != input.dtype())
    fail(ErrorKind::runtime, "[index_put] source and destination dtypes must match, got ", input.dtype(),
         " for the destination and ", values.dtype(), " for the source; cast the values with to(",
         input.dtype(), ")");
  expect_number_fits("index_put", values, input.dtype());
  call.emit(input.layout().dense_like(), input.dtype());
}
void index_put_vjp(Vjp& v) {
  bool accumulate = args::IndexPut(v.attrs()).accumulate;
  std::vector<Tensor> indices;
  for (size_t i = 1; i + 1 < v.input_count(); ++i) indices.push_back(v.input(i));
  if (v.needs(0)) v.set(0, accumulate ? v.grad() : index_put(v.grad(), indices, 0.0));
  size_t values = v.input_count() - 1;
  if (v.needs(values)) v.set(values, index(v.grad(), indices));
}

}  // namespace

namespace defs {
const OpDef index = [] {
  OpDef def{OpId::index};
  def.infer = index_infer;
  def.vjp = index_vjp;
  def.saves_input = [](size_t i, size_t) { return i > 0; };
  def.saves_facts = true;
  return def;
}();
const OpDef index_put = [] {
  OpDef def{OpId::index_put};
  def.infer = index_put_infer;
  def.vjp = index_put_vjp;
  def.saves_input = [](size_t i, size_t count) { return i > 0 && i + 1 < count; };
  def.saves_facts = true;
  def.in_place_safe = true;
  return def;
}();
}  // namespace defs

}  // namespace rushlight

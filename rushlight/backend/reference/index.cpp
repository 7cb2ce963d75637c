// Reading and writing at index tensors.
#include "rushlight/backend/index_plan.h"
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {
// f(offset in the source, offset in the result-shaped tensor), in row-major order of [index dimensions][the
// rest].
template <class F>
void each_pair(const IndexPlan& plan, const Layout& result, F&& f) {
  std::vector<int64_t> offsets = plan.offsets();
  std::vector<int64_t> rest;
  for_each_offset(plan.rest, [&](int64_t at) { rest.push_back(at); });
  if (rest.empty()) return;
  size_t next = 0;
  for_each_offset(plan.index_first(result), [&](int64_t at) {
    f(offsets[next / rest.size()] + rest[next % rest.size()], at);
    ++next;
  });
}
}  // namespace

bool index(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  IndexPlan plan(input.layout(), call.in.from(1), "index");
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* from = static_cast<const T*>(input.storage()->data());
    auto* to = static_cast<T*>(out.storage()->data());
    each_pair(plan, out.layout(), [&](int64_t source, int64_t result) { to[result] = from[source]; });
  });
  return true;
}

bool index_put(const KernelCall& call) {
  const Tensor &input = call.in[0], &values = call.in[call.in.size() - 1], &out = call.out[0];
  if (out.raw_data() != input.raw_data()) copy_elements(out, input);
  bool accumulate = args::IndexPut(call.attrs).accumulate;
  IndexPlan plan(out.layout(), {call.in.data() + 1, call.in.size() - 2}, "index_put");
  Tensor spread = empty(IntSpan(plan.result_shape.data(), plan.result_shape.size()), out.dtype());
  copy_elements(spread, values);
  visit(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* from = static_cast<const T*>(spread.storage()->data());
    auto* to = static_cast<T*>(out.storage()->data());
    each_pair(plan, spread.layout(), [&](int64_t target, int64_t value) {
      if (!accumulate)
        to[target] = from[value];
      else if constexpr (std::is_same_v<T, bool>)
        to[target] = to[target] || from[value];
      else
        to[target] = static_cast<T>(to[target] + from[value]);
    });
  });
  return true;
}

}  // namespace rushlight::reference

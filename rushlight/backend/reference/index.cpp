// Reading and writing at index tensors.
#include "rushlight/backend/index_plan.h"
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

std::vector<int64_t> offsets_of(const Layout& layout) {
  std::vector<int64_t> offsets;
  for_each_offset(layout, [&](int64_t at) { offsets.push_back(at); });
  return offsets;
}

// Elements of a tensor at index tensors: number (i, j) is named[i] + rest[j] from the start of the storage,
// where i counts the positions of the index tensors, and j those of the other dimensions.
struct Places {
  std::vector<int64_t> named, rest;
};

Places source_places(const IndexPlan& plan) { return {plan.offsets(), offsets_of(plan.rest)}; }

Places result_places(const IndexPlan& plan, const Tensor& result) {
  Layout layout = plan.index_first(result.layout());
  size_t split = plan.index_shape.size();
  return {
      offsets_of(Layout(layout.shape().first(split), layout.strides().first(split), 0)),
      offsets_of(Layout(layout.shape().subspan(split), layout.strides().subspan(split), layout.offset()))};
}

// visit(to, from) for each two elements at the same number.
template <class T, class Visit>
void each_pair(const Tensor& to, const Places& to_places, const Tensor& from, const Places& from_places,
               Visit visit) {
  auto* target = static_cast<T*>(to.storage()->data());
  auto* source = static_cast<const T*>(from.storage()->data());
  for (size_t i = 0; i < from_places.named.size(); ++i)
    for (size_t j = 0; j < from_places.rest.size(); ++j)
      visit(target[to_places.named[i] + to_places.rest[j]],
            source[from_places.named[i] + from_places.rest[j]]);
}

void copy_places(const Tensor& to, const Places& to_places, const Tensor& from, const Places& from_places) {
  visit_size(to.dtype(), [&]<class T>(TypeTag<T>) {
    each_pair<T>(to, to_places, from, from_places, [](T& target, T source) { target = source; });
  });
}

void add_places(const Tensor& to, const Places& to_places, const Tensor& from, const Places& from_places) {
  visit(to.dtype(), [&]<class T>(TypeTag<T>) {
    each_pair<T>(to, to_places, from, from_places, [](T& target, T source) {
      if constexpr (std::is_same_v<T, bool>)
        target = target || source;
      else
        target = static_cast<T>(target + source);
    });
  });
}

}  // namespace

bool index(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  IndexPlan plan(input.layout(), call.in.from(1), "index");
  copy_places(out, result_places(plan, out), input, source_places(plan));
  return true;
}

bool index_put(const KernelCall& call) {
  const Tensor &input = call.in[0], &values = call.in[call.in.size() - 1], &out = call.out[0];
  if (out.raw_data() != input.raw_data()) copy_elements(out, input);
  IndexPlan plan(out.layout(), {call.in.data() + 1, call.in.size() - 2}, "index_put");
  Tensor spread = empty(IntSpan(plan.result_shape.data(), plan.result_shape.size()), out.dtype());
  copy_elements(spread, values);
  auto write = args::IndexPut(call.attrs).accumulate ? add_places : copy_places;
  write(out, source_places(plan), spread, result_places(plan, spread));
  return true;
}

}  // namespace rushlight::reference

// Reductions. The result is walked element by element, each from its own line of the input.
#include <cmath>

#include "rushlight/backend/reference/kernels.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// Which dimensions go, and the input seen as [kept dimensions] and [reduced dimensions].
struct Split {
  Layout kept, reduced;
};
Split split(const Tensor& input, const OptionalIntList& dims) {
  SmallVector<bool, 8> goes(static_cast<size_t>(input.rank()), !dims || dims->empty());
  if (dims && input.rank())
    for (int64_t dim : *dims) goes[static_cast<size_t>(dim < 0 ? dim + input.rank() : dim)] = true;
  Shape shapes[2];
  Strides strides[2];
  for (int d = 0; d < input.rank(); ++d) {
    shapes[goes[static_cast<size_t>(d)]].push_back(input.layout().size(d));
    strides[goes[static_cast<size_t>(d)]].push_back(input.layout().stride(d));
  }
  auto layout = [&](int which, int64_t offset) {
    return Layout({shapes[which].data(), shapes[which].size()},
                  {strides[which].data(), strides[which].size()}, offset);
  };
  return {layout(0, input.storage_offset()), layout(1, 0)};
}

template <class T>
using SumType =
    std::conditional_t<std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>,
                       double, uint64_t>;  // integers wrap like int64

}  // namespace

bool sum(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  Split parts = split(input, args::Sum(call.attrs).dim);
  visit(input.dtype(), [&](auto in_tag) {
    visit(out.dtype(), [&](auto out_tag) {
      using In = typename decltype(in_tag)::type;
      using Out = typename decltype(out_tag)::type;
      auto* from = static_cast<const In*>(input.storage()->data());
      auto* to = out.data<Out>();
      for_each_offset(parts.kept, [&](int64_t start) {
        SumType<Out> total = 0;
        for_each_offset(parts.reduced, [&](int64_t at) {
          if constexpr (std::is_same_v<SumType<Out>, double>)
            total += static_cast<double>(from[start + at]);
          else
            total += static_cast<uint64_t>(static_cast<int64_t>(from[start + at]));
        });
        if constexpr (std::is_same_v<SumType<Out>, double> && !std::is_same_v<Out, double>)
          *to++ = static_cast<Out>(static_cast<float>(total));
        else if constexpr (std::is_same_v<SumType<Out>, double>)
          *to++ = total;
        else
          *to++ = static_cast<Out>(total);
      });
    });
  });
  return true;
}

bool max_dim(const KernelCall& call) {
  const Tensor &input = call.in[0], &values = call.out[0], &indices = call.out[1];
  Split parts = split(input, OptionalIntList(call.attrs[0].as_int()));
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* from = static_cast<const T*>(input.storage()->data());
    auto* value = values.data<T>();
    auto* index = indices.data<int64_t>();
    for_each_offset(parts.kept, [&](int64_t start) {
      int64_t position = 0, best = 0;
      T largest = from[start];
      for_each_offset(parts.reduced, [&](int64_t at) {
        T x = from[start + at];
        bool found_nan = x != x && largest == largest;  // the first NaN wins and stays
        if (found_nan || x > largest) {
          largest = x;
          best = position;
        }
        ++position;
      });
      *value++ = largest;
      *index++ = best;
    });
  });
  return true;
}

}  // namespace rushlight::reference

// The largest and the smallest along lines, and where they are.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// Whether x takes the place of the best so far: the first NaN wins and stays, and the first of equals stays.
struct Larger {
  template <class T>
  bool operator()(T x, T best) const {
    return x > best || (x != x && best == best);
  }
};
struct Smaller {
  template <class T>
  bool operator()(T x, T best) const {
    return x < best || (x != x && best == best);
  }
};

// Finds the best of every line; writes its value to `values` and its position to `indices`, where they are
// defined.
template <class Beats>
bool find_best(const Tensor& input, const Lines& lines, const Tensor& values, const Tensor& indices) {
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* from = static_cast<const T*>(input.storage()->data());
    T* value = values.defined() ? values.data<T>() : nullptr;
    int64_t* index = indices.defined() ? indices.data<int64_t>() : nullptr;
    for_each_offset(lines.starts, [&](int64_t first) {
      int64_t position = 0, where = 0;
      T best = from[first];
      for_each_offset(lines.along, [&](int64_t at) {
        if (Beats()(from[first + at], best)) {
          best = from[first + at];
          where = position;
        }
        ++position;
      });
      if (value) *value++ = best;
      if (index) *index++ = where;
    });
  });
  return true;
}

template <class Beats>
bool best_along(const KernelCall& call) {
  Lines lines = lines_through(call.in[0], OptionalIntList(call.attrs[0].as_int()));
  return find_best<Beats>(call.in[0], lines, call.out[0], call.out[1]);
}
template <class Beats>
bool best_value(const KernelCall& call) {
  return find_best<Beats>(call.in[0], lines_through(call.in[0], args::Amax(call.attrs).dim), call.out[0], {});
}
template <class Beats>
bool best_place(const KernelCall& call) {
  return find_best<Beats>(call.in[0], lines_through(call.in[0], args::Argmax(call.attrs).dim), {},
                          call.out[0]);
}

}  // namespace

bool max_dim(const KernelCall& call) { return best_along<Larger>(call); }
bool min_dim(const KernelCall& call) { return best_along<Smaller>(call); }
bool amax(const KernelCall& call) { return best_value<Larger>(call); }
bool amin(const KernelCall& call) { return best_value<Smaller>(call); }
bool argmax(const KernelCall& call) { return best_place<Larger>(call); }
bool argmin(const KernelCall& call) { return best_place<Smaller>(call); }

}  // namespace rushlight::reference

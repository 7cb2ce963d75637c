// The largest and the smallest along lines, and where they are.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/backend/reference/keys.h"
#include "rushlight/backend/reference/lines.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

namespace {

// Whether x takes the place of the best so far: the first of equals stays. Keys, and a NaN was seen to.
struct Larger {
  bool operator()(uint64_t x, uint64_t best) const { return x > best; }
};
struct Smaller {
  bool operator()(uint64_t x, uint64_t best) const { return x < best; }
};

// The place of the best of a line; the first NaN beats all.
template <class Beats>
size_t best_of(const std::vector<uint64_t>& keys, DType dtype) {
  size_t best = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (is_nan_key(keys[i], dtype)) return i;
    if (Beats()(keys[i], keys[best])) best = i;
  }
  return best;
}

// Finds the best of every line; writes its value to `values` and its position to `indices`, where they are
// defined.
template <class Beats>
bool find_best(const Tensor& input, const Lines& lines, const Tensor& values, const Tensor& indices) {
  std::vector<int64_t> along, places;
  for_each_offset(lines.along, [&](int64_t at) { along.push_back(at); });
  int64_t* index = indices.defined() ? indices.data<int64_t>() : nullptr;
  for_each_offset(lines.starts, [&](int64_t start) {
    size_t best = best_of<Beats>(keys_of(input, lines.along.with_offset(start)), input.dtype());
    places.push_back(start + along[best]);
    if (index) *index++ = static_cast<int64_t>(best);
  });
  if (values.defined()) pick_elements(values, input, places);
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

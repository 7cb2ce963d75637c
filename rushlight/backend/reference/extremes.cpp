// The largest and the smallest along lines, and where they are.
#include <algorithm>

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

// Calls f(layout) for the pieces of a line, one after the other, so that few keys are in memory at once.
template <class F>
void each_piece(const Layout& line, F f) {
  constexpr int64_t kPiece = 1 << 20;
  if (line.rank() == 0) return f(line);
  Shape shape = to_ints(line.shape());
  const int64_t count = shape[0], rows = std::max<int64_t>(1, kPiece / (line.numel() / count));
  for (int64_t row = 0; row < count; row += rows) {
    shape[0] = std::min(rows, count - row);
    f(Layout({shape.data(), shape.size()}, line.strides(), line.offset() + row * line.stride(0)));
  }
}

// The position of the best along a line; the first NaN beats all.
template <class Beats>
int64_t best_of(const Tensor& input, const Layout& line) {
  int64_t best = -1, position = 0;
  uint64_t best_key = 0;
  bool is_nan = false;
  each_piece(line, [&](const Layout& piece) {
    for (uint64_t key : keys_of(input, piece)) {
      const int64_t here = position++;
      if (is_nan || (best >= 0 && !Beats()(key, best_key) && !is_nan_key(key, input.dtype()))) continue;
      best = here;
      best_key = key;
      is_nan = is_nan_key(key, input.dtype());
    }
  });
  return best;
}

// Where in the storage the line's position is.
int64_t offset_at(const Layout& line, int64_t position) {
  int64_t offset = line.offset();
  for (int d = line.rank() - 1; d >= 0; --d) {
    offset += position % line.size(d) * line.stride(d);
    position /= line.size(d);
  }
  return offset;
}

// Finds the best of every line; writes its value to `values` and its position to `indices`, where they are
// defined.
template <class Beats>
bool find_best(const Tensor& input, const Lines& lines, const Tensor& values, const Tensor& indices) {
  std::vector<int64_t> places;
  int64_t* index = indices.defined() ? indices.data<int64_t>() : nullptr;
  for_each_offset(lines.starts, [&](int64_t start) {
    Layout line = lines.along.with_offset(start);
    int64_t best = best_of<Beats>(input, line);
    places.push_back(offset_at(line, best));
    if (index) *index++ = best;
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

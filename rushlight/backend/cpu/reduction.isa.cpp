// Folds over one axis of three. A long axis is cut in a number of parts that follows from the sizes alone;
// the parts' results are folded in order.
#include "rushlight/backend/cpu/reduction.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

struct Sum {
  static constexpr double kIdentity = 0;
  template <class V>
  RUSHLIGHT_INLINE static V combine(V a, V b) {
    return a + b;
  }
};
struct Product {
  static constexpr double kIdentity = 1;
  template <class V>
  RUSHLIGHT_INLINE static V combine(V a, V b) {
    return a * b;
  }
};
struct Largest {
  static constexpr double kIdentity = -__builtin_inf();
  template <class V>
  RUSHLIGHT_INLINE static V combine(V a, V b) {
    return max(a, b);
  }
};
struct Smallest {
  static constexpr double kIdentity = __builtin_inf();
  template <class V>
  RUSHLIGHT_INLINE static V combine(V a, V b) {
    return min(a, b);
  }
};

template <class T, class Fold>
struct Reducer {
  using V = Vec<T>;
  static constexpr int64_t kLanes = V::kLanes, kMaxParts = 64;
  static constexpr int kStrip = 4;  // vectors folded side by side: hides the latency of an addition

  const ReductionArgs<T>& args;
  int64_t parts = clamped(args.reduced * args.inner / kChunkNumbers, 1, smaller(kMaxParts, args.reduced + 1));
  int64_t part_size = ceil_div(args.reduced, parts);

  RUSHLIGHT_INLINE static V fold(V a, V b) { return Fold::template combine<V>(a, b); }

  // inner == 1: `count` numbers side by side become one.
  static T fold_row(const T* x, int64_t count) {
    V sums[kStrip];
    for (V& sum : sums) sum = Fold::kIdentity;
    int64_t i = 0;
    for (; i + kStrip * kLanes <= count; i += kStrip * kLanes)
#pragma GCC unroll 4
      for (int s = 0; s < kStrip; ++s) sums[s] = fold(sums[s], load(x + i + s * kLanes));
    for (; i < count; i += kLanes)
      sums[0] = fold(sums[0], load_partial(x + i, count - i, static_cast<T>(Fold::kIdentity)));
    const V sum = fold(fold(sums[0], sums[1]), fold(sums[2], sums[3]));
    return fold_lanes<kLanes / 2>(sum, [](V a, V b) { return fold(a, b); })[0];
  }

  // `rows` rows of `inner` numbers become one row.
  void fold_columns(const T* x, int64_t rows, T* to) const {
    for (int64_t j = 0; j < args.inner; j += kStrip * kLanes) {
      const int64_t left = args.inner - j;
      V sums[kStrip];
      for (V& sum : sums) sum = Fold::kIdentity;
      if (left >= kStrip * kLanes) {
        for (int64_t r = 0; r < rows; ++r)
#pragma GCC unroll 4
          for (int s = 0; s < kStrip; ++s) sums[s] = fold(sums[s], load(x + r * args.inner + j + s * kLanes));
      } else {
        for (int64_t r = 0; r < rows; ++r)
          for (int s = 0; s * kLanes < left; ++s)
            sums[s] = fold(sums[s], load_partial(x + r * args.inner + j + s * kLanes, left - s * kLanes));
      }
      for (int s = 0; s < kStrip && s * kLanes < left; ++s)
        store_partial(to + j + s * kLanes, sums[s], left - s * kLanes);
    }
  }

  void fold_part(int64_t outer, int64_t part, T* to) const {
    const int64_t first = part * part_size, rows = clamped(args.reduced - first, 0, part_size);
    const T* x = args.x + (outer * args.reduced + first) * args.inner;
    if (args.inner == 1)
      *to = fold_row(x, rows);
    else
      fold_columns(x, rows, to);
  }

  void finish(const T* from, T* to, int64_t count) const {
    const V scale = static_cast<T>(args.scale);
    for (int64_t j = 0; j < count; j += kLanes) {
      V value = load_partial(from + j, count - j) * scale;
      if (args.accumulate) value += load_partial(to + j, count - j);
      store_partial(to + j, value, count - j);
    }
  }

  // Each outer index is one item of parallel work.
  void run_whole() const {
    parallel_ranges(args.outer, args.reduced * args.inner, [&](int64_t begin, int64_t end) {
      const Scratch scratch(static_cast<size_t>((end - begin) * args.inner) * sizeof(T));
      T* rows = static_cast<T*>(scratch.data());
      for (int64_t o = begin; o < end; ++o) fold_part(o, 0, rows + (o - begin) * args.inner);
      finish(rows, args.y + begin * args.inner, (end - begin) * args.inner);
    });
  }

  void run_in_parts() const {
    const int64_t inner = args.inner;
    const Scratch scratch(static_cast<size_t>(args.outer * parts * inner) * sizeof(T));
    T* partial = static_cast<T*>(scratch.data());
    parallel_for(args.outer * parts,
                 [&](int64_t chunk) { fold_part(chunk / parts, chunk % parts, partial + chunk * inner); });
    for (int64_t o = 0; o < args.outer; ++o) {
      T* first = partial + o * parts * inner;
      for (int64_t part = 1; part < parts; ++part)
        for (int64_t j = 0; j < inner; j += kLanes)
          store_partial(
              first + j,
              fold(load_partial(first + j, inner - j), load_partial(first + part * inner + j, inner - j)),
              inner - j);
      finish(first, args.y + o * inner, inner);
    }
  }

  void run() const { parts == 1 ? run_whole() : run_in_parts(); }
};

}  // namespace

template <class T>
void reduce(const ReductionArgs<T>& args) {
  switch (args.kind) {
    case Reduction::sum: return Reducer<T, Sum>{args}.run();
    case Reduction::product: return Reducer<T, Product>{args}.run();
    case Reduction::largest: return Reducer<T, Largest>{args}.run();
    case Reduction::smallest: return Reducer<T, Smallest>{args}.run();
  }
}

template void reduce(const ReductionArgs<float>&);
template void reduce(const ReductionArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

// Folds over one axis of three. What is long is cut, along the axis that goes and the one that stays, by the
// sizes alone; the parts' results are folded in order. Within a part folds are pairwise: a sum to which
// millions of numbers were added one by one would lose the last of them.
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
  static constexpr int64_t kLanes = V::kLanes;
  static constexpr int kStrip = 4;  // vectors folded side by side: hides the latency of an addition
  static constexpr int64_t kStripNumbers = kStrip * kLanes;
  static constexpr int64_t kLeaf = 256;  // strips folded one after another
  static constexpr int64_t kMaxParts =
      64;  // of the rows, of some rows at least: results of parts take memory
  static constexpr int64_t kLeastRows = 8;
  static constexpr int64_t kLeastWidth = 1024;  // of a band of columns

  const ReductionArgs<T>& args;
  int64_t chunks = args.reduced * args.inner / kChunkNumbers;  // for one outer index
  int64_t parts = clamped(smaller(chunks, args.reduced / kLeastRows), 1, kMaxParts);
  int64_t part_size = ceil_div(args.reduced, parts);
  int64_t most_bands = clamped(chunks / parts, 1, ceil_div(args.inner, kLeastWidth));
  int64_t width = round_up(args.inner / most_bands + 1, kStripNumbers);
  int64_t bands = ceil_div(args.inner, width);

  RUSHLIGHT_INLINE static V fold(V a, V b) { return Fold::template combine<V>(a, b); }

  struct Strip {
    V a, b, c, d;
  };
  RUSHLIGHT_INLINE static Strip as_strip(const V* values) {
    return {values[0], values[1], values[2], values[3]};
  }

  // leaf(first, count) of up to kLeaf of `count` items at a time, folded in pairs.
  template <class Leaf>
  static Strip fold_pairs(int64_t first, int64_t count, const Leaf& leaf) {
    if (count <= kLeaf) return leaf(first, count);
    const int64_t half = round_up(count / 2, kLeaf);
    const Strip x = fold_pairs(first, half, leaf), y = fold_pairs(first + half, count - half, leaf);
    return {fold(x.a, y.a), fold(x.b, y.b), fold(x.c, y.c), fold(x.d, y.d)};
  }

  static Strip fold_some(const T* x, int64_t count) {
    V sums[kStrip];
    for (V& sum : sums) sum = Fold::kIdentity;
    int64_t i = 0;
    for (; i + kStripNumbers <= count; i += kStripNumbers)
#pragma GCC unroll 4
      for (int s = 0; s < kStrip; ++s) sums[s] = fold(sums[s], load(x + i + s * kLanes));
    for (; i < count; i += kLanes)
      sums[0] = fold(sums[0], load_partial(x + i, count - i, static_cast<T>(Fold::kIdentity)));
    return as_strip(sums);
  }

  // inner == 1: `count` numbers side by side become one.
  static T fold_row(const T* x, int64_t count) {
    const Strip all = count <= kLeaf * kStripNumbers
                          ? fold_some(x, count)
                          : fold_pairs(0, ceil_div(count, kStripNumbers), [=](int64_t first, int64_t strips) {
                              const int64_t begin = first * kStripNumbers;
                              return fold_some(x + begin, smaller(strips * kStripNumbers, count - begin));
                            });
    return fold_lanes<kLanes / 2>(fold(fold(all.a, all.b), fold(all.c, all.d)),
                                  [](V a, V b) { return fold(a, b); })[0];
  }

  // The first strip of `rows` rows, of which `left` numbers are to be read.
  RUSHLIGHT_INLINE Strip fold_rows(const T* x, int64_t rows, int64_t left) const {
    const auto fold_by = [&](auto load_part) {
      V a = Fold::kIdentity, b = a, c = a, d = a;
      for (int64_t r = 0; r < rows; ++r) {
        const T* row = x + r * args.inner;
        a = fold(a, load_part(row, 0)), b = fold(b, load_part(row, 1));
        c = fold(c, load_part(row, 2)), d = fold(d, load_part(row, 3));
      }
      return Strip{a, b, c, d};
    };
    if (left >= kStripNumbers) return fold_by([](const T* row, int64_t s) { return load(row + s * kLanes); });
    return fold_by(
        [=](const T* row, int64_t s) { return load_partial(row + s * kLanes, left - s * kLanes); });
  }

  RUSHLIGHT_INLINE static void store_strip(T* to, const Strip& strip, int64_t left) {
    store_partial(to, strip.a, left);
    store_partial(to + kLanes, strip.b, left - kLanes);
    store_partial(to + 2 * kLanes, strip.c, left - 2 * kLanes);
    store_partial(to + 3 * kLanes, strip.d, left - 3 * kLanes);
  }

  // The first `count` columns of `rows` rows become one row.
  void fold_columns(const T* x, int64_t rows, int64_t count, T* to) const {
    for (int64_t j = 0; j < count; j += kStripNumbers) {
      const auto fold_some_rows = [&](int64_t first, int64_t some) {
        return fold_rows(x + first * args.inner + j, some, count - j);
      };
      if (rows <= kLeaf)
        store_strip(to + j, fold_some_rows(0, rows), count - j);
      else
        store_strip(to + j, fold_pairs(0, rows, fold_some_rows), count - j);
    }
  }

  // The columns [begin, end) of one part of the rows.
  void fold_part(int64_t outer, int64_t part, int64_t begin, int64_t end, T* to) const {
    const int64_t first = part * part_size, rows = clamped(args.reduced - first, 0, part_size);
    const T* x = args.x + (outer * args.reduced + first) * args.inner + begin;
    if (args.inner == 1)
      *to = fold_row(x, rows);
    else
      fold_columns(x, rows, end - begin, to);
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
      for (int64_t o = begin; o < end; ++o) fold_part(o, 0, 0, args.inner, rows + (o - begin) * args.inner);
      finish(rows, args.y + begin * args.inner, (end - begin) * args.inner);
    });
  }

  // Each band of columns is one.
  void run_in_bands() const {
    parallel_for(args.outer * bands, [&](int64_t chunk) {
      const int64_t outer = chunk / bands, begin = chunk % bands * width,
                    end = smaller(begin + width, args.inner);
      const Scratch scratch(static_cast<size_t>(end - begin) * sizeof(T));
      T* row = static_cast<T*>(scratch.data());
      fold_part(outer, 0, begin, end, row);
      finish(row, args.y + outer * args.inner + begin, end - begin);
    });
  }

  void run_in_parts() const {
    const int64_t inner = args.inner;
    const Scratch scratch(static_cast<size_t>(args.outer * parts * inner) * sizeof(T));
    T* partial = static_cast<T*>(scratch.data());
    parallel_for(args.outer * parts * bands, [&](int64_t chunk) {
      const int64_t begin = chunk % bands * width, part = chunk / bands;
      fold_part(part / parts, part % parts, begin, smaller(begin + width, inner),
                partial + part * inner + begin);
    });
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

  void run() const {
    if (parts > 1)
      run_in_parts();
    else if (bands > 1)
      run_in_bands();
    else
      run_whole();
  }
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

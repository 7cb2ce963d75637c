// Weighted sums of images: rows are mixed along vectors, then the columns of the mixed row.
#include "rushlight/backend/cpu/weighing.h"

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

// The sum of weighted rows `columns` wide, n of them.
template <class T>
void mix_rows(const T* plane, int64_t columns, int64_t n, const int64_t* at, const T* weight, T* mixed) {
  for (int64_t c = 0; c < columns; c += Vec<T>::kLanes) {
    Vec<T> sum = 0;
    for (int64_t t = 0; t < n; ++t) {
      const Vec<T> part = load_partial(plane + at[t] * columns + c, columns - c) * Vec<T>::splat(weight[t]);
      sum = t == 0 ? part : sum + part;
    }
    store_partial(mixed + c, sum, columns - c);
  }
}

template <class T>
void weigh_position(const TapLists<T>& c, const T* line, int64_t j, T* y) {
  T sum = 0;
  for (int64_t t = c.first[j]; t < c.first[j + 1]; ++t) sum += c.weight[t] * line[c.at[t]];
  y[j] = sum;
}

// Positions with so many taps each.
template <int Taps, class T>
void weigh_same(const TapLists<T>& c, const T* line, T* y) {
  const int64_t* at = c.at + c.first[c.begin];
  const T* weight = c.weight + c.first[c.begin];
  for (int64_t j = c.begin; j < c.end; ++j, at += Taps, weight += Taps) {
    T sum = weight[0] * line[at[0]];
    for (int t = 1; t < Taps; ++t) sum += weight[t] * line[at[t]];
    y[j] = sum;
  }
}

// Windows that slide by `stride`, a constant where it matters.
template <class T>
RUSHLIGHT_INLINE void sum_windows(int64_t n, int64_t taps, const T* line, int64_t stride, T* y) {
  for (int64_t j = 0; j < n; ++j) y[j] = line[j * stride];
  for (int64_t t = 1; t < taps; ++t)
    for (int64_t j = 0; j < n; ++j) y[j] += line[j * stride + t];
}

template <class T>
void weigh_columns(const TapLists<T>& c, const T* line, T* y) {
  for (int64_t j = 0; j < c.begin; ++j) weigh_position(c, line, j, y);
  if (c.stride == 1)
    sum_windows(c.end - c.begin, c.taps, line + c.base, 1, y + c.begin);
  else if (c.stride == 2)
    sum_windows(c.end - c.begin, c.taps, line + c.base, 2, y + c.begin);
  else if (c.taps == 1)
    weigh_same<1>(c, line, y);
  else if (c.taps == 2)
    weigh_same<2>(c, line, y);
  else if (c.taps == 4)
    weigh_same<4>(c, line, y);
  else
    for (int64_t j = c.begin; j < c.end; ++j) weigh_position(c, line, j, y);
  for (int64_t j = c.end; j < c.positions; ++j) weigh_position(c, line, j, y);
}

template <class T>
void weigh_row(const WeighArgs<T>& args, int64_t plane, int64_t row, T* mixed, T* y) {
  const TapLists<T>&r = args.rows, &c = args.columns;
  const int64_t first = r.first[row], n = r.first[row + 1] - first;
  const T* x = args.x + plane * args.from_rows * args.from_columns;
  const bool alone = n == 1 && r.weight[first] == 1;
  if (!alone) mix_rows(x, args.from_columns, n, r.at + first, r.weight + first, mixed);
  weigh_columns(c, alone ? x + r.at[first] * args.from_columns : mixed, y);
  if (!r.divides && !c.divides) return;
  const T divisor = r.divisor[row];
  for (int64_t j = 0; j < c.positions; ++j) y[j] /= divisor * c.divisor[j];
}

}  // namespace

template <class T>
void weigh(const WeighArgs<T>& args) {
  const int64_t rows = args.rows.positions, columns = args.columns.positions;
  parallel_ranges(args.planes * rows, args.from_columns + columns, [&](int64_t begin, int64_t end) {
    const Scratch mixed(static_cast<size_t>(args.from_columns) * sizeof(T));
    for (int64_t i = begin; i < end; ++i)
      weigh_row(args, i / rows, i % rows, static_cast<T*>(mixed.data()), args.y + i * columns);
  });
}

template void weigh(const WeighArgs<float>&);
template void weigh(const WeighArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

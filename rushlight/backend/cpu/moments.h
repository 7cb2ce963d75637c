// Mean and variance of numbers side by side. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/row_loops.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Numbers that are added up one after another in their own type; longer sums are made of such pieces, in
// float64. A piece stays in L1 for a second pass.
constexpr int64_t kPieceNumbers = 4096;

// Count, mean and sum of squared deviations, of parts that are added up in order: no large numbers cancel.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(const Moments& part) {
    const double both = count + part.count, step = part.mean - mean;
    squares += part.squares + step * step * count * part.count / both;
    mean += step * part.count / both;
    count = both;
  }
};

// Of a row, in its own type.
template <class T>
struct Statistics {
  T mean, variance;
};

// From the differences from `pivot`. (Nothing waits for the division by n.)
template <class T>
RUSHLIGHT_INLINE Statistics<T> statistics_around(T pivot, const T* x, int64_t n) {
  const T share = 1 / static_cast<T>(n);
  const T steps = sum_over<T>(n, [=](Vec<T> sum, int64_t j, auto part) {
    return sum + (load(x + j, part, pivot) - Vec<T>::splat(pivot));
  });
  const T mean = pivot + steps * share;
  const T squares = sum_over<T>(n, [=](Vec<T> sum, int64_t j, auto part) {
    const Vec<T> step = load(x + j, part, mean) - Vec<T>::splat(mean);
    return multiply_add(step, step, sum);
  });
  return {mean, squares * share};
}

// Numbers that lie close together far from 0 drown in their sum: then once more, around the mean that was
// found. Equal numbers have exactly their mean.
template <class T>
RUSHLIGHT_INLINE Statistics<T> statistics_of_piece(const T* x, int64_t n) {
  const Statistics<T> plain = statistics_around(T(0), x, n);
  return plain.mean * plain.mean > 64 * plain.variance ? statistics_around(plain.mean, x, n) : plain;
}

// The same of any number of pieces.
template <class T>
RUSHLIGHT_INLINE void add_moments(const T* x, int64_t n, Moments& all) {
  for (int64_t i = 0; i < n; i += kPieceNumbers) {
    const int64_t count = smaller(n - i, kPieceNumbers);
    const Statistics<T> piece = statistics_of_piece(x + i, count);
    all.add({static_cast<double>(count), piece.mean, piece.variance * static_cast<double>(count)});
  }
}
template <class T>
RUSHLIGHT_INLINE Statistics<T> statistics_of(const T* x, int64_t n) {
  if (n <= kPieceNumbers) return statistics_of_piece(x, n);
  Moments all;
  add_moments(x, n, all);
  return {static_cast<T>(all.mean), static_cast<T>(all.squares / all.count)};
}

// The mean of the squares of a row.
template <class T>
RUSHLIGHT_INLINE T mean_square_of(const T* x, int64_t n) {
  double squares = 0;
  for (int64_t i = 0; i < n; i += kPieceNumbers)
    squares += sum_over<T>(smaller(n - i, kPieceNumbers), [=](Vec<T> sum, int64_t j, auto part) {
      const Vec<T> number = load(x + i + j, part);
      return multiply_add(number, number, sum);
    });
  return static_cast<T>(squares / static_cast<double>(n));
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

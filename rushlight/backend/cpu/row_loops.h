// Loops over the vectors of a row. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// How much of a vector belongs to the row: known to be all of it, or only its first lanes.
struct AllLanes {};
struct FirstLanes {
  int64_t lanes;
};

template <class T>
RUSHLIGHT_INLINE Vec<T> load(const T* from, AllLanes, T = 0) {
  return load(from);
}
template <class T>
RUSHLIGHT_INLINE Vec<T> load(const T* from, FirstLanes first, T rest = 0) {
  return load_partial(from, first.lanes, rest);
}
template <class T>
RUSHLIGHT_INLINE void store(T* to, Vec<T> x, AllLanes) {
  store(to, x);
}
template <class T>
RUSHLIGHT_INLINE void store(T* to, Vec<T> x, FirstLanes first) {
  store_partial(to, x, first.lanes);
}
// Zeros where the row has ended.
template <class T>
RUSHLIGHT_INLINE Vec<T> inside(Vec<T> x, AllLanes) {
  return x;
}
template <class T>
RUSHLIGHT_INLINE Vec<T> inside(Vec<T> x, FirstLanes first) {
  return select(first_lanes<T>(first.lanes), x, Vec<T>(0));
}

// body(j, part) for every vector of a row of n numbers; j is its first, part AllLanes or FirstLanes.
template <class T, class Body>
RUSHLIGHT_INLINE void each_vector(int64_t n, Body body) {
  constexpr int64_t lanes = Vec<T>::kLanes;
  int64_t j = 0;
  for (; j + lanes <= n; j += lanes) body(j, AllLanes{});
  if (j < n) body(j, FirstLanes{n - j});
}

// The row's vectors folded into one value, of one or more vectors: value = body(value, j, part), four at a
// time so that they do not wait for each other, and combined at the end.
template <class T, class Value, class Body, class Combine>
RUSHLIGHT_INLINE Value fold_vectors(int64_t n, Value first, Body body, Combine combine) {
  constexpr int64_t lanes = Vec<T>::kLanes;
  Value a = first, b = first, c = first, d = first;
  int64_t j = 0;
  for (; j + 4 * lanes <= n; j += 4 * lanes) {
    a = body(a, j, AllLanes{});
    b = body(b, j + lanes, AllLanes{});
    c = body(c, j + 2 * lanes, AllLanes{});
    d = body(d, j + 3 * lanes, AllLanes{});
  }
  for (; j + lanes <= n; j += lanes) a = body(a, j, AllLanes{});
  if (j < n) b = body(b, j, FirstLanes{n - j});
  return combine(combine(a, b), combine(c, d));
}
template <class T, class Body>
RUSHLIGHT_INLINE T sum_over(int64_t n, Body body) {
  return sum_of_lanes(fold_vectors<T>(n, Vec<T>(0), body, [](Vec<T> a, Vec<T> b) { return a + b; }));
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

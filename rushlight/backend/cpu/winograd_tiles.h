// Tiles of Winograd's F(4x4, 3x3): 6 x 6 pixels make 4 x 4 results. Only for *.isa.cpp files.
//
// Pixels lie channel by channel (the lanes of a vector), so a transform is additions of whole vectors. Bt, A
// and G are the matrices of Lavin and Gray for the points 0, 1, -1, 2, -2 and infinity; their transposed
// forms make the gradient of the weight.
#pragma once

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/convolution.h"
#include "rushlight/backend/cpu/turn_pixels.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

constexpr int kTileIn = 6, kTileOut = 4, kTileParts = kTileIn * kTileIn;

using Floats = Vec<float>;

// -- one dimension of each transform: `from` and `to` may not overlap

struct InputTransform {  // Bt
  static constexpr int kFrom = kTileIn, kTo = kTileIn;
  RUSHLIGHT_INLINE static void run(const Floats* from, Floats* to) {
    const Floats even = from[4] - 4 * from[2], odd = from[3] - 4 * from[1];
    const Floats even2 = from[4] - from[2], odd2 = 2 * (from[3] - from[1]);
    to[0] = 4 * from[0] - 5 * from[2] + from[4];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = even2 + odd2;
    to[4] = even2 - odd2;
    to[5] = 4 * from[1] - 5 * from[3] + from[5];
  }
};

struct OutputTransform {  // At
  static constexpr int kFrom = kTileIn, kTo = kTileOut;
  RUSHLIGHT_INLINE static void run(const Floats* from, Floats* to) {
    const Floats sum1 = from[1] + from[2], step1 = from[1] - from[2];
    const Floats sum2 = from[3] + from[4], step2 = from[3] - from[4];
    to[0] = from[0] + sum1 + sum2;
    to[1] = step1 + 2 * step2;
    to[2] = sum1 + 4 * sum2;
    to[3] = step1 + 8 * step2 + from[5];
  }
};

struct OutputGradTransform {  // A
  static constexpr int kFrom = kTileOut, kTo = kTileIn;
  RUSHLIGHT_INLINE static void run(const Floats* from, Floats* to) {
    const Floats even = from[0] + from[2], odd = from[1] + from[3];
    const Floats even2 = from[0] + 4 * from[2], odd2 = 2 * from[1] + 8 * from[3];
    to[0] = from[0];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = even2 + odd2;
    to[4] = even2 - odd2;
    to[5] = from[3];
  }
};

struct WeightTransform {  // G
  static constexpr int kFrom = 3, kTo = kTileIn;
  RUSHLIGHT_INLINE static void run(const Floats* from, Floats* to) {
    const Floats ends = from[0] + from[2], ends2 = from[0] + 4 * from[2];
    to[0] = 0.25 * from[0];
    to[1] = (-1.0 / 6) * (ends + from[1]);
    to[2] = (-1.0 / 6) * (ends - from[1]);
    to[3] = (1.0 / 24) * (ends2 + 2 * from[1]);
    to[4] = (1.0 / 24) * (ends2 - 2 * from[1]);
    to[5] = from[2];
  }
};

struct WeightGradTransform {  // Gt
  static constexpr int kFrom = kTileIn, kTo = 3;
  RUSHLIGHT_INLINE static void run(const Floats* from, Floats* to) {
    const Floats sum1 = (-1.0 / 6) * (from[1] + from[2]), sum2 = (1.0 / 24) * (from[3] + from[4]);
    to[0] = 0.25 * from[0] + sum1 + sum2;
    to[1] = (-1.0 / 6) * (from[1] - from[2]) + (1.0 / 12) * (from[3] - from[4]);
    to[2] = sum1 + 4 * sum2 + from[5];
  }
};

// Both dimensions: load(i, j) gives the square's number in row i and column j, store(i, j, value) takes one
// of the result's.
template <class Transform, class Load, class Store>
RUSHLIGHT_INLINE void transform_square(Load load_at, Store store_at) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  Floats half[kTo][kFrom];
#pragma GCC unroll 6
  for (int j = 0; j < kFrom; ++j) {
    Floats column[kFrom], made[kTo];
#pragma GCC unroll 6
    for (int i = 0; i < kFrom; ++i) column[i] = load_at(i, j);
    Transform::run(column, made);
#pragma GCC unroll 6
    for (int i = 0; i < kTo; ++i) half[i][j] = made[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < kTo; ++i) {
    Floats made[kTo];
    Transform::run(half[i], made);
#pragma GCC unroll 6
    for (int j = 0; j < kTo; ++j) store_at(i, j, made[j]);
  }
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

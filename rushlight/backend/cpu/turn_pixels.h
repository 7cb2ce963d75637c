// Between images in any order and pixels whose channels lie side by side. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/convolution.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Rows of channels that whole vectors fill.
template <class T>
constexpr int64_t padded_channels(int64_t channels) {
  return round_up(channels, Vec<T>::kLanes);
}

// Pixel p's channels from out + p * row on, zeros up to the row's end. REQUIRES: channels <= row <=
// padded_channels.
template <class T>
void take_pixels(const T* image, const ImageOrder& order, int64_t channels, int64_t pixels, T* out,
                 int64_t row) {
  constexpr int lanes = Vec<T>::kLanes;
  if (order.channel == 1) {
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; c += lanes)
        store_partial(out + p * row + c, load_partial(image + p * order.pixel + c, channels - c), row - c);
    return;
  }
  for (int64_t c = 0; c < channels; c += lanes)
    for (int64_t p = 0; p < pixels; p += lanes) {
      const T* from = image + c * order.channel + p;
      Vec<T> square[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i)
        square[i] = c + i < channels ? load_partial(from + i * order.channel, pixels - p) : Vec<T>(0);
      if (c + lanes < channels) {  // pieces of lines are too short for the machine to foresee the next
#pragma GCC unroll 16
        for (int i = 0; i < lanes; ++i) __builtin_prefetch(from + (lanes + i) * order.channel);
      }
      transpose<lanes / 2>(square);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i)
        if (p + i < pixels) store_partial(out + (p + i) * row + c, square[i], row - c);
    }
}

// The other way round. REQUIRES: row >= padded_channels.
template <class T>
void give_pixels(const T* from, int64_t row, int64_t channels, int64_t pixels, const ImageOrder& order,
                 T* image) {
  constexpr int lanes = Vec<T>::kLanes;
  if (order.channel == 1) {
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t c = 0; c < channels; c += lanes)
        store_partial(image + p * order.pixel + c, load(from + p * row + c), channels - c);
    return;
  }
  for (int64_t c = 0; c < channels; c += lanes)
    for (int64_t p = 0; p < pixels; p += lanes) {
      Vec<T> square[lanes];
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i) square[i] = p + i < pixels ? load(from + (p + i) * row + c) : Vec<T>(0);
      transpose<lanes / 2>(square);
#pragma GCC unroll 16
      for (int i = 0; i < lanes; ++i)
        if (c + i < channels) store_partial(image + (c + i) * order.channel + p, square[i], pixels - p);
    }
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

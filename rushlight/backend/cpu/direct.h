// Convolutions as products of overlapping rows with packed weights: any strides, dilations and groups of more
// than a few channels. Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/convolution.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Whether the channels of a group fill at least half a vector, and the fields are no larger than is sensible:
// a wide dilation or padding makes them far larger than the image, up to what 64 bits do not hold.
template <class T>
bool direct_fits(const ConvolutionArgs<T>& args);
template <class T>
bool direct_fits(const WeightGradientArgs<T>& args);

template <class T>
void direct_convolution(const ConvolutionArgs<T>& args);
template <class T>
void direct_weight_gradient(const WeightGradientArgs<T>& args);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

// 3x3 convolutions of stride 1 by Winograd's tiles: a quarter of the multiplications, rounded less exactly
// (an error of some 1e-6 of the largest result). Only for *.isa.cpp files.
#pragma once

#include "rushlight/backend/cpu/convolution.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Whether the tiles fit a slide that writes all results, and pay.
bool winograd_fits(const Slide& slide, int64_t in_channels, int64_t out_channels);

void winograd_convolution(const ConvolutionArgs<float>& args, const Slide& slide);
void winograd_weight_gradient(const WeightGradientArgs<float>& args);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

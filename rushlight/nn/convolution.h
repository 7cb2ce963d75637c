// Convolutions of one to three dimensions, and the transposed ones that make images larger.
#pragma once

#include "rushlight/nn/layer.h"

namespace rushlight::nn {

// Numbers, or "same" (the output has the image's size) or "valid" (none).
struct Padding {
  template <class T>
    requires std::is_integral_v<T>
  Padding(T everywhere) : amount(everywhere) {}
  Padding(std::initializer_list<int64_t> amounts) : amount(amounts) {}
  Padding(const char* word) : name(word) {}

  IntList amount;
  std::string name;  // empty: `amount` says it
};

struct ConvOptions {
  IntList stride = 1;
  Padding padding = 0;
  IntList dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";  // or "reflect", "replicate", "circular"
};

template <int N>
class Conv : public Layer<Conv<N>> {
 public:
  Conv(int64_t in_channels, int64_t out_channels, const IntList& kernel_size,
       const ConvOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string_view kind() const override { return N == 1 ? "Conv1d" : N == 2 ? "Conv2d" : "Conv3d"; }
  std::string details() const override;

  Parameter weight;  // (out, in / groups, ...kernel)
  Parameter bias;    // (out,)

 private:
  ConvOptions options_;
};
using Conv1d = Conv<1>;
using Conv2d = Conv<2>;
using Conv3d = Conv<3>;

struct ConvTransposeOptions {
  IntList stride = 1;
  IntList padding = 0;
  IntList output_padding = 0;
  int64_t groups = 1;
  bool bias = true;
  IntList dilation = 1;
};

template <int N>
class ConvTranspose : public Layer<ConvTranspose<N>> {
 public:
  ConvTranspose(int64_t in_channels, int64_t out_channels, const IntList& kernel_size,
                const ConvTransposeOptions& options = {});
  Tensor forward(const Tensor& x) const;
  std::string_view kind() const override {
    return N == 1 ? "ConvTranspose1d" : N == 2 ? "ConvTranspose2d" : "ConvTranspose3d";
  }
  std::string details() const override;

  Parameter weight;  // (in, out / groups, ...kernel)
  Parameter bias;    // (out,)

 private:
  ConvTransposeOptions options_;
};
using ConvTranspose1d = ConvTranspose<1>;
using ConvTranspose2d = ConvTranspose<2>;
using ConvTranspose3d = ConvTranspose<3>;

}  // namespace rushlight::nn

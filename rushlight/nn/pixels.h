// Layers that compute nothing: frames around images, and pixels in another order.
#pragma once

#include "rushlight/generated/functions.h"
#include "rushlight/nn/layer.h"

namespace rushlight::nn {

// -- frames: as wide on every side, or before and after each dimension, the last one first

template <class Self, int N>
class Frame : public Layer<Self> {
 public:
  Tensor forward(const Tensor& x) const { return pad(x, padding_, {.mode = mode_}); }
  std::string details() const override { return join_text(static_cast<IntSpan>(padding_)); }

 protected:
  Frame(const char* mode, const IntList& padding) : mode_(mode), padding_(padding) {
    if (padding.size() == 1)
      for (int i = 1; i < 2 * N; ++i) padding_.push_back(padding[0]);
    if (padding_.size() != 2 * N)
      fail(ErrorKind::value, "[", short_name<Self>(), "] padding is one number or ", 2 * N, ", not ",
           static_cast<IntSpan>(padding));
  }
  const IntList& padding() const { return padding_; }

 private:
  const char* mode_;
  IntList padding_;
};

template <class Self, int N>
class ConstantFrame : public Frame<Self, N> {
 public:
  ConstantFrame(const IntList& padding, double value) : Frame<Self, N>("constant", padding), value_(value) {}
  Tensor forward(const Tensor& x) const { return pad(x, this->padding(), {.value = value_}); }
  std::string details() const override {
    return join_text("padding=", static_cast<IntSpan>(this->padding()), ", value=", value_);
  }

 private:
  double value_;
};

struct ZeroPad1d : Frame<ZeroPad1d, 1> {
  explicit ZeroPad1d(const IntList& padding) : Frame("constant", padding) {}
};
struct ZeroPad2d : Frame<ZeroPad2d, 2> {
  explicit ZeroPad2d(const IntList& padding) : Frame("constant", padding) {}
};
struct ZeroPad3d : Frame<ZeroPad3d, 3> {
  explicit ZeroPad3d(const IntList& padding) : Frame("constant", padding) {}
};
struct ReflectionPad1d : Frame<ReflectionPad1d, 1> {
  explicit ReflectionPad1d(const IntList& padding) : Frame("reflect", padding) {}
};
struct ReflectionPad2d : Frame<ReflectionPad2d, 2> {
  explicit ReflectionPad2d(const IntList& padding) : Frame("reflect", padding) {}
};
struct ReflectionPad3d : Frame<ReflectionPad3d, 3> {
  explicit ReflectionPad3d(const IntList& padding) : Frame("reflect", padding) {}
};
struct ReplicationPad1d : Frame<ReplicationPad1d, 1> {
  explicit ReplicationPad1d(const IntList& padding) : Frame("replicate", padding) {}
};
struct ReplicationPad2d : Frame<ReplicationPad2d, 2> {
  explicit ReplicationPad2d(const IntList& padding) : Frame("replicate", padding) {}
};
struct ReplicationPad3d : Frame<ReplicationPad3d, 3> {
  explicit ReplicationPad3d(const IntList& padding) : Frame("replicate", padding) {}
};
struct CircularPad1d : Frame<CircularPad1d, 1> {
  explicit CircularPad1d(const IntList& padding) : Frame("circular", padding) {}
};
struct CircularPad2d : Frame<CircularPad2d, 2> {
  explicit CircularPad2d(const IntList& padding) : Frame("circular", padding) {}
};
struct CircularPad3d : Frame<CircularPad3d, 3> {
  explicit CircularPad3d(const IntList& padding) : Frame("circular", padding) {}
};
struct ConstantPad1d : ConstantFrame<ConstantPad1d, 1> {
  using ConstantFrame::ConstantFrame;
};
struct ConstantPad2d : ConstantFrame<ConstantPad2d, 2> {
  using ConstantFrame::ConstantFrame;
};
struct ConstantPad3d : ConstantFrame<ConstantPad3d, 3> {
  using ConstantFrame::ConstantFrame;
};

// -- pixels for channels, and back

template <class Self, Tensor (*op)(const Tensor&, int64_t)>
struct ByFactor : Layer<Self> {
  explicit ByFactor(int64_t by) : factor(by) {}
  Tensor forward(const Tensor& x) const { return op(x, factor); }

  int64_t factor;
};

struct PixelShuffle : ByFactor<PixelShuffle, pixel_shuffle> {
  using ByFactor::ByFactor;
  std::string details() const override { return join_text("upscale_factor=", factor); }
};
struct PixelUnshuffle : ByFactor<PixelUnshuffle, pixel_unshuffle> {
  using ByFactor::ByFactor;
  std::string details() const override { return join_text("downscale_factor=", factor); }
};
struct ChannelShuffle : ByFactor<ChannelShuffle, channel_shuffle> {
  using ByFactor::ByFactor;
  std::string details() const override { return join_text("groups=", factor); }
};

// -- windows as columns, and back

template <class Options>
std::string windows_in_words(const Options& options) {
  return join_text(", dilation=", sizes_in_words(options.dilation),
                   ", padding=", sizes_in_words(options.padding),
                   ", stride=", sizes_in_words(options.stride));
}

class Unfold : public Layer<Unfold> {
 public:
  explicit Unfold(IntList kernel_size, const Im2colOptions& options = {})
      : kernel_size_(std::move(kernel_size)), options_(options) {}
  Tensor forward(const Tensor& x) const { return im2col(x, kernel_size_, options_); }
  std::string details() const override {
    return "kernel_size=" + sizes_in_words(kernel_size_) + windows_in_words(options_);
  }

 private:
  IntList kernel_size_;
  Im2colOptions options_;
};

class Fold : public Layer<Fold> {
 public:
  Fold(IntList output_size, IntList kernel_size, const Col2imOptions& options = {})
      : output_size_(std::move(output_size)), kernel_size_(std::move(kernel_size)), options_(options) {}
  Tensor forward(const Tensor& x) const { return col2im(x, output_size_, kernel_size_, options_); }
  std::string details() const override {
    return "output_size=" + sizes_in_words(output_size_) + ", kernel_size=" + sizes_in_words(kernel_size_) +
           windows_in_words(options_);
  }

 private:
  IntList output_size_, kernel_size_;
  Col2imOptions options_;
};

}  // namespace rushlight::nn

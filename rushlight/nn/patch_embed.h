// Images as sequences of patches: what a vision transformer reads.
#pragma once

#include "rushlight/nn/linear.h"

namespace rushlight::nn {

// (batch, channels, height, width) -> (batch, patches, dim): the image is cut into squares, by its shape and
// without a convolution, and each square's pixels, row by row, channel after channel, are multiplied by one
// matrix.
class PatchEmbed : public Layer<PatchEmbed> {
 public:
  PatchEmbed(int64_t patch_size, int64_t channels, int64_t dim)
      : proj(child("proj", Linear(channels * patch_size * patch_size, dim))), patch_(patch_size) {}
  Tensor forward(const Tensor& images) const;
  std::string details() const override { return join_text("patch_size=", patch_); }

  Linear proj;

 private:
  int64_t patch_;
};

// The patches alone: (batch, patches, channels * patch * patch).
Tensor patches_of(const Tensor& images, int64_t patch_size);

}  // namespace rushlight::nn

#include "rushlight/nn/patch_embed.h"

#include "rushlight/generated/functions.h"

namespace rushlight::nn {

Tensor patches_of(const Tensor& images, int64_t patch) {
  if (images.rank() != 4 || patch < 1 || images.size(2) % patch != 0 || images.size(3) % patch != 0)
    fail(ErrorKind::value,
         "[PatchEmbed] needs (batch, channels, height, width) whose height and width are multiples of ",
         patch, ", but the shape is ", images.shape());
  const int64_t batch = images.size(0), channels = images.size(1);
  const int64_t down = images.size(2) / patch, across = images.size(3) / patch;
  return images.reshape({batch, channels, down, patch, across, patch})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({batch, down * across, channels * patch * patch});
}

Tensor PatchEmbed::forward(const Tensor& images) const { return proj(patches_of(images, patch_)); }

}  // namespace rushlight::nn

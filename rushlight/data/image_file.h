// Images from PNG and JPEG files, where the build found libpng and libjpeg.
#pragma once

#include <string>

#include "rushlight/core/tensor.h"

namespace rushlight::data {

// uint8 (channels, height, width). `channels` is 3 (red, green, blue) or 1 (grey): the image is converted.
// What kind of file it is, its first bytes say and not its name.
Tensor load_image(const std::string& path, int64_t channels = 3);

}  // namespace rushlight::data

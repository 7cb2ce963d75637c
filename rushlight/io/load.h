// Tensors by name, from and to a file of any format that there is here.
#pragma once

#include <string>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

// .safetensors, .pt, .npz, .npy or JSON: what the file begins with decides, not its name. The tensor of an
// .npy, which has no name, gets the file's: "mean" of "out/mean.npy".
NamedTensors load_tensors(const std::string& path);

// Here the name's ending decides: .safetensors, .pt or .pth, .npz, .npy (one tensor), .json.
void save_tensors(const std::string& path, const NamedTensors& tensors);

}  // namespace rushlight::io

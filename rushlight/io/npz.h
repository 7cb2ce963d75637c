// .npz: a zip archive of NumPy's arrays.
#pragma once

#include <string>
#include <string_view>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

// As np.savez and np.savez_compressed write them. See npy.h for what is refused.
NamedTensors load_npz(const std::string& path);
NamedTensors parse_npz(std::string_view bytes);

void save_npz(const std::string& path, const NamedTensors& tensors);

}  // namespace rushlight::io

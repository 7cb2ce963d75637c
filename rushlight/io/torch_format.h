// The names that PyTorch's files use for dtypes and for the functions that make tensors.
#pragma once

#include <string_view>

#include "rushlight/core/dtype.h"

namespace rushlight::io {

inline constexpr std::string_view kOrderedDict = "collections.OrderedDict";
inline constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
inline constexpr std::string_view kRebuildNewTensor = "torch._utils._rebuild_tensor_v3";  // bytes and a dtype
inline constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
inline constexpr std::string_view kUntypedStorage = "torch.storage.UntypedStorage";

// In the order of DType. Those that came later have no storage of their own: theirs are untyped bytes.
inline constexpr std::string_view kStorages[kDTypeCount] = {"torch.BoolStorage",
                                                            "torch.ByteStorage",
                                                            "",
                                                            "",
                                                            "",
                                                            "torch.CharStorage",
                                                            "torch.ShortStorage",
                                                            "torch.IntStorage",
                                                            "torch.LongStorage",
                                                            "torch.HalfStorage",
                                                            "torch.BFloat16Storage",
                                                            "torch.FloatStorage",
                                                            "torch.DoubleStorage"};
inline constexpr std::string_view kTorchDTypes[kDTypeCount] = {
    "torch.bool",     "torch.uint8",   "torch.uint16", "torch.uint32", "torch.uint64",
    "torch.int8",     "torch.int16",   "torch.int32",  "torch.int64",  "torch.float16",
    "torch.bfloat16", "torch.float32", "torch.float64"};

}  // namespace rushlight::io

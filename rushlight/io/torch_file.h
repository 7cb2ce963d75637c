// .pt: what torch.save writes, read without running anything in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rushlight/core/named_tensors.h"

namespace rushlight::io {

struct TorchFile {
  NamedTensors tensors;
  std::vector<std::string> skipped;  // names of what is no tensor: "epoch"
};

// The tensors of a state dict, or of dicts and lists of them, whose names are joined by dots:
// "optimizer.state.0.exp_avg". Tensors that share memory in the file do so here. The file's pickle is read as
// data; one that asks for any function but the few that make tensors is refused, and so are files of PyTorch
// before 1.6 and TorchScript.
NamedTensors load_torch(const std::string& path);
TorchFile parse_torch(std::string_view bytes);

// An OrderedDict that torch.load(path, weights_only=True) reads. What shares all of its memory does so there.
void save_torch(const std::string& path, const NamedTensors& tensors);

}  // namespace rushlight::io

// What each layer of a model gives back and costs, found by a dry run: no number is computed.
//
//   DryRun dry;
//   nn::LayerWatch watch(model, dry);
//   (void)model(images);
//   for (const nn::LayerLine& line : watch.lines()) ...
#pragma once

#include <optional>

#include "rushlight/engine/op_costs.h"
#include "rushlight/nn/module.h"

namespace rushlight::nn {

struct LayerLine {
  std::string path, kind;  // "features.0", "Conv2d"; the model itself has no path
  int depth = 0;
  std::optional<IntList> output;  // the shape of what it gave back last; none where it was not called
  int64_t parameters = 0;         // its own and those below; a shared one counts where it comes first
  double flops = 0;               // of all calls, those of the layers below included
};

// Sees every call of the model's layers while it lives.
class LayerWatch {
 public:
  LayerWatch(Module& model, const DryRun& dry);
  ~LayerWatch();
  LayerWatch(const LayerWatch&) = delete;
  LayerWatch& operator=(const LayerWatch&) = delete;
  const std::vector<LayerLine>& lines() const { return lines_; }

 private:
  struct Watched {
    Module* module;
    int64_t before_hook, after_hook;
    std::vector<double> flops_before;  // of calls that have begun
  };
  std::vector<LayerLine> lines_;
  std::vector<Watched> watched_;
};

}  // namespace rushlight::nn

#include "rushlight/nn/summary.h"

#include <algorithm>

namespace rushlight::nn {

namespace {

int64_t count_below(const std::string& path, const NamedTensors& parameters) {
  int64_t count = 0;
  for (const NamedTensor& parameter : parameters)
    if (path.empty() || parameter.name.starts_with(path + ".")) count += parameter.tensor.numel();
  return count;
}

}  // namespace

LayerWatch::LayerWatch(Module& model, const DryRun& dry) {
  const std::vector<Module::Child> modules = model.modules();
  const NamedTensors parameters = model.named_parameters();
  watched_.resize(modules.size());
  for (size_t i = 0; i < modules.size(); ++i) {
    Module* const module = modules[i].module;
    const std::string& path = modules[i].name;
    LayerLine& line = lines_.emplace_back();
    line.path = path, line.kind = module->kind();
    line.depth = path.empty() ? 0 : 1 + static_cast<int>(std::count(path.begin(), path.end(), '.'));
    line.parameters = count_below(path, parameters);
    Watched& watched = watched_[i];
    watched.module = module;
    watched.before_hook = module->register_forward_pre_hook(
        [this, i, &dry](Module&, TensorList) { watched_[i].flops_before.push_back(dry.cost().flops); });
    watched.after_hook =
        module->register_forward_hook([this, i, &dry](Module&, TensorList, const Tensor& output) {
          LayerLine& called = lines_[i];
          called.flops += dry.cost().flops - watched_[i].flops_before.back();
          watched_[i].flops_before.pop_back();
          if (output.defined()) called.output = IntList(output.shape());
        });
  }
}

LayerWatch::~LayerWatch() {
  for (Watched& watched : watched_) {
    watched.module->remove_hook(watched.before_hook);
    watched.module->remove_hook(watched.after_hook);
  }
}

}  // namespace rushlight::nn

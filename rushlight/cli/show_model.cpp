// rushlight show: what a file of a model, or of tensors, holds, and what a step of its training would cost.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/readable.h"
#include "rushlight/base/utf8.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/training.h"
#include "rushlight/engine/context.h"
#include "rushlight/engine/op_costs.h"
#include "rushlight/generated/functions.h"
#include "rushlight/io/load.h"
#include "rushlight/nn/summary.h"
#include "rushlight/train/run_log.h"
#include "rushlight/train/step_cost.h"

namespace rushlight::cli {

namespace {

std::vector<nn::LayerLine> lines_of(const models::Network& network) {
  NoGrad guard;
  DryRun dry;
  nn::LayerWatch watch(network.module(), dry);
  network.module().eval();
  (void)network(zeros(batch_shape(network.input(), 1)));
  return watch.lines();
}

std::string label_of(const nn::LayerLine& line) {
  const std::string own_name = line.path.substr(line.path.rfind('.') + 1);
  return std::string(static_cast<size_t>(2 * line.depth), ' ') +
         (line.path.empty() ? line.kind : own_name + ": " + line.kind);
}

void print_layers(const std::vector<nn::LayerLine>& lines) {
  size_t width = 8;
  for (const nn::LayerLine& line : lines) width = std::max(width, label_of(line).size());
  std::printf("%-*s  %-18s %12s %9s\n", static_cast<int>(width), "layer", "output for one", "parameters",
              "FLOPs");
  for (const nn::LayerLine& line : lines)
    std::printf("%-*s  %-18s %12s %9s\n", static_cast<int>(width), label_of(line).c_str(),
                line.output ? join_text(*line.output).c_str() : "not called",
                line.parameters ? std::to_string(line.parameters).c_str() : "-",
                readable_count(line.flops).c_str());
}

train::StepCost cost_of_step(const models::Network& network, optim::Optimizer& optimizer, int64_t batch) try {
  network.module().train();
  return train::cost_of_step(
      train::classifier(network), optimizer,
      {zeros(batch_shape(network.input(), batch)), zeros({batch}, {.dtype = DType::int64})});
} catch (const Error& error) {  // batch norm, say, learns nothing from one number
  fail(error.kind(), "no step can be trained with --batch ", batch, ": ", error.what());
}

io::Json json_of(IntSpan shape) {
  io::Json::Array sizes;
  for (int64_t size : shape) sizes.emplace_back(io::Json::Number{train::json_number(size)});
  return sizes;
}

void print_json(const models::Network& network, int64_t batch) {
  const auto optimizer = optimizer_of(Method::adamw, network.module().parameters(), 1e-3);
  const train::StepCost cost = cost_of_step(network, *optimizer, batch);
  for (const nn::LayerLine& line : lines_of(network))
    std::puts(train::json_line({{"layer", line.path},
                                {"kind", line.kind},
                                {"output", line.output ? json_of(*line.output) : io::Json()},
                                {"parameters", line.parameters},
                                {"flops", line.flops}})
                  .c_str());
  std::puts(train::json_line({{"parameters", network.module().count_parameters()},
                              {"batch", batch},
                              {"step_flops", cost.flops},
                              {"parameter_bytes", static_cast<int64_t>(cost.parameter_bytes)},
                              {"gradient_bytes", static_cast<int64_t>(cost.gradient_bytes)},
                              {"optimizer_bytes", static_cast<int64_t>(cost.optimizer_bytes)},
                              {"activation_bytes", static_cast<int64_t>(cost.activation_bytes)}})
                .c_str());
}

void print_json(const NamedTensors& tensors) {
  for (const NamedTensor& named : tensors)
    std::puts(train::json_line({{"name", named.name},
                                {"dtype", std::string(name_of(named.tensor.dtype()))},
                                {"shape", json_of(named.tensor.shape())},
                                {"numbers", named.tensor.numel()}})
                  .c_str());
}

void show_tensors(const NamedTensors& tensors) {
  int64_t count = 0;
  for (const NamedTensor& named : tensors) {
    std::printf("%-40s %s\n", without_controls(named.name).c_str(), join_text(named.tensor).c_str());
    count += named.tensor.numel();
  }
  std::printf("%lld numbers\n", static_cast<long long>(count));
}

}  // namespace

void show_network(const models::Network& network, Method method, int64_t batch) {
  const auto optimizer = optimizer_of(method, network.module().parameters(), 1e-3);
  const train::StepCost cost = cost_of_step(network, *optimizer, batch);
  print_layers(lines_of(network));
  std::printf("\n%lld parameters\n", static_cast<long long>(network.module().count_parameters()));
  std::printf("training by %s on batches of %lld: %s", optimizer_name(method), static_cast<long long>(batch),
              train::in_words(cost).c_str());
}

void show(const ShowCommand& command) {
  const int64_t batch = command.batch.value_or(64);
  expect_count(batch, "--batch");
  if (std::filesystem::is_directory(command.file)) return show_run(command);
  if (!command.svg.empty() || !command.csv.empty() || !command.confusion.empty())
    fail(ErrorKind::value, command.file, " is no run: only a run has what --svg, --csv and --confusion draw");
  if (command.architecture.empty() && !models::has_architecture(command.file)) {
    const NamedTensors tensors = io::load_tensors(command.file);
    return command.json ? print_json(tensors) : show_tensors(tensors);
  }
  const models::TrainedModel model = models::load_model(command.file, command.architecture);
  if (command.json) return print_json(model.network, batch);
  show_network(model.network, Method::adamw, batch);
}

}  // namespace rushlight::cli

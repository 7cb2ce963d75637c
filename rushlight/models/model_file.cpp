#include "rushlight/models/model_file.h"

#include <algorithm>
#include <filesystem>

#include "rushlight/base/files.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/json.h"
#include "rushlight/io/load.h"

namespace rushlight::models {

namespace {

// A network that small costs nothing to make; what it lacks is then named.
constexpr int64_t kFewWeights = 1 << 22;

// As the network reads an item: an image, or the row of its numbers.
std::string in_words(const Network& network) {
  const NetworkInput input = network.input();
  return input.size ? join_text(IntList{input.channels, input.size, input.size})
                    : join_text(input.channels, " numbers");
}

void expect_fitting(const Network& network, const ModelMetadata& described) {
  if (!described.labels.empty() && std::ssize(described.labels) != network.classes())
    fail(ErrorKind::value, "metadata \"labels\": there are ", described.labels.size(),
         ", and the network tells ", network.classes(), " classes apart");
  const auto& p = described.preprocessing;
  if (!p && network.input().size)
    fail(ErrorKind::value, "metadata \"image\" is missing; the network takes ", in_words(network));
  if (p && !takes(network, *p))
    fail(ErrorKind::value, "metadata \"image\": ", IntList{p->channels, p->size, p->size},
         " is not what the network takes: ", in_words(network));
}

Network network_of(const ModelMetadata& described, const NamedTensors& tensors) try {
  int64_t numbers = 0;
  for (const NamedTensor& named : tensors) numbers += named.tensor.numel();
  return Network::make(described.architecture, std::max(numbers, kFewWeights));
} catch (const Error& error) {
  fail(error.kind(), "metadata \"architecture\": ", error.what());
}

TrainedModel described_model(const io::TensorFile& file) {
  const ModelMetadata described = parse_metadata(file.metadata);
  TrainedModel model{network_of(described, file.tensors), described.preprocessing.value_or(Preprocessing()),
                     described.labels, described.data, described.test_part};
  expect_fitting(model.network, described);
  model.network.module().load_state_dict(file.tensors);
  return model;
}

// A file's JSON, once it is seen to be that.
std::string description_in(const std::string& path) {
  const std::string text = read_file(path);
  (void)io::parse_json_of(path, text);
  return text.substr(text.find_first_not_of(" \t\r\n"));
}

TrainedModel foreign_model(const std::string& path, const std::string& architecture) {
  TrainedModel model{
      Network::make(architecture.ends_with(".json") ? description_in(architecture) : architecture),
      {},
      {},
      {}};
  model.preprocessing = usual_preprocessing(model.network.input());
  io::in_file(path, [&] { return model.network.module().load_state_dict(io::load_tensors(path)); });
  for (int64_t label = 0; label < model.network.classes(); ++label)
    model.labels.push_back(std::to_string(label));
  return model;
}

}  // namespace

bool takes(const Network& network, const Preprocessing& p) {
  const NetworkInput input = network.input();
  return input.size ? p.channels == input.channels && p.size == input.size
                    : p.channels * p.size * p.size == input.channels;
}

Preprocessing usual_preprocessing(const NetworkInput& input) {
  if (input.channels == 3) return {3, input.size, {0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616}};
  return {1, input.size, {0.1307}, {0.3081}};
}

void save_model(const std::string& path, const TrainedModel& model) {
  const Network& network = model.network;
  ModelMetadata described{network.architecture(), model.preprocessing, model.labels, model.data,
                          model.test_part};
  if (network.input().size == 0 && !takes(network, model.preprocessing)) described.preprocessing.reset();
  io::in_file(path, [&] {
    const io::FileMetadata metadata = write_metadata(described);
    expect_fitting(network, described);
    io::save_safetensors(path, network.module().state_dict(), metadata);
  });
}

bool has_architecture(const std::string& path) { return describe_model(io::load_metadata(path)); }

TrainedModel load_model(const std::string& path, const std::string& architecture) {
  if (!architecture.empty()) return foreign_model(path, architecture);
  if (!std::filesystem::exists(path)) fail(ErrorKind::runtime, "there is no file ", path);
  if (!has_architecture(path))
    fail(ErrorKind::value, path,
         " does not say what network it is of; --arch does: burn_mnist_cnn, for example");
  return io::in_file(path, [&] { return described_model(io::load_safetensors(path)); });
}

}  // namespace rushlight::models

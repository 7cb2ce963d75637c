#include "rushlight/models/model_file.h"

#include <charconv>
#include <filesystem>

#include "rushlight/base/files.h"
#include "rushlight/io/json.h"
#include "rushlight/io/load.h"
#include "rushlight/io/safetensors.h"

namespace rushlight::models {

namespace {

constexpr const char* kFormat = "rushlight model 1";

std::string written(const RealList& numbers) {
  std::string text;
  for (double number : numbers) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    text += (text.empty() ? "" : " ") + std::string(digits, end);
  }
  return text;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(at, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

RealList read_numbers(const std::string& path, const std::string& text) {
  RealList numbers;
  for (const std::string& word : split(text, ' ')) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size())
      fail(ErrorKind::value, path, ": \"", word, "\" in its metadata is no number");
    numbers.push_back(number);
  }
  return numbers;
}

std::string value_of(const io::TensorFile& file, std::string_view key) {
  for (const auto& [name, value] : file.metadata)
    if (name == key) return value;
  return {};
}

Preprocessing preprocessing_of(const std::string& path, const io::TensorFile& file) {
  const RealList shape = read_numbers(path, value_of(file, "image"));
  Preprocessing p;
  p.mean = read_numbers(path, value_of(file, "mean")),
  p.deviation = read_numbers(path, value_of(file, "deviation"));
  if (shape.size() != 2 || !(shape[0] >= 1 && shape[0] <= 16) || !(shape[1] >= 1 && shape[1] <= 65536) ||
      p.mean.size() != static_cast<size_t>(shape[0]) || p.deviation.size() != p.mean.size())
    fail(ErrorKind::value, path, ": its metadata do not say what its images are");
  p.channels = static_cast<int64_t>(shape[0]), p.size = static_cast<int64_t>(shape[1]);
  return p;
}

// A file's JSON, once it is seen to be that.
std::string description_in(const std::string& path) {
  const std::string text = read_file(path);
  (void)io::parse_json_of(path, text);
  return text.substr(text.find_first_not_of(" \t\r\n"));
}

}  // namespace

Preprocessing usual_preprocessing(const NetworkInput& input) {
  if (input.channels == 3) return {3, input.size, {0.4914, 0.4822, 0.4465}, {0.247, 0.2435, 0.2616}};
  return {1, input.size, {0.1307}, {0.3081}};
}

void save_model(const std::string& path, const TrainedModel& model) {
  const Preprocessing& p = model.preprocessing;
  std::string labels;
  for (const std::string& label : model.labels) labels += label + "\n";
  io::save_safetensors(path, model.network.module().state_dict(),
                       {{"format", kFormat},
                        {"architecture", model.network.architecture()},
                        {"image", join_text(p.channels, " ", p.size)},
                        {"mean", written(p.mean)},
                        {"deviation", written(p.deviation)},
                        {"labels", labels},
                        {"data", model.data}});
}

TrainedModel load_model(const std::string& path, const std::string& architecture) {
  if (!architecture.empty()) {
    TrainedModel model{
        Network::make(architecture.ends_with(".json") ? description_in(architecture) : architecture), {}, {}};
    model.preprocessing = usual_preprocessing(model.network.input());
    model.network.module().load_state_dict(io::load_tensors(path));
    for (int64_t label = 0; label < model.network.classes(); ++label)
      model.labels.push_back(std::to_string(label));
    return model;
  }
  if (!std::filesystem::exists(path)) fail(ErrorKind::runtime, "there is no file ", path);
  if (!path.ends_with(".safetensors"))
    fail(ErrorKind::value, path,
         " does not say what network it is of; --arch does: burn_mnist_cnn, for example");
  const io::TensorFile file = io::load_safetensors(path);
  if (value_of(file, "format") != kFormat)
    fail(ErrorKind::value, path,
         " does not say what network it is of; --arch does: burn_mnist_cnn, for example");
  TrainedModel model{Network::make(value_of(file, "architecture")), preprocessing_of(path, file),
                     split(value_of(file, "labels"), '\n'), value_of(file, "data")};
  model.network.module().load_state_dict(file.tensors);
  return model;
}

}  // namespace rushlight::models

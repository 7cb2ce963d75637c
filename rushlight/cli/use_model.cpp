// rushlight eval, predict, convert: what is done with files of models.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rushlight/base/clock.h"
#include "rushlight/base/files.h"
#include "rushlight/base/terminal.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/run_folder.h"
#include "rushlight/cli/task.h"
#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/io/load.h"
#include "rushlight/io/safetensors.h"
#include "rushlight/ops/operators.h"
#include "rushlight/train/fit.h"
#include "rushlight/train/run_log.h"

namespace rushlight::cli {

namespace {

// Two pixels above each other in a character.
void draw(const Tensor& image) {
  const Tensor grey = image.mean({.dim = 0});
  const std::vector<float> pixels = grey.to_vector<float>();
  const int64_t height = grey.size(0), width = grey.size(1);
  constexpr const char* kShades[] = {" ", "░", "▒", "▓", "█"};
  for (int64_t y = 0; y + 1 < height; y += 2) {
    std::string line;
    for (int64_t x = 0; x < width; ++x) {
      const float shade =
          (pixels[static_cast<size_t>(y * width + x)] + pixels[static_cast<size_t>((y + 1) * width + x)]) / 2;
      line += kShades[std::clamp(static_cast<int>(shade * 5), 0, 4)];
    }
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

std::string label_of(const models::TrainedModel& model, int64_t i) {
  return static_cast<size_t>(i) < model.labels.size() ? model.labels[static_cast<size_t>(i)] : join_text(i);
}

// A bar for each class.
void draw_shares(const models::TrainedModel& model, const std::vector<double>& shares) {
  int columns = 10;
  std::vector<std::string> labels;
  for (size_t i = 0; i < shares.size(); ++i) {
    labels.push_back(label_of(model, static_cast<int64_t>(i)));
    columns = std::max(columns, display_width(labels.back()));
  }
  for (size_t i = 0; i < shares.size(); ++i) {
    std::string bar;
    for (long k = std::lround(shares[i] * 40); k > 0; --k) bar += "━";
    std::fprintf(stderr, "%s %5.1f %% %s\n", align_right(labels[i], columns).c_str(), 100.0 * shares[i],
                 bar.c_str());
  }
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

// What was asked for, else what the model was trained on, else what foreign weights of its shape usually are
// of.
std::string data_for(const models::TrainedModel& model, const EvalCommand& command) {
  if (!command.data.empty()) return command.data;
  if (!model.data.empty() && !names_data(model.data))
    fail(ErrorKind::value, command.model, " was trained on ", model.data,
         ", which is no folder here; --data names the test");
  if (!model.data.empty()) return model.data;
  const models::NetworkInput& input = model.network.input();
  if (input.channels == 1 && input.size == 28) return "mnist";
  if (input.channels == 3 && input.size == 32) return "cifar10";
  fail(ErrorKind::value, command.model, " does not say what it was trained on; --data names the test");
}

void expect_fit(const models::Network& network, const data::Dataset& examples, const std::string& data) {
  const Tensor one = examples.get(0).input;
  const models::NetworkInput& input = network.input();
  if (one.numel() != input.channels * (input.size ? input.size * input.size : 1))
    fail(ErrorKind::value, "the network takes batches of ", batch_shape(network.input(), 1),
         "; an example of ", data, " is ", one.shape());
}

// The figure at the end of a training that takes a part of the test differs from that of the whole.
void say_what_was_tested(int64_t count, int64_t all, int64_t part, const std::string& data) {
  std::fprintf(stderr, "tested on %s %lld examples of %s", count < all ? "the first" : "all",
               static_cast<long long>(count), data.c_str());
  if (count < all || part == 0) return (void)std::fputc('\n', stderr);
  std::fprintf(stderr, "; its training ended with a test on the first %lld, as --part does\n",
               static_cast<long long>(part));
}

// {"label": "7", "probabilities": {"0": 0.001, ...}}
std::string json_of(const models::TrainedModel& model, const std::string& label,
                    const std::vector<double>& shares) {
  io::Json::Object probabilities;
  for (size_t i = 0; i < shares.size(); ++i)
    probabilities.emplace_back(label_of(model, static_cast<int64_t>(i)),
                               io::Json::Number{train::json_number(shares[i])});
  return train::json_line({{"label", label}, {"probabilities", io::Json(std::move(probabilities))}});
}

}  // namespace

void eval(const EvalCommand& command) {
  const models::TrainedModel model = models::load_model(model_file(command.model), command.architecture);
  const std::string data = data_for(model, command);
  const TestData test = test_data(data, model.preprocessing);
  const bool named = command.architecture.empty() && !model.labels.empty();  // foreign labels are but numbers
  if (named && model.labels != test.labels)
    fail(ErrorKind::value, "the classes of ", data, " (", listed(test.labels),
         ") are not what the model tells apart (", listed(model.labels), ")");
  expect_fit(model.network, test.examples, data);
  const int64_t part = data == model.data ? model.test_part : 0;
  data::DataLoader loader(part_of(test.examples, command.part ? part : 0), {.batch_size = 500});
  train::ConfusionMatrix confusion(model.network.classes());
  const int64_t begin = monotonic_ns();
  const train::Measured measured =
      train::evaluate(train::classifier(model.network), loader, {.confusion = &confusion});
  const double seconds = static_cast<double>(monotonic_ns() - begin) * 1e-9;
  std::fputs(confusion.to_string(test.labels).c_str(), stderr);
  say_what_was_tested(measured.count, test.examples.size(), part, data);
  if (!command.svg.empty()) write_file_atomically(command.svg, {confusion.to_svg(test.labels)});
  std::puts(train::json_line({{"test_accuracy", measured.accuracy.value()},
                              {"test_loss", measured.loss},
                              {"examples", measured.count},
                              {"data", data},
                              {"seconds", seconds}})
                .c_str());
}

void predict(const PredictCommand& command) {
  const models::TrainedModel model = models::load_model(model_file(command.model), command.architecture);
  const models::Preprocessing& p = model.preprocessing;
  if (!models::takes(model.network, p))
    fail(ErrorKind::value, command.model, " is of points of the plane and sees no pictures");
  NoGrad guard;
  model.network.module().eval();
  const Tensor photo = data::Resize(p.size)(data::load_image(command.image, p.channels));
  data::Chance no_chance = data::EpochSeed{}.of_example(0);  // nothing here draws
  const Tensor image = usual_transform(p)(photo, no_chance);
  const Tensor scores = softmax(model.network(image.unsqueeze(0)).select(0, 0), 0);
  const std::string label = label_of(model, argmax(scores).item<int64_t>());
  const std::vector<double> shares = scores.to(DType::float64).to_vector<double>();
  draw(data::ToTensor()(photo));
  draw_shares(model, shares);
  std::puts(command.json ? json_of(model, label, shares).c_str() : label.c_str());
}

// From safetensors to safetensors what a file says of itself goes along.
void convert(const ConvertCommand& command) {
  const std::string from = model_file(command.from);
  constexpr std::string_view kEnd = ".safetensors";
  if (from.ends_with(kEnd) && command.to.ends_with(kEnd)) {
    const io::TensorFile file = io::load_safetensors(from);
    io::save_safetensors(command.to, file.tensors, file.metadata);
  } else {
    io::save_tensors(command.to, io::load_tensors(from));
  }
  std::fprintf(stderr, "%s\n", command.to.c_str());
}

}  // namespace rushlight::cli

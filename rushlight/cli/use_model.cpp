// rushlight eval, predict, convert: what is done with files of models.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rushlight/base/clock.h"
#include "rushlight/base/files.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/task.h"
#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/io/load.h"
#include "rushlight/ops/operators.h"
#include "rushlight/train/fit.h"
#include "rushlight/train/run_log.h"

namespace rushlight::cli {

namespace {

// Pixels in 0..1 of the size and number of channels that the network was trained with.
Tensor fitted(const Tensor& image, const models::Preprocessing& p) {
  Tensor x = image.to(DType::float32) / 255.0;
  if (x.size(0) != p.channels)
    x = p.channels == 1 ? x.mean({.dim = 0, .keepdim = true})
                        : x.narrow(0, 0, 1).expand({p.channels, x.size(1), x.size(2)});
  return interpolate(x.unsqueeze(0), {.size = p.size, .mode = "bilinear"});
}

Tensor normalized(const Tensor& images, const models::Preprocessing& p) {
  const auto column = [&](const RealList& values) {
    std::vector<float> numbers(values.begin(), values.end());
    return from_values<float>(numbers, {1, p.channels, 1, 1});
  };
  return (images - column(p.mean)) / column(p.deviation);
}

// Two pixels above each other in a character.
void draw(const Tensor& image) {
  const Tensor grey = image.select(0, 0).mean({.dim = 0});
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

}  // namespace

void eval(const EvalCommand& command) {
  const models::TrainedModel model = models::load_model(command.model, command.architecture);
  const bool foreign = !command.architecture.empty();  // its labels are only numbers
  data::DataLoader loader(
      test_data(command.data, model.preprocessing, foreign ? std::vector<std::string>() : model.labels),
      {.batch_size = 500});
  NoGrad guard;
  model.network.module().eval();
  train::ConfusionMatrix confusion(static_cast<int64_t>(std::max<size_t>(model.labels.size(), 1)));
  train::Mean loss;
  const int64_t begin = monotonic_ns();
  for (const auto& [images, labels] : loader) {
    const Tensor scores = model.network(images);
    confusion.add(scores, labels);
    loss.add(cross_entropy(scores, labels).item<double>(), labels.size(0));
  }
  const double seconds = static_cast<double>(monotonic_ns() - begin) * 1e-9;
  std::fputs(confusion.to_string(model.labels).c_str(), stderr);
  if (!command.svg.empty()) write_file_atomically(command.svg, {confusion.to_svg(model.labels)});
  std::puts(train::json_line({{"test_accuracy", confusion.accuracy()},
                              {"test_loss", loss.value()},
                              {"examples", loss.count()},
                              {"seconds", seconds}})
                .c_str());
}

void predict(const PredictCommand& command) {
  const models::TrainedModel model = models::load_model(command.model, command.architecture);
  NoGrad guard;
  model.network.module().eval();
  const Tensor image = fitted(data::load_image(command.image), model.preprocessing);
  draw(image);
  const Tensor scores = softmax(model.network(normalized(image, model.preprocessing)).select(0, 0), 0);
  const std::vector<float> shares = scores.to_vector<float>();
  for (size_t i = 0; i < shares.size(); ++i) {
    std::string bar;
    for (long k = std::lround(shares[i] * 40); k > 0; --k) bar += "━";
    std::fprintf(stderr, "%10s %5.1f %% %s\n", label_of(model, static_cast<int64_t>(i)).c_str(),
                 100.0 * static_cast<double>(shares[i]), bar.c_str());
  }
  std::puts(label_of(model, argmax(scores).item<int64_t>()).c_str());
}

void convert(const ConvertCommand& command) {
  io::save_tensors(command.to, io::load_tensors(command.from));
  std::fprintf(stderr, "%s\n", command.to.c_str());
}

}  // namespace rushlight::cli

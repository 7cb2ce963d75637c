#include "rushlight/models/network.h"

#include <algorithm>
#include <charconv>

#include "rushlight/base/nearest.h"
#include "rushlight/io/json.h"
#include "rushlight/models/cnn.h"
#include "rushlight/models/mlp.h"
#include "rushlight/models/mnist_cnn.h"
#include "rushlight/models/tiny_vit.h"

namespace rushlight::models {

namespace {

// A file may say anything, so sizes are bounded before anything is made of them.
constexpr int64_t kMostOfOne = 1 << 16;
constexpr size_t kMostItems = 64;

[[noreturn]] void refuse(std::string_view architecture) {
  constexpr std::string_view kNames[] = {"mlp", "tinyvit", "cnn", "burn_mnist_cnn"};
  fail(ErrorKind::value, "there is no architecture \"", architecture, "\"",
       did_you_mean(architecture, kNames,
                    ": mlp, tinyvit, cnn and burn_mnist_cnn are built in, and mlp:2-16-2:tanh"));
}

// -- how many weights options ask for, at least, and what they take in

double weights_of(const MlpOptions& o) {
  double weights = 0;
  for (size_t i = 1; i < o.sizes.size(); ++i)
    weights += static_cast<double>(o.sizes[i - 1]) * static_cast<double>(o.sizes[i]);
  return weights;
}
double weights_of(const TinyVitOptions& o) {
  const auto number = [](int64_t n) { return static_cast<double>(n); };
  const double words = number(o.image) / number(o.patch) * number(o.image) / number(o.patch);
  const double block = number(o.dim) * (4 * number(o.dim) + 2 * number(o.mlp));
  return number(o.depth) * block +
         number(o.dim) * (words + number(o.channels) * number(o.patch) * number(o.patch) + number(o.classes));
}
double weights_of(const CnnOptions& o) {
  double weights = 0, channels = static_cast<double>(o.channels);
  int64_t side = o.image;
  for (int64_t w : o.widths) {
    const auto width = static_cast<double>(w);
    weights += 9 * width * (channels + width);
    channels = width, side /= 2;
  }
  return weights + channels * static_cast<double>(side * side) * static_cast<double>(o.classes);
}

// An image of 784 numbers is a row for an mlp; what it was is MNIST's.
NetworkInput input_of(const MlpOptions& o) {
  return o.sizes.front() == 784 ? NetworkInput{} : NetworkInput{o.sizes.front(), 0};
}
NetworkInput input_of(const TinyVitOptions& o) { return {o.channels, o.image}; }
NetworkInput input_of(const CnnOptions& o) { return {o.channels, o.image}; }

int64_t classes_of(const MlpOptions& o) { return o.sizes.back(); }
int64_t classes_of(const TinyVitOptions& o) { return o.classes; }
int64_t classes_of(const CnnOptions& o) { return o.classes; }

// -- options by name

template <class Visit>
void visit_options(MlpOptions& o, Visit visit) {
  visit("sizes", o.sizes);
  visit("activation", o.activation);
}
template <class Visit>
void visit_options(TinyVitOptions& o, Visit visit) {
  visit("image", o.image);
  visit("channels", o.channels);
  visit("patch", o.patch);
  visit("dim", o.dim);
  visit("depth", o.depth);
  visit("heads", o.heads);
  visit("mlp", o.mlp);
  visit("classes", o.classes);
  visit("pooling", o.pooling);
}
template <class Visit>
void visit_options(CnnOptions& o, Visit visit) {
  visit("image", o.image);
  visit("channels", o.channels);
  visit("widths", o.widths);
  visit("classes", o.classes);
  visit("dropout", o.dropout);
}

void read(const io::Json& json, std::string_view what, int64_t& option) {
  option = json.integer(what);
  if (option < 1 || option > kMostOfOne)
    fail(ErrorKind::value, what, " of an architecture must be 1 to ", kMostOfOne, ", not ", option);
}
void read(const io::Json& json, std::string_view what, double& option) { option = json.number(what); }
void read(const io::Json& json, std::string_view what, std::string& option) { option = json.text(what); }
void read(const io::Json& json, std::string_view what, std::vector<int64_t>& option) {
  option.clear();
  if (json.array(what).size() > kMostItems)
    fail(ErrorKind::value, what, " of an architecture can have at most ", kMostItems, " items, not ",
         json.array(what).size());
  for (const io::Json& item : json.array(what)) read(item, what, option.emplace_back());
}

template <class Options>
Options options_from(const io::Json::Object& description) {
  Options options;
  std::vector<std::string_view> known;
  visit_options(options, [&](std::string_view name, auto& option) {
    known.push_back(name);
    if (const io::Json* value = find(description, name)) read(*value, name, option);
  });
  for (const auto& [name, value] : description) {
    if (name == "model" || std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail(ErrorKind::value, "the description of an architecture has \"", name, "\", which is no option of it",
         did_you_mean(name, known));
  }
  return options;
}

// What follows "mlp:".
MlpOptions mlp_options(std::string_view architecture, std::string_view words) {
  const size_t colon = words.find(':');
  MlpOptions options{.sizes = {}};
  if (colon != words.npos) options.activation = words.substr(colon + 1);
  words = words.substr(0, colon);
  for (const char* at = words.data(); at != words.data() + words.size();) {
    int64_t size = 0;
    const char* const end = words.data() + words.size();
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1) refuse(architecture);
    if (size > kMostOfOne)
      fail(ErrorKind::value, "the architecture \"", architecture, "\" has a layer of ", size, "; ",
           kMostOfOne, " are the most");
    options.sizes.push_back(size);
    if (options.sizes.size() > kMostItems)
      fail(ErrorKind::value, "the architecture \"", architecture.substr(0, 20), "...\" has more than ",
           kMostItems, " sizes");
    if (next != end && (*next != '-' || next + 1 == end)) refuse(architecture);
    at = next == end ? end : next + 1;
  }
  return options;
}

}  // namespace

template <class M>
struct Network::HeldAs final : Held {
  template <class... Options>
  explicit HeldAs(const Options&... options) : model(options...) {}
  nn::Module& module() override { return model; }
  Tensor run(const Tensor& images) override { return model(images); }
  M model;
};

template <class M, class Options>
void Network::hold(const Options& options) {
  if (!(weights_of(options) <= static_cast<double>(most_weights_)))
    fail(ErrorKind::value, "the architecture \"", architecture_, "\" asks for ", weights_of(options),
         " weights; ", most_weights_, " are the most",
         most_weights_ < kMostWeights ? " that such a file can hold" : "");
  held_ = std::make_unique<HeldAs<M>>(options);
  input_ = input_of(options);
  classes_ = classes_of(options);
}

void Network::make_described(std::string_view json) {
  const io::Json parsed = io::parse_json(json);
  const io::Json::Object& description = parsed.object("the description of an architecture");
  const io::Json* name = find(description, "model");
  if (!name)
    fail(ErrorKind::value, "the description of an architecture lacks \"model\": mlp, tinyvit or cnn");
  const std::string& model = name->text("model");
  if (model == "mlp")
    hold<Mlp>(options_from<MlpOptions>(description));
  else if (model == "tinyvit")
    hold<TinyVit>(options_from<TinyVitOptions>(description));
  else if (model == "cnn")
    hold<Cnn>(options_from<CnnOptions>(description));
  else
    refuse(model);
}

Network Network::make(std::string_view architecture, int64_t most_weights) {
  Network network;
  network.architecture_ = architecture, network.most_weights_ = std::min(most_weights, kMostWeights);
  if (architecture == "mlp")
    network.hold<Mlp>(MlpOptions());
  else if (architecture.starts_with("mlp:"))
    network.hold<Mlp>(mlp_options(architecture, architecture.substr(4)));
  else if (architecture == "tinyvit")
    network.hold<TinyVit>(TinyVitOptions());
  else if (architecture == "cnn")
    network.hold<Cnn>(CnnOptions());
  else if (architecture == "burn_mnist_cnn")
    network.held_ = std::make_unique<HeldAs<MnistCnn>>();
  else if (architecture.starts_with('{'))
    network.make_described(architecture);
  else
    refuse(architecture);
  return network;
}

IntList batch_shape(const NetworkInput& input, int64_t count) {
  if (input.size == 0) return {count, input.channels};
  return {count, input.channels, input.size, input.size};
}

std::string architecture_for(std::string_view name, const NetworkInput& input, int64_t classes) {
  if (name == "mlp")
    return join_text("mlp:", input.channels * std::max<int64_t>(input.size * input.size, 1), "-128-",
                     classes);
  return join_text("{\"model\": \"", name, "\", \"image\": ", input.size, ", \"channels\": ", input.channels,
                   ", \"classes\": ", classes, "}");
}

}  // namespace rushlight::models

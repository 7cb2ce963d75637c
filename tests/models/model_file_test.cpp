// Files of models: what is saved is loaded, and a file that says something else than a model could is refused
// with its name, the key, and the reason.
#include "rushlight/models/model_file.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "rushlight/base/files.h"
#include "rushlight/io/io.h"
#include "rushlight/io/json.h"
#include "rushlight/rushlight.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/io/malformed.h"

using namespace rushlight;
using models::Network;
using models::TrainedModel;

namespace {

constexpr const char* kArchitecture =
    R"({"model": "tinyvit", "image": 8, "channels": 3, "dim": 8, "heads": 2, "mlp": 8, "classes": 3})";

TrainedModel good_model() {
  manual_seed(1);
  return {Network::make(kArchitecture),
          {3, 8, {0.5, -0.25, 1e-3}, {0.25, 0.5, 1.0 / 3}},
          {"cat", "guinea pig", "chien, \"chat\" & caf\u00e9"},
          "pets",
          1000};
}

struct Spoilt {
  const char* what;
  const char* key;
  std::optional<std::string> value;  // none: the key is taken out
  const char* reason;
};

// The file of a model with something else in its metadata.
std::string spoilt_by(const std::string& good, const Spoilt& kind) {
  uint64_t size = 0;
  std::memcpy(&size, good.data(), sizeof size);
  io::Json::Object header = io::parse_json(good.substr(8, size)).object("the header"), metadata;
  for (const auto& [key, value] : io::find(header, "__metadata__")->object("metadata"))
    if (key != kind.key)
      metadata.emplace_back(key, value);
    else if (kind.value)
      metadata.emplace_back(key, *kind.value);
  for (auto& [name, value] : header)
    if (name == "__metadata__") value = metadata;
  std::string text;
  io::append_json(text, header);
  return little(static_cast<uint64_t>(text.size())) + text + good.substr(8 + size);
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
std::string tinyvit(const std::string& options) { return R"({"model": "tinyvit", )" + options + "}"; }

const std::vector<Spoilt> kSpoilt = {
    {"a later format", "format", "rushlight model 2", "rushlight model 1"},
    {"a format with more in it", "format", "rushlight model 1 ", "not known"},
    {"a format that commands", "format", "rushlight model \x1b[31m", "control"},
    {"no architecture", "architecture", {}, "missing"},
    {"an empty architecture", "architecture", "", "no architecture"},
    {"an unknown architecture", "architecture", "tinyvti", "tinyvit"},
    {"an architecture that commands", "architecture", "\x1b]0;owned\x07", "control"},
    {"a description that commands", "architecture", R"({"model": "\u001b[31mcnn"})", "escape"},
    {"an option that commands", "architecture", R"({"model": "cnn", "\u009b31m": 3})", "escape"},
    {"a description that is cut short", "architecture", "{\"model\": \"cnn\"", "byte"},
    {"an unknown option", "architecture", tinyvit("\"clases\": 3"), "clases"},
    {"an option below its bounds", "architecture", tinyvit("\"dim\": 0"), "dim"},
    {"an option beyond its bounds", "architecture", tinyvit("\"dim\": 65537"), "dim"},
    {"heads that do not divide", "architecture", tinyvit("\"heads\": 7"), "heads"},
    {"an endless architecture", "architecture", "mlp:" + std::string(100'000, '1'), "bytes"},
    {"no number between dashes", "architecture", "mlp:1" + std::string(100, '-') + "1", "no architecture"},
    {"a thousand layers", "architecture", "mlp:" + repeated("1-", 1000) + "1", "sizes"},
    {"a GiB of weights", "architecture", "mlp:16384-16384", "weights"},
    {"a GiB of weights in blocks", "architecture", tinyvit("\"dim\": 4096, \"mlp\": 8192"), "weights"},
    {"a GiB of weights of a cnn", "architecture", R"({"model": "cnn", "widths": [4096, 4096]})", "weights"},
    {"a chance above 1", "architecture", R"({"model": "cnn", "dropout": 1e99})", "Dropout"},
    {"no image", "image", {}, "missing"},
    {"an empty image", "image", "", "words"},
    {"one size", "image", "8", "words"},
    {"three sizes", "image", "3 8 8", "words"},
    {"two blanks", "image", "3  8", "words"},
    {"half a channel", "image", "1.5 8", "whole"},
    {"channels in words", "image", "three 8", "three"},
    {"no channels", "image", "0 8", "channels"},
    {"negative channels", "image", "-3 8", "channels"},
    {"too many channels", "image", "17 8", "channels"},
    {"no pixels", "image", "3 0", "pixels"},
    {"too many pixels", "image", "3 4097", "pixels"},
    {"pixels of 65 bits", "image", "3 18446744073709551624", "beyond"},
    {"another image than the network's", "image", "3 16", "(3, 8, 8)"},
    {"an image that commands", "image", "\x1b[31m3 8", "control"},
    {"no mean", "mean", {}, "missing"},
    {"an empty mean", "mean", "", "no number"},
    {"too few means", "mean", "0.5 0.5", "3 channels"},
    {"too many means", "mean", "0.5 0.5 0.5 0.5", "3 channels"},
    {"a mean that is no number", "mean", "0.5 0.5 nan", "finite"},
    {"an endless mean", "mean", "0.5 -inf 0.5", "finite"},
    {"a mean beyond float32", "mean", "0.5 0.5 1e39", "finite"},
    {"a mean beyond float64", "mean", "0.5 0.5 1e999", "beyond"},
    {"a mean in words", "mean", "half 0.5 0.5", "half"},
    {"a mean with a comma", "mean", "0.5, 0.5, 0.5", "0.5,"},
    {"a mean with a line's end", "mean", "0.5 0.5 0.5\n", "control"},
    {"an endless list of means", "mean", std::string(100'000, '1'), "bytes"},
    {"no deviation", "deviation", {}, "missing"},
    {"too few deviations", "deviation", "1", "3 channels"},
    {"a deviation of 0", "deviation", "1 0 1", "above 0"},
    {"a deviation of -0", "deviation", "1 1 -0", "above 0"},
    {"a negative deviation", "deviation", "-1 1 1", "above 0"},
    {"a deviation that float32 takes for 0", "deviation", "1 1 1e-50", "above 0"},
    {"a deviation that is no number", "deviation", "1 nan 1", "finite"},
    {"an endless deviation", "deviation", "1 1 inf", "finite"},
    {"no list of labels", "labels", {}, "missing"},
    {"too few labels", "labels", "cat\ndog\n", "3 classes"},
    {"too many labels", "labels", "a\nb\nc\nd\n", "3 classes"},
    {"a label without a line's end", "labels", "a\nb\nc", "cut short"},
    {"an empty label", "labels", "a\n\nc\n", "class 1 is empty"},
    {"labels of nothing", "labels", "\n", "class 0 is empty"},
    {"a label in red", "labels", "a\nb\n\x1b[31mc\n", "class 2 has control"},
    {"a label that rings", "labels", "a\x07\nb\nc\n", "class 0 has control"},
    {"a label that goes back", "labels", "a\rb\nb\nc\n", "class 0 has control"},
    {"a label that rubs out", "labels", "a\nb\x7f\nc\n", "class 1 has control"},
    {"a label with one of the other control characters", "labels", "a\nb\nc\u009b31m\n",
     "class 2 has control"},
    {"a test of nothing", "test_part", "0", "0 examples"},
    {"a test of less", "test_part", "-1", "-1 examples"},
    {"a test in words", "test_part", "many", "whole"},
    {"an empty test", "test_part", "", "whole"},
    {"a label with a zero byte", "labels", std::string("a\0\nb\nc\n", 7), "class 0 has control"},
};

// The file of a network of points, whose data are four numbers.
std::string bytes_of_small_model() {
  const TemporaryFolder folder;
  manual_seed(1);
  models::save_model(folder / "points", {Network::make("mlp:1-2"), {}, {"-", "+"}});
  return read_file(folder / "points");
}

}  // namespace

TEST_CASE("a model comes back with all that a prediction needs") {
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  const TrainedModel model = good_model();
  models::save_model(path, model);
  CHECK(models::has_architecture(path));
  const TrainedModel again = models::load_model(path);
  CHECK(again.network.architecture() == kArchitecture);
  CHECK(again.labels == model.labels);
  CHECK(again.preprocessing == model.preprocessing);  // to the last bit
  CHECK(again.data == "pets");
  CHECK(again.test_part == 1000);
  const Tensor images = randn({2, 3, 8, 8});
  CHECK(equal(again.network(images), model.network(images)));
}

TEST_CASE("a model of points has no image, one of rows has that of its rows, and labels may be missing") {
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  models::save_model(path, {Network::make("mlp:2-3"), {}, {}});
  CHECK(io::load_metadata(path).size() == 3);
  CHECK(models::load_model(path).labels.empty());
  models::save_model(path, {Network::make("mlp:48-3"), {3, 4, {0.0, 0.0, 0.0}, {1.0, 1.0, 1.0}}, {}});
  CHECK(models::load_model(path).preprocessing.size == 4);
  const std::string laid_out = "{\n\t\"model\": \"mlp\",\r\n \"sizes\": [2, 3]}";
  models::save_model(path, {Network::make(laid_out), {}, {}});
  CHECK(models::load_model(path).network.classes() == 3);
  // A network whose estimate of weights was once above what it has.
  models::save_model(path, {Network::make(R"({"model": "cnn", "image": 31, "widths": [2, 2, 300]})"),
                            {3, 31, {0.0, 0.0, 0.0}, {1.0, 1.0, 1.0}},
                            {}});
  CHECK(models::load_model(path).network.input().size == 31);
}

TEST_CASE("a file whose metadata make no sense is refused, and its name, the key and the reason are given") {
  CHECK(kSpoilt.size() >= 30);
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  models::save_model(path, good_model());
  const std::string good = read_file(path);
  reset_peak_memory();
  const uint64_t before = memory_stats().live_bytes;
  for (const Spoilt& kind : kSpoilt) {
    CAPTURE(std::string(kind.what));
    folder.write("model.safetensors", spoilt_by(good, kind));
    CHECK(models::has_architecture(path));
    const std::string said = error_of([&] { (void)models::load_model(path); });
    CAPTURE(said);
    CHECK(said.starts_with(path + ": metadata \"" + kind.key + "\""));
    CHECK(has(said, kind.reason));
    CHECK(said.size() < 1000);
    CHECK(std::none_of(said.begin(), said.end(), [](char c) { return c > 0 && c < ' '; }));
  }
  CHECK(memory_stats().peak_bytes < before + (uint64_t{64} << 20));
}

TEST_CASE("a network that the tensors do not fill is refused by their names") {
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  models::save_model(path, good_model());
  const io::TensorFile good = io::load_safetensors(path);
  NamedTensors few = good.tensors;
  few.pop_back();
  io::save_safetensors(path, few, good.metadata);
  CHECK(fails_with(ErrorKind::runtime, {path.c_str(), "Missing key", good.tensors.back().name.c_str()},
                   [&] { (void)models::load_model(path); }));
  CHECK(fails_with(ErrorKind::runtime, {path.c_str(), "Missing key"},
                   [&] { (void)models::load_model(path, kArchitecture); }));
}

TEST_CASE("a model's file that is cut short or changed anywhere is refused, or still one") {
  const TemporaryFolder folder;
  const std::string good = bytes_of_small_model();
  const auto parse = [&](std::string_view bytes) {
    return models::load_model(folder.write("model.safetensors", std::string(bytes)));
  };
  check_cut_short(parse, good);
  CHECK(check_changed_bytes(parse, good) > 300);
}

TEST_CASE("a model that no file could hold is not saved") {
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  const auto refuses = [&](const char* word, auto change) {
    TrainedModel model = good_model();
    change(model);
    return fails_with(ErrorKind::value, {path.c_str(), word}, [&] { models::save_model(path, model); });
  };
  CHECK(refuses("labels", [](TrainedModel& m) { m.labels.pop_back(); }));
  CHECK(refuses("one line", [](TrainedModel& m) { m.labels = {"a", "b\nc"}; }));
  CHECK(refuses("control", [](TrainedModel& m) { m.labels[1] = "\x1b[31m"; }));
  CHECK(refuses("control", [](TrainedModel& m) { m.labels[1] = "caf\xe9"; }));
  CHECK(refuses("image", [](TrainedModel& m) { m.preprocessing.size = 16; }));
  CHECK(refuses("above 0", [](TrainedModel& m) { m.preprocessing.deviation[2] = 0; }));
  CHECK(refuses("finite", [](TrainedModel& m) { m.preprocessing.mean[0] = NAN; }));
  CHECK(refuses("test_part", [](TrainedModel& m) { m.test_part = -1; }));
  CHECK(refuses("mean", [](TrainedModel& m) { m.preprocessing.mean.pop_back(); }));
  CHECK(folder.count_files() == 0);
}

TEST_CASE("files of tensors are told from files of models") {
  const TemporaryFolder folder;
  const NamedTensors tensors = {{"a", ones({2})}};
  const auto is_one = [](const std::string& path) { return models::has_architecture(path); };
  io::save_safetensors(folder / "plain", tensors);
  io::save_safetensors(folder / "foreign", tensors, {{"format", "pt"}, {"architecture", "resnet"}});
  io::save_safetensors(folder / "checkpoint", tensors, {{"format", "rushlight checkpoint 1"}});
  io::save_safetensors(folder / "bare", tensors, {{"format", "rushlight model 1"}});
  for (const char* name : {"plain", "foreign", "checkpoint"}) {
    CHECK_FALSE(is_one(folder / name));
    CHECK(fails_with(ErrorKind::value, {name, "--arch"}, [&] { (void)models::load_model(folder / name); }));
  }
  CHECK(is_one(folder / "bare"));
  for (const char* name : {"a.pt", "a.npz", "a.npy", "a.json"}) {
    io::save_tensors(folder / name, tensors);
    CHECK_FALSE(is_one(folder / name));
  }
  CHECK_FALSE(is_one(folder.write("empty", "")));
  CHECK(fails_with(ErrorKind::runtime, {"nowhere"}, [&] { (void)is_one(folder / "nowhere"); }));
  const std::string bytes = read_file(folder / "bare");
  CHECK(fails_with(ErrorKind::value, {"half", "cut short"},
                   [&] { (void)is_one(folder.write("half", bytes.substr(0, 40))); }));
  const std::string without_data = folder.write("without_data", bytes.substr(0, bytes.size() - 1));
  CHECK(is_one(without_data));  // the header is all that is read
  CHECK(fails_with(ErrorKind::value, {"without_data"}, [&] { (void)models::load_model(without_data); }));
}

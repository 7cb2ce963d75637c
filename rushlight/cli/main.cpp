// The program `rushlight`: understands its words, calls, and says what went wrong.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "rushlight/base/error.h"
#include "rushlight/base/nearest.h"
#include "rushlight/base/utf8.h"
#include "rushlight/cli/commands.h"
#include "rushlight/cli/training.h"

using namespace rushlight;

namespace {

constexpr const char* kArchitectures =
    "of foreign weights: mlp, tinyvit, cnn, burn_mnist_cnn, mlp:2-16-2:tanh, JSON such as "
    "{\"model\": \"cnn\", \"classes\": 5}, or a .json file of it";
constexpr const char* kModel = "model.safetensors, a run's folder, or foreign weights with --arch";

constexpr int kStopped = 130;  // as of a program that Ctrl-C ends: what was to follow does not
constexpr const char* kJsonAnyway = "changes nothing: what goes to stdout is a line of JSON anyway";

// What each command was told.
struct Words {
  cli::TrainCommand train;
  cli::EvalCommand eval;
  cli::PredictCommand predict;
  cli::ShowCommand show;
  cli::ProfileCommand profile;
  cli::BenchCommand bench;
  cli::ConvertCommand convert;
  cli::DiffCommand diff;
  cli::DataCommand data;
  cli::InfoCommand info;
};

CLI::App* add_command(CLI::App& app, const char* name, const char* what, const char* examples) {
  CLI::App* command = app.add_subcommand(name, what);
  command->footer(std::string("Examples:\n") + examples +
                  "\nOf every command: --backend NAME, --threads N (rushlight --help)");
  return command;
}

void describe_train(CLI::App& app, cli::TrainCommand& train) {
  CLI::App* words =
      add_command(app, "train", "train a recipe; alone: list them",
                  "  rushlight train                          the recipes\n"
                  "  rushlight train mlp --epochs 3           to runs/mlp-1/\n"
                  "  rushlight train --resume runs/mlp-1      goes on, with --epochs 9 further\n"
                  "  rushlight train tinyvit --dry-run        how long, how much memory\n"
                  "  rushlight train cnn --data photos/       own pictures, a folder for each class\n"
                  "  rushlight train --config runs/mlp-1/config.json --seed 1");
  cli::TrainSettings& settings = train.settings;
  words->add_option("recipe", settings.recipe, "one of those that `rushlight train` lists");
  words->add_option("--data", settings.data,
                    "instead of the recipe's: mnist, fashion_mnist, cifar10, or a folder with a folder of "
                    "pictures for each class, or with IDX files named as MNIST's");
  words->add_option("--size", settings.size, "of such pictures, in pixels, once they are made square");
  words->add_option("--epochs", settings.epochs, "instead of the recipe's");
  words->add_option("--batch", settings.batch, "examples in a batch");
  words->add_option("--accumulate", settings.accumulate, "batches whose gradients make one step (default 1)");
  words->add_option("--lr", settings.lr, "the learning rate");
  words->add_option("--clip-norm", settings.clip_norm, "the longest that all gradients together may be");
  words->add_option("--seed", settings.seed, "of weights and order (default 0)");
  words->add_flag_callback(
      "--full", [&settings] { settings.full = true; }, "all data, where the recipe takes a part");
  words->add_option("--config", train.config,
                    "a JSON file of these, such as a run's config.json; flags come first");
  words->add_option("--runs", train.runs, "the folder of all runs")->capture_default_str();
  words->add_option("--resume", train.resume,
                    "a run's folder: go on there, as after Ctrl-C, which saves and exits with 130");
  words->add_flag_callback(
      "--ledger", [&settings] { settings.ledger = true; },
      "a hash of each tensor after each step, for `rushlight diff`");
  words->add_flag_callback(
      "--detect-anomaly", [&settings] { settings.detect_anomaly = true; },
      "name the first op that makes a NaN (slow)");
  words->add_flag("--json", kJsonAnyway);
  words->add_flag("--dry-run", train.dry_run,
                  "a few steps on one batch, then how long it all would take, its FLOPs and memory");
}

void describe_eval(CLI::App& app, cli::EvalCommand& eval) {
  CLI::App* words =
      add_command(app, "eval", "how many test examples a model gets right, and which it confuses",
                  "  rushlight eval runs/mlp-1\n"
                  "  rushlight eval runs/cnn-1/model.safetensors --svg confusion.svg\n"
                  "  rushlight eval weights.pt --arch tinyvit --data mnist");
  words->add_option("model,--model", eval.model, kModel)->required();
  words->add_option("--arch", eval.architecture, kArchitectures);
  words->add_option(
      "--data", eval.data,
      "instead of what it was trained on: mnist, fashion_mnist, cifar10, xor, moons, spirals, or "
      "a folder as for train");
  words->add_flag("--part", eval.part,
                  "only the part of the test that its training ended with, if it was one");
  words->add_option("--svg", eval.svg, "a file for the confusion matrix, for a browser");
  words->add_flag("--json", kJsonAnyway);
}

void describe_predict(CLI::App& app, cli::PredictCommand& predict) {
  CLI::App* words = add_command(app, "predict", "what a picture shows",
                                "  rushlight predict runs/mlp-1 digit.png\n"
                                "  rushlight predict --model model.safetensors cat.jpg --json");
  words->add_option("model", predict.model, kModel);
  words->add_option("image", predict.image, "a PNG or JPEG");
  const CLI::Option* named =
      words->add_option("--model", "the model; the only other word is the image then")->type_name("TEXT");
  words->callback([&predict, named] {
    if (named->count() > 0) {
      if (!predict.image.empty()) fail(ErrorKind::value, "`rushlight predict --model MODEL` takes one image");
      predict.image = std::exchange(predict.model, named->as<std::string>());
    }
    if (predict.model.empty()) throw CLI::RequiredError("model");
    if (predict.image.empty()) throw CLI::RequiredError("image");
  });
  words->add_option("--arch", predict.architecture, kArchitectures);
  words->add_flag("--json", predict.json, "a line of JSON with the probability of each class");
}

void describe_show(CLI::App& app, cli::ShowCommand& show) {
  CLI::App* words = add_command(
      app, "show", "the structure of a model, the tensors of any file of them, or a run",
      "  rushlight show runs/mlp-1                what it was told and reached, its curves, its model\n"
      "  rushlight show runs/mlp-1 --svg run.svg --csv run.csv\n"
      "  rushlight show model.safetensors --batch 256\n"
      "  rushlight show weights.pt                any file of tensors");
  words->add_option("file", show.file, "safetensors, .pt, .npz, .npy or JSON; or a run's folder")->required();
  words->add_option("--svg", show.svg, "a file for a run's curves, for a browser");
  words->add_option("--confusion", show.confusion, "a file for its confusion matrix, for a browser");
  words->add_option("--csv", show.csv, "a file for a run's numbers, for a spreadsheet");
  words->add_option("--arch", show.architecture, kArchitectures);
  words->add_option("--batch", show.batch, "examples in the step whose cost is foretold (64, or as the run)");
  words->add_flag("--json", show.json,
                  "a line of JSON for each layer, then one for the whole; or for each tensor or epoch");
}

void describe_profile(CLI::App& app, cli::ProfileCommand& profile) {
  CLI::App* words = add_command(app, "profile", "where the time of a recipe's training goes, op by op",
                                "  rushlight profile tinyvit\n"
                                "  rushlight profile cnn --batches 5 --trace t.json   for ui.perfetto.dev");
  words->add_option("recipe", profile.recipe, "as for train")->required();
  words->add_option("--batches", profile.batches, "so many are measured (default 20)");
  words->add_option("--batch", profile.batch, "examples in a batch");
  words->add_option("--trace", profile.trace, "a file for every kernel on a time line, for Perfetto");
  words->add_flag("--json", profile.json, "the table for a script");
}

void describe_bench(CLI::App& app, cli::BenchCommand& bench) {
  CLI::App* words =
      add_command(app, "bench", "how fast this machine trains the built-in models and asks them",
                  "  rushlight bench\n"
                  "  rushlight bench mlp cnn --json");
  words->add_option("recipes", bench.recipes, "of these recipes; else moons, mlp, tinyvit and cnn");
  words->add_flag("--json", bench.json, "a line of JSON for each row");
}

void describe_convert(CLI::App& app, cli::ConvertCommand& convert) {
  CLI::App* words =
      add_command(app, "convert", "from one format of tensors to another, by the files' endings",
                  "  rushlight convert weights.pt weights.safetensors\n"
                  "  rushlight convert runs/mlp-1/model.safetensors weights.npz");
  words->add_option("from", convert.from)->required();
  words->add_option("to", convert.to, ".safetensors, .pt, .npz, .npy or .json")->required();
}

void describe_diff(CLI::App& app, cli::DiffCommand& diff) {
  CLI::App* words = add_command(
      app, "diff",
      "the first step and tensor where two runs part, or what two files differ in; exits with 1 then",
      "  rushlight diff runs/mlp-1 runs/mlp-2     where they part (train with --ledger)\n"
      "  rushlight diff a.safetensors b.pt");
  words->add_option("left", diff.left, "a run that kept a ledger, or a file of tensors")->required();
  words->add_option("right", diff.right, "another")->required();
  words->add_flag("--json", diff.json, "a line of JSON for each tensor that differs, then one for the whole");
}

void describe_data(CLI::App& app, cli::DataCommand& data) {
  CLI::App* words = add_command(app, "data", "data sets: list them, or get one",
                                "  rushlight data\n"
                                "  rushlight data get mnist");
  words->add_flag("--json", data.json, "a line of JSON for each");
  words->add_subcommand("get", "download what is missing of a set")
      ->add_option("name", data.get, "one of those that `rushlight data` lists")
      ->required();
}

void describe_info(CLI::App& app, cli::InfoCommand& info) {
  CLI::App* words =
      add_command(app, "info", "instruction set, backend, threads, what the machine can do, data",
                  "  rushlight info\n"
                  "  rushlight info --json");
  words->add_flag("--json", info.json, "a line of JSON");
}

// CLI11 takes the nearest number that there is for one beyond all, and 010 for 8.
std::string expect_whole_number(const std::string& word) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc::result_out_of_range) return word + " is beyond all numbers that are known here";
  const bool is_plain = error == std::errc() && std::to_string(number) == word;
  return is_plain ? "" : "\"" + word + "\" is no whole number";
}

void check_whole_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (option->get_type_name() == "INT") option->check(expect_whole_number);
  for (CLI::App* command : app.get_subcommands({})) check_whole_numbers(*command);
}

using Names = std::vector<std::string>;

std::string hint_at(std::string_view word, const Names& names, const char* otherwise) {
  return did_you_mean(word, std::vector<std::string_view>(names.begin(), names.end()), otherwise);
}

Names commands_of(const CLI::App& app) {
  Names names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// A first word that is no command.
void expect_command(const CLI::App& app, std::string_view word) {
  const Names names = commands_of(app);
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) return;
  fail(ErrorKind::value, "there is no command \"", word, "\"",
       hint_at(word, names, "; `rushlight --help` lists them"));
}

// Words that no option took.
[[noreturn]] void refuse_extras(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const CLI::App& command = chosen.empty() ? app : *chosen.front();
  Names names = commands_of(command);
  for (const CLI::App* known : {&app, &command})
    for (const CLI::Option* option : known->get_options())
      if (option->nonpositional()) names.push_back(option->get_name());
  const std::vector<std::string> words = app.remaining(true);
  const auto flag = std::ranges::find_if(words, [](const auto& word) { return word.starts_with("--"); });
  const std::string word = flag == words.end() ? words.front() : flag->substr(0, flag->find('='));
  fail(ErrorKind::value, "`rushlight ", command.get_name(), "` has no use for \"", word, "\"",
       hint_at(word, names, "; its --help says what it takes"));
}

int run(int argc, char** argv) {
  CLI::App app{"Trains, looks at and uses small networks on your own machine.", "rushlight"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "rushlight " RUSHLIGHT_VERSION);
  app.footer(
      "Examples:\n"
      "  rushlight train                          the recipes\n"
      "  rushlight train mlp                      to runs/mlp-1/\n"
      "  rushlight show runs/mlp-1                its curves\n"
      "  rushlight predict runs/mlp-1 digit.png\n"
      "`rushlight COMMAND --help` has more.");
  Words said;
  cli::TrainSettings& machine = said.train.settings;  // of every command; a training keeps it
  app.add_option("--backend", machine.backend, "cpu, or reference: plain loops to learn from");
  app.add_option("--threads", machine.threads, "how many (default: all that this process may use)");
  app.fallthrough();
  describe_train(app, said.train);
  describe_eval(app, said.eval);
  describe_predict(app, said.predict);
  describe_show(app, said.show);
  describe_profile(app, said.profile);
  describe_bench(app, said.bench);
  describe_convert(app, said.convert);
  describe_diff(app, said.diff);
  describe_data(app, said.data);
  describe_info(app, said.info);
  check_whole_numbers(app);

  if (argc > 1) expect_command(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    refuse_extras(app);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const std::string command = app.get_subcommands().front()->get_name();
  if (command != "train") cli::use_machine(machine);
  const bool alone = app.get_subcommands().front()->count_all() == 1;
  if (command == "train" && alone) cli::list_recipes();
  if (command == "train" && !alone) return cli::train(said.train) ? 0 : kStopped;
  if (command == "eval") cli::eval(said.eval);
  if (command == "predict") cli::predict(said.predict);
  if (command == "show") cli::show(said.show);
  if (command == "profile") cli::profile(said.profile);
  if (command == "bench") cli::bench(said.bench);
  if (command == "convert") cli::convert(said.convert);
  if (command == "diff") return cli::diff(said.diff) ? 0 : 1;
  if (command == "data") cli::data(said.data);
  if (command == "info") cli::info(said.info);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  const int code = run(argc, argv);
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    fail(ErrorKind::runtime, "not all results could be written to stdout; is the disk full?");
  return code;
} catch (const std::exception& error) {
  std::fprintf(stderr, "rushlight: %s\n", without_controls(error.what()).c_str());
  return 2;
}

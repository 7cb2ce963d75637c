// The program `rushlight`: understands its words, calls, and says what went wrong.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "rushlight/base/error.h"
#include "rushlight/base/nearest.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/cli/commands.h"
#include "rushlight/engine/context.h"

using namespace rushlight;

namespace {

constexpr const char* kArchitectures =
    "of foreign weights: mlp, tinyvit, cnn, burn_mnist_cnn, mlp:2-16-2:tanh, JSON such as "
    "{\"model\": \"cnn\", \"classes\": 5}, or a .json file of it";

// A first word that is no command.
void expect_command(CLI::App& app, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) return;
  const std::string near = nearest_word(word, std::vector<std::string_view>(names.begin(), names.end()));
  fail(ErrorKind::value, "there is no command \"", word, "\"",
       near.empty() ? "; `rushlight --help` lists them" : ". Did you mean \"" + near + "\"?");
}

int run(int argc, char** argv) {
  CLI::App app{"Trains, looks at and uses small networks on your own machine."};
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  rushlight train                          the recipes\n"
      "  rushlight train mlp --epochs 3           to runs/mlp-1/\n"
      "  rushlight train --resume runs/mlp-1      goes on\n"
      "  rushlight eval runs/mlp-1/model.safetensors\n"
      "  rushlight predict runs/mlp-1/model.safetensors digit.png\n"
      "  rushlight train cnn --data photos/       own pictures, a folder for each class\n"
      "  rushlight show runs/mlp-1                its curves\n"
      "  rushlight profile tinyvit --trace t.json where the time goes\n"
      "  rushlight convert weights.pt weights.safetensors\n"
      "  rushlight diff runs/mlp-1 runs/mlp-2     where they part (train with --ledger)");
  std::string backend;
  int threads = 0;
  app.add_option("--backend", backend, "cpu, or reference: plain loops to learn from");
  app.add_option("--threads", threads, "how many (default: all that this process may use)");
  app.fallthrough();

  cli::TrainCommand train;
  CLI::App* train_app = app.add_subcommand("train", "train a recipe; alone: list them");
  cli::TrainSettings& settings = train.settings;
  train_app->add_option("recipe", settings.recipe, "one of those that `rushlight train` lists");
  train_app->add_option("--data", settings.data,
                        "instead of the recipe's: mnist, fashion_mnist, cifar10, or a folder with a folder "
                        "of pictures for each class, or with IDX files named as MNIST's");
  train_app->add_option("--size", settings.size, "of such pictures, in pixels, once they are made square");
  train_app->add_option("--epochs", settings.epochs, "instead of the recipe's");
  train_app->add_option("--batch", settings.batch, "examples in a batch");
  train_app->add_option("--accumulate", settings.accumulate,
                        "batches whose gradients make one step (default 1)");
  train_app->add_option("--lr", settings.lr, "the learning rate");
  train_app->add_option("--clip-norm", settings.clip_norm, "the longest that all gradients together may be");
  train_app->add_option("--seed", settings.seed, "of weights and order (default 0)");
  train_app->add_flag("--full", settings.full, "all data, where the recipe takes a part");
  train_app->add_option("--config", train.config,
                        "a JSON file of these, such as a run's config.json; flags come first");
  train_app->add_option("--runs", train.runs, "the folder of all runs")->capture_default_str();
  train_app->add_option("--resume", train.resume, "a run's folder: go on there");
  train_app->add_flag("--ledger", train.ledger,
                      "a hash of each tensor after each step, for `rushlight diff`");
  train_app->add_flag("--detect-anomaly", train.detect_anomaly, "name the first op that makes a NaN (slow)");
  train_app->add_flag("--dry-run", train.dry_run,
                      "two steps on one batch, then how long it all would take, its FLOPs and memory");

  cli::EvalCommand eval;
  CLI::App* eval_app =
      app.add_subcommand("eval", "how many test examples a model gets right, and which it confuses");
  eval_app->add_option("model,--model", eval.model, "model.safetensors, or foreign weights with --arch")
      ->required();
  eval_app->add_option("--arch", eval.architecture, kArchitectures);
  eval_app
      ->add_option("--data", eval.data,
                   "mnist, fashion_mnist, cifar10, xor, moons, spirals, or a folder as for train")
      ->capture_default_str();
  eval_app->add_option("--svg", eval.svg, "a file for the confusion matrix, for a browser");

  cli::PredictCommand predict;
  CLI::App* predict_app = app.add_subcommand("predict", "what a picture shows");
  predict_app->add_option("model,--model", predict.model, "model.safetensors")->required();
  predict_app->add_option("image", predict.image, "a PNG or JPEG")->required();
  predict_app->add_option("--arch", predict.architecture, kArchitectures);

  cli::ShowCommand show;
  CLI::App* show_app = app.add_subcommand(
      "show", "the structure of a model, the tensors of any file of them, or a run's curves");
  show_app->add_option("file", show.file, "safetensors, .pt, .npz, .npy or JSON; or a run's folder")
      ->required();
  show_app->add_option("--svg", show.svg, "a file for a run's curves, for a browser");
  show_app->add_option("--csv", show.csv, "a file for a run's numbers, for a spreadsheet");
  show_app->add_option("--arch", show.architecture, kArchitectures);
  show_app->add_option("--batch", show.batch, "examples in the step whose cost is foretold")
      ->capture_default_str();
  show_app->add_flag("--json", show.json,
                     "a line of JSON for each layer, then one for the whole; or for each tensor or epoch");

  cli::ProfileCommand profile;
  CLI::App* profile_app =
      app.add_subcommand("profile", "where the time of a recipe's training goes, op by op");
  profile_app->add_option("recipe", profile.recipe, "as for train")->required();
  profile_app->add_option("--batches", profile.batches, "so many are measured (default 20)");
  profile_app->add_option("--batch", profile.batch, "examples in a batch");
  profile_app->add_option("--trace", profile.trace, "a file for every kernel on a time line, for Perfetto");
  profile_app->add_flag("--json", profile.json, "the table for a script");

  cli::BenchCommand bench;
  CLI::App* bench_app =
      app.add_subcommand("bench", "how fast this machine trains the built-in models and asks them");
  bench_app->add_option("recipes", bench.recipes, "of these recipes; else moons, mlp, tinyvit and cnn");
  bench_app->add_flag("--json", bench.json, "a line of JSON for each row");

  cli::ConvertCommand convert;
  CLI::App* convert_app =
      app.add_subcommand("convert", "from one format of tensors to another, by the files' endings");
  convert_app->add_option("from", convert.from)->required();
  convert_app->add_option("to", convert.to, ".safetensors, .pt, .npz, .npy or .json")->required();

  cli::DiffCommand diff;
  CLI::App* diff_app = app.add_subcommand(
      "diff",
      "the first step and tensor where two runs part, or what two files differ in; exits with 1 then");
  diff_app->add_option("left", diff.left, "a run that kept a ledger, or a file of tensors")->required();
  diff_app->add_option("right", diff.right, "another")->required();

  std::string set;
  CLI::App* data_app = app.add_subcommand("data", "data sets: list them, or get one");
  CLI::App* get_app = data_app->add_subcommand("get", "download what is missing of a set");
  get_app->add_option("name", set)->required();
  CLI::App* info_app =
      app.add_subcommand("info", "instruction set, backend, threads, what the machine can do, data");
  bool info_json = false;
  info_app->add_flag("--json", info_json, "a line of JSON");

  if (argc > 1) expect_command(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!backend.empty()) set_backend(backend);
  if (threads > 0) set_num_threads(threads);
  if (*train_app) cli::train(train);
  if (*eval_app) cli::eval(eval);
  if (*predict_app) cli::predict(predict);
  if (*show_app) cli::show(show);
  if (*profile_app) cli::profile(profile);
  if (*bench_app) cli::bench(bench);
  if (*convert_app) cli::convert(convert);
  if (*diff_app) return cli::diff(diff) ? 0 : 1;
  if (*get_app) cli::get_data(set);
  if (*data_app && !*get_app) cli::list_data();
  if (*info_app) cli::info(info_json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const std::exception& error) {
  std::fprintf(stderr, "rushlight: %s\n", error.what());
  return 2;
}

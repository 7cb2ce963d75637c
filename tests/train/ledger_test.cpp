// Ledgers: they name the step and the tensor where two trainings part, and no other.
#include "rushlight/train/ledger.h"

#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/base/files.h"
#include "rushlight/models/mlp.h"
#include "rushlight/optim/optim.h"
#include "rushlight/rushlight.h"
#include "rushlight/train/epoch_log.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

// Changes one number of the last bias after a step.
struct Disturb : train::Callback {
  explicit Disturb(int64_t when) : step(when) {}
  void after_step(train::FitState& state) override {
    if (state.step != step) return;
    NoGrad guard;
    Tensor bias = state.task.module().parameters().back();
    bias.select(0, 1).add_(1e-6);
  }
  int64_t step;
};

std::string ledger_of(const std::string& path, int64_t disturbed_at, int64_t epochs = 2) {
  manual_seed(1);
  models::Mlp mlp({.sizes = {3, 4, 2}});
  const Tensor x = randn({20, 3}, {.generator = Generator(2)});
  data::DataLoader loader(data::TensorDataset(x, (x.select(1, 0) > 0).to(DType::int64)), {.batch_size = 4});
  optim::SGD optimizer(mlp.parameters(), {.lr = 0.1});
  Disturb disturb(disturbed_at);
  train::Ledger ledger(path);
  (void)train::fit(train::classifier(mlp), optimizer, loader,
                   {.epochs = epochs, .progress = false, .callbacks = {&disturb, &ledger}});
  return path;
}

}  // namespace

TEST_CASE("ledgers name the first step and the tensors where two trainings part") {
  const TemporaryFolder folder;
  const std::string one = ledger_of(folder / "one", -1);
  train::LedgerComparison found = train::compare_ledgers(one, ledger_of(folder / "same", -1));
  CHECK(found.steps == 11);  // the first weights, and ten steps
  CHECK(found.parted_at == -1);
  found = train::compare_ledgers(one, ledger_of(folder / "other", 7));
  CHECK(found.parted_at == 7);
  CHECK(found.tensors == std::vector<std::string>{"layers.2.bias"});
  CHECK(train::compare_ledgers(one, ledger_of(folder / "shorter", -1, 1)).steps == 6);
}

TEST_CASE("a log keeps what the test found, whatever stands around it") {
  const TemporaryFolder folder;
  const std::string path = folder.write("log", "{\"epoch\": 1, \"loss\": 0.5}\n");
  CHECK_FALSE(train::test_result(path).has_value());
  train::ConfusionMatrix confusion(std::vector<int64_t>{5, 1, 0, 0, 7, 0, 2, 0, 3});
  CHECK(confusion.classes() == 3);
  CHECK(confusion.at(2, 0) == 2);
  CHECK(
      fails_with(ErrorKind::value, {"2 counts"}, [] { train::ConfusionMatrix(std::vector<int64_t>{1, 2}); }));
  train::EpochLog(path).write_test(4, {.loss = NAN, .accuracy = 0.5}, confusion);
  CHECK(std::isnan(train::test_result(path)->loss));
  train::EpochLog(path).write_test(9, {.loss = 0.25, .accuracy = confusion.accuracy()}, confusion);
  const std::optional<train::TestResult> found = train::test_result(path);
  REQUIRE(found.has_value());
  CHECK(found->epochs == 9);
  CHECK(found->loss == 0.25);
  CHECK(found->confusion.counts() == confusion.counts());
  for (const char* bad : {R"({"test_accuracy": 1})", R"({"test_accuracy": 1, "test_loss": 1, "epochs": 1})",
                          R"({"test_accuracy": "all", "test_loss": 1, "epochs": 1, "confusion": [[1]]})",
                          R"({"test_accuracy": 1, "test_loss": 1, "epochs": 1, "confusion": [[1, 2]]})",
                          R"({"test_accuracy": 1, "test_loss": 1, "epochs": 1, "confusion": []})",
                          R"({"test_accuracy": 1, "test_loss": 1, "epochs": 1, "confusion": [[0.5]]})"}) {
    CAPTURE(bad);
    const std::string spoilt = folder.write("spoilt", std::string(bad) + "\n");
    CHECK_THROWS_AS((void)train::test_result(spoilt), Error);
  }
}

TEST_CASE("a log goes on behind its last whole line") {
  const TemporaryFolder folder;
  for (const char* before : {"", "{\"step\": 1}\n", "{\"step\": 1}\n{\"st", "{\"step\": 1"}) {
    CAPTURE(before);
    const std::string path = folder.write("log", before);
    train::RunLog(path).write({{"step", int64_t{2}}});
    const bool had_one = has(before, "\n");
    CHECK(read_file(path) == (had_one ? "{\"step\": 1}\n{\"step\": 2}\n" : "{\"step\": 2}\n"));
  }
  CHECK(fails_with(ErrorKind::runtime, {"nowhere"}, [&] { train::RunLog log(folder / "nowhere/log"); }));
}

TEST_CASE(
    "a step that was done again counts as it stands last; half a line is none; other lines are refused") {
  const TemporaryFolder folder;
  const std::string one = folder.write("one", R"({"step": 0, "w": "a"}
{"step": 1, "w": "b"}
)");
  const std::string again = folder.write("again", R"({"step": 0, "w": "a"}
{"step": 1, "w": "x"}
{"step": 1, "w": "b"}
{"step": 2, "w)");
  CHECK(train::compare_ledgers(one, again).parted_at == -1);
  CHECK(train::compare_ledgers(one, again).steps == 2);
  const auto lacking = train::compare_ledgers(one, folder.write("lacking", "{\"step\": 1, \"v\": \"b\"}\n"));
  CHECK(lacking.tensors == std::vector<std::string>{"w", "v"});
  for (const char* line : {"{\"w\": \"a\"}\n", "[]\n", "{\"step\": 1, \"w\": 2}\n", "{\"step\": -1}\n", "\n"})
    CHECK_THROWS_AS((void)train::compare_ledgers(one, folder.write("wrong", line)), Error);
  CHECK(fails_with(ErrorKind::value, {"wrong, line 1", "no step"},
                   [&] { (void)train::compare_ledgers(one, folder.write("wrong", "{\"w\": \"a\"}\n")); }));
}

#include "rushlight/train/epoch_log.h"

#include <cmath>

#include "rushlight/base/error.h"

namespace rushlight::train {

namespace {

io::Json to_json(const ConfusionMatrix& confusion) {
  io::Json::Array rows;
  for (int64_t label = 0; label < confusion.classes(); ++label) {
    io::Json::Array row;
    for (int64_t seen = 0; seen < confusion.classes(); ++seen)
      row.emplace_back(io::Json::Number{json_number(confusion.at(label, seen))});
    rows.emplace_back(std::move(row));
  }
  return rows;
}

ConfusionMatrix confusion_of(const io::Json& json, const std::string& whose) {
  std::vector<int64_t> counts;
  const io::Json::Array& rows = json.array(whose);
  for (const io::Json& row : rows) {
    if (row.array(whose).size() != rows.size())
      fail(ErrorKind::value, whose, " must have as many rows as columns");
    for (const io::Json& count : row.array(whose)) counts.push_back(count.integer(whose));
  }
  return ConfusionMatrix(std::move(counts));
}

const io::Json& value_in(const io::Json::Object& line, std::string_view key, const std::string& path) {
  const io::Json* value = find(line, key);
  if (!value) fail(ErrorKind::value, path, ": its line of the test has no \"", key, "\"");
  return *value;
}

}  // namespace

void EpochLog::after_epoch(FitState& state) {
  std::vector<LogField> fields{{"epoch", state.epoch}, {"step", state.step}, {"loss", state.training.loss}};
  if (state.training.accuracy) fields.emplace_back("accuracy", *state.training.accuracy);
  fields.emplace_back("lr", state.optimizer.lr());
  if (state.training.top_k) fields.emplace_back("top_k", *state.training.top_k);
  if (state.validation) {
    fields.emplace_back("validation_loss", state.validation->loss);
    if (state.validation->accuracy) fields.emplace_back("validation_accuracy", *state.validation->accuracy);
    if (state.validation->top_k) fields.emplace_back("validation_top_k", *state.validation->top_k);
  }
  log_.write(fields);
}

void EpochLog::write_test(int64_t epochs, const Measured& measured, const ConfusionMatrix& confusion) {
  log_.write({{"epochs", epochs},
              {"test_loss", measured.loss},
              {"test_accuracy", measured.accuracy.value_or(NAN)},
              {"confusion", to_json(confusion)}});
}

std::optional<TestResult> test_result(const std::string& path) {
  std::optional<TestResult> last;
  for (const io::Json::Object& line : read_log(path)) {
    const io::Json* accuracy = find(line, "test_accuracy");
    if (!accuracy) continue;
    const io::Json& loss = value_in(line, "test_loss", path);
    last = {value_in(line, "epochs", path).integer(path + ": epochs"),
            loss.is_null() ? NAN : loss.number(path + ": test_loss"),
            accuracy->number(path + ": test_accuracy"),
            confusion_of(value_in(line, "confusion", path), path + ": confusion")};
  }
  return last;
}

}  // namespace rushlight::train

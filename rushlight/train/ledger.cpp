#include "rushlight/train/ledger.h"

#include <map>

#include "rushlight/base/sha256.h"

namespace rushlight::train {

namespace {

using Hashes = std::map<std::string, std::string>;  // by the tensor's name

std::string hash_of(const Tensor& tensor) {
  const Tensor plain = tensor.detach().contiguous();
  return sha256_of({static_cast<const char*>(plain.raw_data()), static_cast<size_t>(plain.nbytes())})
      .substr(0, 16);
}

std::map<int64_t, Hashes> read_ledger(const std::string& path) {
  std::map<int64_t, Hashes> steps;
  size_t line = 0;
  for (const io::Json::Object& entry : read_log(path)) {
    const std::string where = join_text(path, ", line ", ++line);
    Hashes hashes;
    int64_t step = -1;
    for (const auto& [name, value] : entry)
      if (name == "step")
        step = value.integer(where);
      else
        hashes[name] = value.text(where);
    if (step < 0) fail(ErrorKind::value, "[ledger] ", where, " has no step");
    steps[step] = std::move(hashes);
  }
  return steps;
}

std::vector<std::string> different(const Hashes& left, const Hashes& right) {
  std::vector<std::string> names;
  for (const auto& [name, hash] : left) {
    const auto other = right.find(name);
    if (other == right.end() || other->second != hash) names.push_back(name);
  }
  for (const auto& [name, hash] : right)
    if (!left.contains(name)) names.push_back(name);
  return names;
}

}  // namespace

void Ledger::write(const FitState& state) {
  std::vector<LogField> fields{{"step", state.step}};
  for (const auto& [name, tensor] : state.task.module().state_dict())
    fields.emplace_back(name, hash_of(tensor));
  log_.write(fields);
}

LedgerComparison compare_ledgers(const std::string& left, const std::string& right) {
  const std::map<int64_t, Hashes> ours = read_ledger(left), theirs = read_ledger(right);
  LedgerComparison found;
  for (const auto& [step, hashes] : ours) {
    const auto other = theirs.find(step);
    if (other == theirs.end()) continue;
    ++found.steps;
    found.tensors = different(hashes, other->second);
    if (found.tensors.empty()) continue;
    found.parted_at = step;
    break;
  }
  return found;
}

}  // namespace rushlight::train

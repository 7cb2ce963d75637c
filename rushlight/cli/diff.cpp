// rushlight diff: where two runs part, or what two files of tensors differ in.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "rushlight/cli/commands.h"
#include "rushlight/generated/functions.h"
#include "rushlight/io/load.h"
#include "rushlight/ops/operators.h"
#include "rushlight/train/ledger.h"

namespace rushlight::cli {

namespace {

std::string ledger_of(const std::string& run) {
  const std::string path = run + "/ledger.jsonl";
  if (!std::filesystem::exists(path))
    fail(ErrorKind::value, run, " has no ledger; `rushlight train RECIPE --ledger` keeps one");
  return path;
}

bool diff_runs(const DiffCommand& command) {
  const train::LedgerComparison found =
      train::compare_ledgers(ledger_of(command.left), ledger_of(command.right));
  if (found.steps == 0)
    fail(ErrorKind::value, command.left, " and ", command.right, " have no step in common");
  if (found.parted_at < 0) {
    std::printf("the same after each of the %lld steps that both have\n",
                static_cast<long long>(found.steps - 1));
    return true;
  }
  if (found.parted_at == 0)
    std::puts("they differ before the first step, in");
  else
    std::printf("they part at step %lld, in\n", static_cast<long long>(found.parted_at));
  for (const std::string& name : found.tensors) std::printf("  %s\n", name.c_str());
  return false;
}

// "" where they are the same.
std::string difference(const Tensor& left, const Tensor& right) {
  if (!std::ranges::equal(left.shape(), right.shape()) || left.dtype() != right.dtype())
    return join_text(left.dtype(), left.shape(), " and ", right.dtype(), right.shape());
  if (equal(left, right)) return {};
  const Tensor apart = (left.to(DType::float64) - right.to(DType::float64)).abs();
  return join_text("differ by at most ", apart.max().item<double>(), ", in ",
                   ne(left, right).sum().item<int64_t>(), " of ", left.numel(), " numbers");
}

bool diff_files(const DiffCommand& command) {
  const NamedTensors left = io::load_tensors(command.left), right = io::load_tensors(command.right);
  bool same = true;
  const auto say = [&](const std::string& name, const std::string& what) {
    same = false;
    std::printf("%-40s %s\n", name.c_str(), what.c_str());
  };
  for (const auto& [name, tensor] : left) {
    const Tensor* other = find_tensor(right, name);
    const std::string what = other ? difference(tensor, *other) : "only in " + command.left;
    if (!what.empty()) say(name, what);
  }
  for (const auto& [name, tensor] : right)
    if (!find_tensor(left, name)) say(name, "only in " + command.right);
  if (same) std::printf("the same %zu tensors\n", left.size());
  return same;
}

}  // namespace

bool diff(const DiffCommand& command) {
  const bool runs = std::filesystem::is_directory(command.left);
  if (runs != std::filesystem::is_directory(command.right))
    fail(ErrorKind::value, "a run can be compared with a run only, and a file with a file");
  return runs ? diff_runs(command) : diff_files(command);
}

}  // namespace rushlight::cli

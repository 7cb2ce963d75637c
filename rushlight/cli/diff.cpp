// rushlight diff: where two runs part, or what two files of tensors differ in.
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <filesystem>

#include "rushlight/base/utf8.h"
#include "rushlight/cli/commands.h"
#include "rushlight/io/load.h"
#include "rushlight/train/ledger.h"

namespace rushlight::cli {

namespace {

std::string ledger_of(const std::string& run) {
  const std::string path = run + "/ledger.jsonl";
  if (!std::filesystem::exists(path))
    fail(ErrorKind::value, run, " has no ledger; `rushlight train RECIPE --ledger` keeps one");
  return path;
}

void print(const train::LedgerComparison& found) {
  if (found.parted_at < 0)
    std::printf("the same after each of the %lld steps that both have\n",
                static_cast<long long>(found.steps - 1));
  else if (found.parted_at == 0)
    std::puts("they differ before the first step, in");
  else
    std::printf("they part at step %lld, in\n", static_cast<long long>(found.parted_at));
  for (const std::string& name : found.tensors) std::printf("  %s\n", name.c_str());
}

// Steps are those that were compared: where the runs part, the last of them differs.
void print_json(const train::LedgerComparison& found) {
  const bool same = found.parted_at < 0;
  const io::Json::Number step{train::json_number(found.parted_at)};
  std::puts(train::json_line({{"same", io::Json(same)},
                              {"steps", found.steps - 1},
                              {"parted_at", same ? io::Json() : io::Json(step)},
                              {"tensors", io::Json::Array(found.tensors.begin(), found.tensors.end())}})
                .c_str());
}

bool diff_runs(const DiffCommand& command) {
  const train::LedgerComparison found =
      train::compare_ledgers(ledger_of(command.left), ledger_of(command.right));
  if (found.steps == 0)
    fail(ErrorKind::value, command.left, " and ", command.right, " have no step in common");
  command.json ? print_json(found) : print(found);
  return found.parted_at < 0;
}

// Integers are compared as such: float64 does not tell 2**53 from 2**53 + 1.
uint64_t distance(int64_t a, int64_t b) {
  return a < b ? static_cast<uint64_t>(b) - static_cast<uint64_t>(a)
               : static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
}
uint64_t distance(uint64_t a, uint64_t b) { return std::max(a, b) - std::min(a, b); }
double distance(double a, double b) { return std::abs(a - b); }
bool is_nan(double number) { return std::isnan(number); }
bool is_nan(std::integral auto) { return false; }

// A NaN is the same as another.
template <class Number>
std::string difference_as(const Tensor& left, const Tensor& right) {
  const std::vector<Number> ours = left.to_vector<Number>(), theirs = right.to_vector<Number>();
  decltype(distance(Number{}, Number{})) most = 0;
  int64_t count = 0, nans = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (ours[i] == theirs[i] || (is_nan(ours[i]) && is_nan(theirs[i]))) continue;
    ++count;
    if (is_nan(ours[i]) || is_nan(theirs[i]))
      ++nans;
    else
      most = std::max(most, distance(ours[i], theirs[i]));
  }
  if (count == 0) return {};
  const std::string nan = nans == 0 ? "" : join_text("; NaN on one side only: ", nans);
  return join_text("differ by at most ", most, ", in ", count, " of ", ours.size(), " numbers", nan);
}

// "" where they are the same.
std::string difference(const Tensor& left, const Tensor& right) {
  if (!std::ranges::equal(left.shape(), right.shape()) || left.dtype() != right.dtype())
    return join_text(left.dtype(), left.shape(), " and ", right.dtype(), right.shape());
  if (left.dtype() == DType::uint64) return difference_as<uint64_t>(left, right);
  if (is_integral(left.dtype()) || left.dtype() == DType::boolean) return difference_as<int64_t>(left, right);
  return difference_as<double>(left, right);
}

bool diff_files(const DiffCommand& command) {
  const NamedTensors left = io::load_tensors(command.left), right = io::load_tensors(command.right);
  int64_t different = 0;
  const auto say = [&](const std::string& name, const std::string& what) {
    ++different;
    if (command.json)
      std::puts(train::json_line({{"name", name}, {"difference", what}}).c_str());
    else
      std::printf("%-40s %s\n", without_controls(name).c_str(), what.c_str());
  };
  for (const auto& [name, tensor] : left) {
    const Tensor* other = find_tensor(right, name);
    const std::string what = other ? difference(tensor, *other) : "only in " + command.left;
    if (!what.empty()) say(name, what);
  }
  for (const auto& [name, tensor] : right)
    if (!find_tensor(left, name)) say(name, "only in " + command.right);
  const bool same = different == 0;
  if (command.json)
    std::puts(train::json_line({{"same", io::Json(same)}, {"different", different}}).c_str());
  else if (same)
    std::printf("the same %zu tensors\n", left.size());
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

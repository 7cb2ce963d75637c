#include "rushlight/base/nearest.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace rushlight {

namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t before = row[0]++;
    for (size_t j = 0; j < b.size(); ++j)
      before = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, before + (a[i] != b[j])}));
  }
  return row.back();
}

}  // namespace

std::string nearest_word(std::string_view typed, std::span<const std::string_view> words) {
  std::string_view best;
  size_t least = std::max<size_t>(typed.size() / 2, 2) + 1;
  for (std::string_view word : words)
    if (const size_t d = distance(typed, word); d < least) best = word, least = d;
  return std::string(best);
}

}  // namespace rushlight

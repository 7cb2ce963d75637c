#include "rushlight/base/nearest.h"

#include <algorithm>
#include <vector>

namespace rushlight {

namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> last_but_one(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    last_but_one.swap(last), last.swap(row);
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, last[j] + (a[i] != b[j])});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        row[j + 1] = std::min(row[j + 1], last_but_one[j - 1] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_word(std::string_view typed, std::span<const std::string_view> words) {
  std::string_view best;
  size_t least = std::max<size_t>(typed.size() / 2, 1) + 1;
  for (std::string_view word : words)
    if (const size_t d = distance(typed, word); d < least) best = word, least = d;
  return std::string(best);
}

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> words,
                         std::string otherwise) {
  const std::string near = nearest_word(typed, words);
  return near.empty() ? otherwise : ". Did you mean \"" + near + "\"?";
}

}  // namespace rushlight

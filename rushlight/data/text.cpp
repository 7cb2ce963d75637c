#include "rushlight/data/text.h"

namespace rushlight::data {

std::vector<std::string> load_lines(const std::string& path) {
  const std::string text = load_text(path);
  std::vector<std::string> lines;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    const bool carriage_return = end > begin && text[end - 1] == '\r';
    lines.push_back(text.substr(begin, end - begin - carriage_return));
  }
  return lines;
}

}  // namespace rushlight::data

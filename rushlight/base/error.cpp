#include "rushlight/base/error.h"

#include <charconv>
#include <cmath>

namespace rushlight {

namespace {
template <class T>
void append_number(std::string& text, T value) {
  char digits[40];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text.append(digits, end);
}
}  // namespace

void append_text(std::string& text, double value) {
  if (std::isnan(value)) {
    text += "nan";
  } else if (std::isinf(value)) {
    text += value > 0 ? "inf" : "-inf";
  } else {
    const size_t start = text.size();
    append_number(text, value);
    if (text.find_first_of(".e", start) == std::string::npos) text += ".0";
  }
}
void append_text(std::string& text, int64_t value) { append_number(text, value); }
void append_text(std::string& text, uint64_t value) { append_number(text, value); }

void append_text(std::string& text, std::span<const int64_t> values) {
  text += '(';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i) text += ", ";
    append_text(text, values[i]);
  }
  if (values.size() == 1) text += ',';
  text += ')';
}

std::string join_parts(std::initializer_list<TextPart> parts) {
  std::string text;
  for (const TextPart& part : parts) part.append_to(text);
  return text;
}

void throw_error(ErrorKind kind, std::initializer_list<TextPart> parts) {
  throw Error(kind, join_parts(parts));
}

}  // namespace rushlight

#include "rushlight/base/utf8.h"

#include <algorithm>

namespace rushlight {

namespace {

// The length of the sequence that `text` starts with; 0 where it is none.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_printable(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(sequence_length(text))) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (sequence_length(text) == 0 || first < 0x20 || first == 0x7f) return false;
    if (first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) return false;
  }
  return true;
}

std::string without_controls(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(sequence_length(text), 1);
    const std::string_view one = text.substr(0, length);
    safe += one == "\n" || is_printable(one) ? one : "?";
    text.remove_prefix(length);
  }
  return safe;
}

Character first_character(std::string_view text) {
  const size_t length = sequence_length(text);
  if (length == 0) return {0xfffd, 1};
  constexpr unsigned char kPayload[] = {0x7f, 0x1f, 0x0f, 0x07};  // of the first byte
  char32_t code = static_cast<unsigned char>(text[0]) & kPayload[length - 1];
  for (size_t i = 1; i < length; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  return {code, length};
}

void append_utf8(std::string& text, char32_t code) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
  const auto add_low = [&](int shift) { add(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xc0 | (code >> 6));
  } else if (code < 0x10000) {
    add(0xe0 | (code >> 12));
    add_low(6);
  } else {
    add(0xf0 | (code >> 18));
    add_low(12);
    add_low(6);
  }
  add_low(0);
}

}  // namespace rushlight

// UTF-8: whether bytes are text, or text to print, and the bytes of a code point.
#pragma once

#include <string>
#include <string_view>

namespace rushlight {

// No overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);
// UTF-8 without control characters (C0, DEL, C1): a terminal shows it, and obeys none of it. Line ends and
// tabs are control characters too.
bool is_printable(std::string_view text);
// The same text for a terminal that obeys none of it: ? for every control character but line ends, and for
// what is no UTF-8.
std::string without_controls(std::string_view text);
void append_utf8(std::string& text, char32_t code);

struct Character {
  char32_t code;
  size_t bytes;
};
// What a text that is not empty starts with; U+FFFD and one byte where that is no UTF-8.
Character first_character(std::string_view text);

}  // namespace rushlight

// UTF-8: whether bytes are text, and the bytes of a code point.
#pragma once

#include <string>
#include <string_view>

namespace rushlight::io {

// No overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t code);

}  // namespace rushlight::io

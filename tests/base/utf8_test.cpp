// UTF-8: every code point, and what a terminal would obey.
#include "rushlight/base/utf8.h"

#include <doctest/doctest.h>

using namespace rushlight;

TEST_CASE("UTF-8 of every code point") {
  for (char32_t code = 0; code < 0x111000; ++code) {
    std::string text;
    append_utf8(text, code);
    const bool valid = code < 0x110000 && (code < 0xd800 || code > 0xdfff);
    const Character first = first_character(text + "x");
    const bool read =
        valid ? first.code == code && first.bytes == text.size() : first.code == 0xfffd && first.bytes == 1;
    if (is_utf8(text) != valid || !read) FAIL_CHECK("code point ", static_cast<uint32_t>(code));
  }
}

TEST_CASE("text to print is UTF-8 without control characters") {
  for (char32_t code = 0; code < 0x3000; ++code) {
    std::string text = "a";
    append_utf8(text, code);
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    if (is_printable(text) == control) FAIL_CHECK("code point ", static_cast<uint32_t>(code));
  }
  CHECK(is_printable(""));
  CHECK(is_printable("cat, \u732b, \U0001f408"));
  CHECK_FALSE(is_printable("\x1b[31mcat"));
  CHECK_FALSE(is_printable("\x9b"));  // a control character where there is no UTF-8
  CHECK_FALSE(is_printable("cat\xc2"));
}

TEST_CASE("what a terminal would obey is taken out of a text, line ends stay") {
  CHECK(without_controls("one\ntwo \u732b") == "one\ntwo \u732b");
  CHECK(without_controls("\x1b[31mred\r\t\x7f") == "?[31mred???");
  CHECK(without_controls("\xc2\x9b"
                         "31m\xff\xe7\x8c") == "?31m???");
  CHECK(without_controls("").empty());
}

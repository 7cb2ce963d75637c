#include "rushlight/base/error.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

using namespace rushlight;

namespace elsewhere {
struct Pair {
  int first, second;
};
void append_text(std::string& text, const Pair& pair) {
  text += join_text('<', pair.first, ' ', pair.second, '>');
}
}  // namespace elsewhere

TEST_CASE("join_text: numbers, words and truth values in a row") {
  CHECK(join_text() == "");
  CHECK(join_text("sizes ", 3, " and ", uint8_t{7}, '!') == "sizes 3 and 7!");
  CHECK(join_text(std::string("a"), std::string_view("b"), "c", true, false) == "abcTrueFalse");
  CHECK(join_text(std::numeric_limits<int64_t>::min()) == "-9223372036854775808");
  CHECK(join_text(std::numeric_limits<uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("join_text: a double always looks like one, whatever stands before it") {
  CHECK(join_text(0.1) == "0.1");
  CHECK(join_text(3.0) == "3.0");
  CHECK(join_text(-0.0) == "-0.0");
  CHECK(join_text(1e300) == "1e+300");
  CHECK(join_text("value ", 3.0) == "value 3.0");
  CHECK(join_text(1.5, ' ', 2.0) == "1.5 2.0");
  CHECK(join_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(join_text(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(join_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
}

TEST_CASE("join_text: a type of another namespace joins in") {
  CHECK(join_text("pair ", elsewhere::Pair{1, -2}) == "pair <1 -2>");
}

TEST_CASE("fail: throws kind and message") {
  try {
    fail(ErrorKind::index, "[select] index ", 5, " is out of range");
    FAIL("did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::index);
    CHECK(std::string(error.what()) == "[select] index 5 is out of range");
  }
  CHECK_THROWS_AS(fail(ErrorKind::value, "x"), std::exception);
}

#include "rushlight/base/xml.h"

#include <doctest/doctest.h>

using namespace rushlight;

TEST_CASE("text in XML says what it says, and no more") {
  CHECK(escape_xml("a<b> & \"größer\"") == "a&lt;b&gt; &amp; \"größer\"");
  CHECK(escape_xml("\x1b[1m\xff") == "?[1m?");  // what no XML may hold
  CHECK(escape_xml("").empty());
}

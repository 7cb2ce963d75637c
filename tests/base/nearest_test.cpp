#include "rushlight/base/nearest.h"

#include <doctest/doctest.h>

using namespace rushlight;

TEST_CASE("the word that was meant") {
  constexpr std::string_view kWords[] = {"train", "eval", "predict", "tinyvit", "tinyvit-10k"};
  CHECK(nearest_word("trian", kWords) == "train");
  CHECK(nearest_word("tinyvti", kWords) == "tinyvit");
  CHECK(nearest_word("tinyvit10k", kWords) == "tinyvit-10k");
  CHECK(nearest_word("train", kWords) == "train");
  CHECK(nearest_word("evaluate", kWords) == "eval");
  CHECK(nearest_word("zebra crossing", kWords).empty());
  CHECK(nearest_word("x", {}).empty());
}

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
  constexpr std::string_view kShort[] = {"xor", "mlp", "cpu"};
  CHECK(nearest_word("mpl", kShort) == "mlp");
  CHECK(nearest_word("cpux", kShort) == "cpu");
  CHECK(nearest_word("xr", kShort) == "xor");
  CHECK(nearest_word("foo", kShort).empty());
  CHECK(nearest_word("", kShort).empty());
}

TEST_CASE("the end of an error that names it") {
  constexpr std::string_view kWords[] = {"train", "eval"};
  CHECK(did_you_mean("evla", kWords) == ". Did you mean \"eval\"?");
  CHECK(did_you_mean("zebra", kWords).empty());
  CHECK(did_you_mean("zebra", kWords, "; there are two") == "; there are two");
}

#include "rushlight/core/attr.h"

#include <doctest/doctest.h>

#include "rushlight/core/read_attr.h"

using namespace rushlight;

namespace {

std::string text_of(const Attr& attr) {
  std::string text;
  append_text(text, attr);
  return text;
}

}  // namespace

TEST_CASE("attr: a list of numbers keeps its values, compares by them and reads as Python writes it") {
  Attr numbers(Reals{0.5, 2, -1}), same(Reals{0.5, 2, -1}), others(Reals{0.5, 2});
  Attr copy = numbers;
  CHECK(copy == same);
  CHECK(!(copy == others));
  CHECK(!(copy == Attr(Ints{1, 2})));
  CHECK(copy.as_reals() == Reals{0.5, 2, -1});
  CHECK(text_of(numbers) == "(0.5, 2.0, -1.0)");
  CHECK(text_of(Attr(Reals{3})) == "(3.0,)");
  CHECK(text_of(Attr(Reals{})) == "()");
}

TEST_CASE("attr: RealList takes a number or several, and may be absent") {
  CHECK(static_cast<const Reals&>(RealList(2)) == Reals{2});
  CHECK(static_cast<const Reals&>(RealList{1, 2.5}) == Reals{1, 2.5});
  CHECK(!to_attr(OptionalRealList()).given());
  CHECK(!read_attr<OptionalRealList>(Attr()));
  OptionalRealList there = read_attr<OptionalRealList>(to_attr(OptionalRealList{1.5, 2}));
  CHECK(there.has_value());
  CHECK(static_cast<const Reals&>(*there) == Reals{1.5, 2});
  CHECK(read_attr<RealList>(to_attr(RealList(4))) == Reals{4});
}

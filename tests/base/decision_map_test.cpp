// Pictures of the plane: sides, points and cells stand where they should.
#include "rushlight/base/decision_map.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace rushlight;

TEST_CASE("a plane parted in the middle") {
  const PlaneView view{-4, 2.5, 8};
  const auto right = [](double x, double) { return x; };
  const DecisionMap map = map_decisions(right, view, 16);
  CHECK(map.rows == 10);
  CHECK(map.score(0, 0) == -3.75);
  CHECK(map.score(15, 9) == 3.75);
  const PlanePoint points[] = {{-3.9, 2.4, -1}, {3.9, -2.4, 1}, {9, 9, 1}};  // the last is out of sight
  CHECK(to_lines(map, points, false) ==
        "x.......        \n"
        "........        \n"
        "........        \n"
        "........        \n"
        "........       o\n");
  const std::string coloured = to_lines(map, points, true), svg = to_svg(map, points);
  CHECK(std::count(coloured.begin(), coloured.end(), '\n') == 5);
  CHECK(svg.starts_with("<svg"));
  CHECK(svg.ends_with("</svg>\n"));
}

TEST_CASE("above is up") {
  const DecisionMap map = map_decisions([](double, double y) { return y; }, {0, 10, 16}, 16);
  CHECK(map.score(0, 0) > map.score(0, 9));
  CHECK(to_lines(map, {}, false).size() == 5 * 17);
}

#include "rushlight/base/decision_map.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rushlight/base/error.h"

namespace rushlight {

namespace {

// Certainty comes in steps, from hardly to quite, and behind them the colour of a point.
constexpr int kSteps = 4;
constexpr int kTerminalColours[2][kSteps + 1] = {{223, 216, 209, 173, 88}, {153, 111, 75, 68, 17}};
constexpr const char* kSvgColours[2][kSteps + 1] = {{"#fdebd9", "#fad7b5", "#f6c08e", "#f0a868", "#c2410c"},
                                                    {"#e3eefa", "#c7dcf4", "#a5c6ec", "#82afe3", "#1d4ed8"}};

int step_of(double score) { return std::min(kSteps - 1, static_cast<int>(std::fabs(score) * 2)); }

// Where a point is, in cells from the left and from the top.
double column_of(const DecisionMap& map, const PlanePoint& point) {
  return (point.x - map.view.left) / map.cell_size();
}
double row_of(const DecisionMap& map, const PlanePoint& point) {
  return (map.view.top - point.y) / map.cell_size();
}

// The points' labels by cell; 0 where there is none.
std::vector<int> mark_points(const DecisionMap& map, std::span<const PlanePoint> points, int rows_to_one) {
  std::vector<int> marks(map.scores.size() / rows_to_one, 0);
  for (const PlanePoint& point : points) {
    const int column = static_cast<int>(std::floor(column_of(map, point)));
    const int row = static_cast<int>(std::floor(row_of(map, point) / rows_to_one));
    if (column >= 0 && column < map.columns && row >= 0 && row < map.rows / rows_to_one)
      marks[row * map.columns + column] = point.label;
  }
  return marks;
}

std::string coloured_lines(const DecisionMap& map, std::span<const PlanePoint> points) {
  const std::vector<int> marks = mark_points(map, points, 1);
  const auto colour = [&](int column, int row) {
    const int mark = marks[row * map.columns + column];
    if (mark != 0) return kTerminalColours[mark > 0][kSteps];
    const double score = map.score(column, row);
    return kTerminalColours[score > 0][step_of(score)];
  };
  std::string text;
  for (int row = 0; row + 1 < map.rows; row += 2) {
    for (int column = 0; column < map.columns; ++column)
      text += join_text("\x1b[38;5;", colour(column, row), ";48;5;", colour(column, row + 1), "m▀");
    text += "\x1b[0m\n";
  }
  return text;
}

std::string plain_lines(const DecisionMap& map, std::span<const PlanePoint> points) {
  const std::vector<int> marks = mark_points(map, points, 2);
  std::string text;
  for (int line = 0; line < map.rows / 2; ++line) {
    for (int column = 0; column < map.columns; ++column) {
      const int mark = marks[line * map.columns + column];
      const char ground = map.score(column, 2 * line) > 0 ? ' ' : '.';
      text += mark == 0 ? ground : mark > 0 ? 'o' : 'x';
    }
    text += '\n';
  }
  return text;
}

constexpr int kPixels = 6;  // to a cell

// Neighbours of one colour become one rectangle.
std::string svg_row(const DecisionMap& map, int row) {
  std::string svg;
  const auto colour = [&](int column) {
    const double score = map.score(column, row);
    return kSvgColours[score > 0][step_of(score)];
  };
  for (int start = 0, end = 0; start < map.columns; start = end) {
    while (end < map.columns && colour(end) == colour(start)) ++end;
    svg += join_text("<rect x=\"", start * kPixels, "\" y=\"", row * kPixels, "\" width=\"",
                     (end - start) * kPixels, "\" height=\"", kPixels, "\" fill=\"", colour(start), "\"/>\n");
  }
  return svg;
}

}  // namespace

std::string to_lines(const DecisionMap& map, std::span<const PlanePoint> points, bool colour) {
  return colour ? coloured_lines(map, points) : plain_lines(map, points);
}

std::string to_svg(const DecisionMap& map, std::span<const PlanePoint> points) {
  std::string svg = join_text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ",
                              map.columns * kPixels, " ", map.rows * kPixels, "\" width=\"",
                              map.columns * kPixels, "\" shape-rendering=\"crispEdges\">\n");
  for (int row = 0; row < map.rows; ++row) svg += svg_row(map, row);
  for (const PlanePoint& point : points) {
    char circle[160];
    std::snprintf(
        circle, sizeof circle,
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" fill=\"%s\" stroke=\"#ffffff\" stroke-width=\"1.5\" "
        "shape-rendering=\"auto\"/>\n",
        column_of(map, point) * kPixels, row_of(map, point) * kPixels, kSvgColours[point.label > 0][kSteps]);
    svg += circle;
  }
  return svg + "</svg>\n";
}

}  // namespace rushlight

// What a classifier says about every point of a part of the plane, as a picture of coloured cells: for
// terminals and as SVG.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace rushlight {

struct PlanePoint {
  double x, y;
  int label;  // +1 or -1
};

// The part that is shown: 8 wide to 5 high.
struct PlaneView {
  double left, top, width;
};

// A classifier's scores, positive for one side, in the middles of a grid of square cells, row by row from the
// top.
struct DecisionMap {
  PlaneView view;
  int columns, rows;
  std::vector<double> scores;

  double cell_size() const { return view.width / columns; }
  double score(int column, int row) const { return scores[row * columns + column]; }
};

inline int lines_of(int columns) { return columns * 5 / 16; }

// As many rows as keep the cells square. score(x, y) is asked in the middle of each.
template <class Score>
DecisionMap map_decisions(const Score& score, const PlaneView& view, int columns) {
  DecisionMap map{view, columns, 2 * lines_of(columns), {}};
  for (int row = 0; row < map.rows; ++row)
    for (int column = 0; column < columns; ++column)
      map.scores.push_back(
          score(view.left + (column + 0.5) * map.cell_size(), view.top - (row + 0.5) * map.cell_size()));
  return map;
}

// Lines of text, two rows of cells to a line. Colours show side and certainty, the darkest ones are the
// points; without colours a point is an o or an x, and the ground of the x is dotted.
std::string to_lines(const DecisionMap& map, std::span<const PlanePoint> points, bool colour);
std::string to_svg(const DecisionMap& map, std::span<const PlanePoint> points);

}  // namespace rushlight

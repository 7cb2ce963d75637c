// What a network says about every point of the plane, as a picture of coloured cells: for terminals and as
// SVG.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rushlight/scalar/mlp.h"
#include "rushlight/scalar/moons.h"

// The network's scores in the middles of a grid of square cells, row by row from the top.
struct DecisionMap {
  int columns, rows;
  std::vector<double> scores;

  double score(int column, int row) const { return scores[row * columns + column]; }
};

// As many rows as keep the cells square.
DecisionMap map_decisions(const rushlight::scalar::MLP& network, int columns);

// Lines of text, two rows of cells to a line. Colours show side and certainty, the darkest ones are the
// samples; without colours a sample is an o or an x, and the ground of the x is dotted.
std::string to_lines(const DecisionMap& map, std::span<const rushlight::scalar::Sample> samples, bool colour);
inline int lines_of(int columns) { return columns * 5 / 16; }

std::string to_svg(const DecisionMap& map, std::span<const rushlight::scalar::Sample> samples);

// Curves, drawn for the terminal with braille dots and for a browser as SVG.
#pragma once

#include <string>
#include <vector>

namespace rushlight::train {

struct Curve {
  std::string name;
  std::vector<double> x, y;
};

struct CurveSize {
  int columns = 72, rows = 8;
};

// Lines, each ended by '\n': the curve between its lowest and highest value, which stand beside it.
std::string draw_curve(const Curve& curve, const CurveSize& size = {});
std::string curves_to_svg(const std::string& title, const std::vector<Curve>& curves);

}  // namespace rushlight::train

// Curves, drawn for the terminal with braille dots or in one line, and for a browser as SVG.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rushlight/train/metrics.h"

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
// Curves over the same x, one quantity below the other, each on a scale of its own: "validation_loss" is of
// the same quantity as "loss".
std::string curves_to_svg(const std::string& title, const std::vector<Curve>& curves);

// A curve that is drawn while it grows, in one line: █▅▃▂▁. However long it gets, it keeps a few means.
class Sparkline {
 public:
  explicit Sparkline(int cells = 16) : cells_(static_cast<size_t>(cells)) {}
  void add(double value);  // of what is no number, nothing is kept
  // Always as wide as there are cells; spaces where nothing is yet.
  std::string draw() const;

 private:
  void halve();

  size_t cells_;
  int64_t in_each_ = 1;  // values of a mean
  std::vector<Mean> means_;
};

}  // namespace rushlight::train

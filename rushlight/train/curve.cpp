#include "rushlight/train/curve.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "rushlight/base/error.h"
#include "rushlight/base/terminal.h"
#include "rushlight/base/xml.h"

namespace rushlight::train {

namespace {

struct Range {
  double low = INFINITY, high = -INFINITY;

  void take(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value), high = std::max(high, value);
  }
  bool empty() const { return low > high; }
  // 0 at the low end, 1 at the high end.
  double place_of(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

Range range_of(const std::vector<double>& values) {
  Range range;
  for (double value : values) range.take(value);
  return range;
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

// Two by four dots in each character: U+2800 and a bit for each dot.
class Braille {
 public:
  Braille(int columns, int rows) : columns_(columns), rows_(rows), bits_(cell(0, rows)) {}
  int width() const { return 2 * columns_; }
  int height() const { return 4 * rows_; }

  void set(int x, int y) {
    static constexpr uint8_t kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    bits_[cell(x / 2, y / 4)] |= kDots[y % 4][x % 2];
  }
  std::string row(int row) const {
    std::string text;
    for (int column = 0; column < columns_; ++column) {
      const uint8_t bits = bits_[cell(column, row)];
      text += static_cast<char>(0xE2);
      text += static_cast<char>(0xA0 | bits >> 6);
      text += static_cast<char>(0x80 | (bits & 0x3F));
    }
    return text;
  }

 private:
  size_t cell(int x, int y) const {
    return static_cast<size_t>(y) * static_cast<size_t>(columns_) + static_cast<size_t>(x);
  }

  int columns_, rows_;
  std::vector<uint8_t> bits_;
};

// The mean of what falls into each column of dots; NaN where nothing does.
std::vector<double> columns_of(const Curve& curve, const Range& across, int width) {
  std::vector<double> sums(static_cast<size_t>(width)), counts(static_cast<size_t>(width));
  for (size_t i = 0; i < curve.y.size(); ++i) {
    if (!std::isfinite(curve.y[i])) continue;
    const auto at = static_cast<size_t>(across.place_of(curve.x[i]) * (width - 1));
    sums[at] += curve.y[i], counts[at] += 1;
  }
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = counts[i] > 0 ? sums[i] / counts[i] : NAN;
  return sums;
}

// -- SVG

constexpr double kWidth = 640, kLeft = 70, kRight = 20, kTop = 40, kBottom = 12;
constexpr double kNames = 24, kPanel = 140, kPanelStep = kNames + kPanel + 16;  // of a quantity
constexpr size_t kMostDots = 50;  // a longer curve is but a line

// Numbers on a line of the picture.
class Axis {
 public:
  Axis(const Range& range, double from, double to) : range_(range), from_(from), to_(to) {}
  double place_of(double value) const { return from_ + (to_ - from_) * range_.place_of(value); }
  // At most seven round numbers.
  std::vector<double> ticks(double least_step = 0) const {
    if (range_.empty()) return {};
    const double span = range_.high - range_.low;
    const double size = std::max(std::abs(range_.low), std::abs(range_.high));
    if (!(span > 1e-9 * size)) return {range_.low};  // as good as one number
    const double power = std::pow(10, std::floor(std::log10(span)));
    double step = 2 * power;
    for (double factor : {1.0, 0.5, 0.2})
      if (span <= 6 * factor * power) step = factor * power;
    step = std::max(step, least_step);
    std::vector<double> all;
    for (double i = std::ceil(range_.low / step); i * step <= range_.high; ++i) all.push_back(i * step);
    return all;
  }

 private:
  Range range_;
  double from_, to_;
};

std::string text_at(double x, double y, const char* style, std::string_view text) {
  return join_text("<text x=\"", short_number(x), "\" y=\"", short_number(y), "\" ", style, ">",
                   escape_xml(text), "</text>\n");
}

// The curves of one quantity.
struct Panel {
  std::string_view quantity;
  std::vector<const Curve*> curves;
};

std::vector<Panel> panels_of(const std::vector<Curve>& curves) {
  constexpr std::string_view kValidation = "validation_";
  std::vector<Panel> panels;
  for (const Curve& curve : curves) {
    std::string_view quantity = curve.name;
    if (quantity.starts_with(kValidation)) quantity.remove_prefix(kValidation.size());
    auto panel = std::ranges::find(panels, quantity, &Panel::quantity);
    if (panel == panels.end()) panel = panels.insert(panel, {quantity, {}});
    panel->curves.push_back(&curve);
  }
  return panels;
}

Range across_all(const std::vector<Curve>& curves) {
  Range range;
  for (const Curve& curve : curves)
    for (double x : curve.x) range.take(x);
  return range;
}

std::string drawn(const Curve& curve, const Axis& across, const Axis& up, const char* colour) {
  std::string points, dots;
  for (size_t i = 0; i < curve.y.size(); ++i) {
    if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) continue;
    const std::string x = short_number(across.place_of(curve.x[i])),
                      y = short_number(up.place_of(curve.y[i]));
    points += join_text(x, ",", y, " ");
    if (curve.y.size() <= kMostDots)
      dots += join_text("<circle cx=\"", x, "\" cy=\"", y, "\" r=\"2.5\" fill=\"", colour, "\"/>\n");
  }
  return join_text("<polyline fill=\"none\" stroke=\"", colour, "\" stroke-width=\"1.5\" points=\"", points,
                   "\"/>\n", dots);
}

// Names, then the lines of the scale, then the curves.
std::string drawn(const Panel& panel, const Axis& across, double top) {
  static constexpr const char* kColours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd"};
  const double high = top + kNames, low = high + kPanel;
  Range range;
  for (const Curve* curve : panel.curves)
    for (double y : curve->y) range.take(y);
  const Axis up(range, low, high);
  std::string names, lines;
  for (size_t i = 0; i < panel.curves.size(); ++i) {
    const char* colour = kColours[i % std::size(kColours)];
    names += join_text("<tspan dx=\"", i == 0 ? 0 : 16, "\" fill=\"", colour, "\">",
                       escape_xml(panel.curves[i]->name), "</tspan>");
    lines += drawn(*panel.curves[i], across, up, colour);
  }
  std::string svg = join_text("<text x=\"", short_number(kLeft), "\" y=\"", short_number(high - 8),
                              "\" font-weight=\"bold\">", names, "</text>\n");
  for (double y : up.ticks()) {
    const std::string at = short_number(up.place_of(y));
    svg += join_text("<line x1=\"", kLeft, "\" x2=\"", kWidth - kRight, "\" y1=\"", at, "\" y2=\"", at,
                     "\" stroke=\"#ddd\"/>\n");
    svg += text_at(kLeft - 8, up.place_of(y) + 4, "text-anchor=\"end\"", short_number(y));
  }
  return svg + lines;
}

}  // namespace

std::string draw_curve(const Curve& curve, const CurveSize& size) {
  const int label_columns = std::max(9, display_width(curve.name));
  const int columns = std::max(size.columns - label_columns - 1, 4);
  const Range across = range_of(curve.x);
  if (across.empty() || curve.x.size() != curve.y.size()) return {};
  Braille dots(columns, std::max(size.rows, 2));
  const std::vector<double> values = columns_of(curve, across, dots.width());
  const Range up = range_of(values);
  if (up.empty()) return {};
  int last = -1, last_y = 0;
  for (int x = 0; x < dots.width(); ++x) {
    if (std::isnan(values[static_cast<size_t>(x)])) continue;
    const int y = static_cast<int>(
        std::lround((1 - up.place_of(values[static_cast<size_t>(x)])) * (dots.height() - 1)));
    dots.set(x, y);
    for (int between = last + 1; last >= 0 && between < x; ++between)
      dots.set(between, last_y + (y - last_y) * (between - last) / (x - last));
    last = x, last_y = y;
  }
  std::string text;
  for (int row = 0; row < std::max(size.rows, 2); ++row) {
    std::string label = row == 0                            ? short_number(up.high)
                        : row == std::max(size.rows, 2) - 1 ? short_number(up.low)
                                                            : "";
    if (row == 1 && size.rows > 2) label = curve.name;
    text += align_left(label, label_columns) + " " + dots.row(row) + "\n";
  }
  return text;
}

std::string curves_to_svg(const std::string& title, const std::vector<Curve>& curves) {
  const std::vector<Panel> panels = panels_of(curves);
  const Axis across(across_all(curves), kLeft, kWidth - kRight);
  const double height = kTop + kPanelStep * static_cast<double>(panels.size()) + kBottom;
  std::string svg = join_text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", kWidth, " ", height,
                              "\" font-family=\"sans-serif\" font-size=\"12\">\n<title>", escape_xml(title),
                              "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  svg += text_at(kLeft, 24, "font-size=\"15\"", title);
  double top = kTop;
  for (const Panel& panel : panels) {
    svg += drawn(panel, across, top);
    top += kPanelStep;
  }
  for (double x : across.ticks(1))
    svg += text_at(across.place_of(x), top + 2, "text-anchor=\"middle\"", short_number(x));
  return svg + "</svg>\n";
}

void Sparkline::add(double value) {
  if (!std::isfinite(value)) return;
  if (means_.empty() || means_.back().count() == in_each_) {
    if (means_.size() == 4 * cells_) halve();
    means_.emplace_back();
  }
  means_.back().add(value, 1);
}

void Sparkline::halve() {
  for (size_t i = 0; i < means_.size() / 2; ++i) {
    Mean both = means_[2 * i];
    both.add(means_[2 * i + 1].value(), in_each_);
    means_[i] = both;
  }
  means_.resize(means_.size() / 2);
  in_each_ *= 2;
}

std::string Sparkline::draw() const {
  static constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const size_t taken = std::min(means_.size(), cells_);
  std::vector<double> values;
  for (size_t cell = 0; cell < taken; ++cell) {
    Mean mean;
    for (size_t i = cell * means_.size() / taken; i < (cell + 1) * means_.size() / taken; ++i)
      mean.add(means_[i].value(), means_[i].count());
    values.push_back(mean.value());
  }
  const Range up = range_of(values);
  std::string line;
  for (double value : values) line += kHeights[std::lround(up.place_of(value) * 7)];
  return line.append(cells_ - taken, ' ');
}

}  // namespace rushlight::train

#include "rushlight/train/curve.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "rushlight/base/error.h"

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

}  // namespace

std::string draw_curve(const Curve& curve, const CurveSize& size) {
  constexpr int kLabel = 9;
  const int columns = std::max(size.columns - kLabel - 1, 4);
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
    label.resize(kLabel, ' ');
    text += label + " " + dots.row(row) + "\n";
  }
  return text;
}

std::string curves_to_svg(const std::string& title, const std::vector<Curve>& curves) {
  static constexpr const char* kColours[] = {"#1f77b4", "#d62728", "#2ca02c",
                                             "#9467bd", "#ff7f0e", "#17becf"};
  constexpr double kWidth = 640, kHeight = 360, kLeft = 70, kTop = 40, kRight = 20, kBottom = 40;
  Range across, up;
  for (const Curve& curve : curves) {
    for (double x : curve.x) across.take(x);
    for (double y : curve.y) up.take(y);
  }
  std::string svg = join_text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", kWidth, " ",
                              kHeight, "\" font-family=\"sans-serif\" font-size=\"12\">\n<title>", title,
                              "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"",
                              kLeft, "\" y=\"22\" font-size=\"15\">", title, "</text>\n");
  const double inner_width = kWidth - kLeft - kRight, inner_height = kHeight - kTop - kBottom;
  for (int i = 0; i <= 4 && !up.empty(); ++i) {
    const double y = kTop + inner_height * i / 4, x = kLeft + inner_width * i / 4;
    svg += join_text("<line x1=\"", kLeft, "\" x2=\"", kWidth - kRight, "\" y1=\"", y, "\" y2=\"", y,
                     "\" stroke=\"#ddd\"/>\n<text x=\"", kLeft - 8, "\" y=\"", y + 4,
                     "\" text-anchor=\"end\">", short_number(up.high + (up.low - up.high) * i / 4),
                     "</text>\n<text x=\"", x, "\" y=\"", kHeight - 16, "\" text-anchor=\"middle\">",
                     short_number(across.low + (across.high - across.low) * i / 4), "</text>\n");
  }
  for (size_t i = 0; i < curves.size(); ++i) {
    const char* colour = kColours[i % std::size(kColours)];
    svg += join_text("<polyline fill=\"none\" stroke=\"", colour, "\" stroke-width=\"1.5\" points=\"");
    for (size_t k = 0; k < curves[i].y.size(); ++k)
      if (std::isfinite(curves[i].y[k]))
        svg += short_number(kLeft + inner_width * across.place_of(curves[i].x[k])) + "," +
               short_number(kTop + inner_height * (1 - up.place_of(curves[i].y[k]))) + " ";
    svg += join_text("\"/>\n<text x=\"", kWidth - kRight, "\" y=\"", 22.0 + 15.0 * static_cast<double>(i),
                     "\" text-anchor=\"end\" fill=\"", colour, "\">", curves[i].name, "</text>\n");
  }
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

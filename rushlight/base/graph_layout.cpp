#include "rushlight/base/graph_layout.h"

#include <algorithm>
#include <compare>
#include <cstddef>

#include "rushlight/base/terminal.h"

namespace rushlight {

namespace {

constexpr double kColumnGap = 44, kRowGap = 16, kMargin = 16;
constexpr int kSweeps = 12;

// What takes up room in a column: a box, or the place where a wire passes on its way to a later column.
struct Slot {
  int column = 0;
  double width = 0, height = 0, y = 0;  // y is that of the middle
  std::vector<int> before, after;       // the slots of the neighbouring columns that it is joined to
};

using Neighbours = std::vector<int> Slot::*;

// The method of Sugiyama: nodes get columns, long edges get a slot in each column that they cross, columns
// are sorted until neighbours are near each other, and then pulled straight.
class Layouter {
 public:
  Layouter(const GraphDrawing& graph, const std::vector<int>& order)
      : graph_(graph), slots_(graph.nodes.size()), wires_(graph.nodes.size()) {
    for (size_t i = 0; i < slots_.size(); ++i) measure(slots_[i], graph.nodes[i]);
    choose_columns(order);
    for (const auto& [from, to] : graph.edges) connect(from, to);
    sweep([this](std::vector<int>& column, Neighbours side) { sort_column(column, side); });
    sweep([this](const std::vector<int>& column, Neighbours side) { place_column(column, side); });
  }

  GraphLayout result() const;

 private:
  static void measure(Slot& slot, const GraphDrawing::Node& node);
  void choose_columns(const std::vector<int>& order);
  void connect(int from, int to);
  void extend_wire(std::vector<int>& wire);
  template <class Visit>
  void sweep(Visit visit);
  void sort_column(std::vector<int>& column, Neighbours side);
  void place_column(const std::vector<int>& column, Neighbours side);
  double mean_y(const Slot& slot, Neighbours side) const;
  double distance(int above, int below) const;
  std::vector<double> column_middles() const;

  const GraphDrawing& graph_;
  std::vector<Slot> slots_;                // those of the nodes come first
  std::vector<std::vector<int>> columns_;  // slots from top to bottom
  std::vector<std::vector<int>> wires_;  // for each node the slots that its wire runs through, its own first
};

void Layouter::measure(Slot& slot, const GraphDrawing::Node& node) {
  int letters = 1;
  for (const std::string& line : node.lines) letters = std::max(letters, display_width(line));
  slot.width = letters * kLetterWidth + 2 * kBoxPadding;
  slot.height = static_cast<double>(std::max<size_t>(node.lines.size(), 1)) * kLineHeight + 2 * kBoxPadding;
}

// A node stands just left of the first that uses it, so that inputs are near to where they go in.
void Layouter::choose_columns(const std::vector<int>& order) {
  std::vector<std::vector<int>> users(slots_.size());
  for (const auto& [from, to] : graph_.edges) users[from].push_back(to);
  std::vector<int> from_right(slots_.size(), 0);
  int last = -1;
  for (size_t i = order.size(); i-- > 0;) {
    int& column = from_right[order[i]];
    for (const int user : users[order[i]]) column = std::max(column, from_right[user] + 1);
    last = std::max(last, column);
  }
  columns_.resize(last + 1);
  for (const int node : order) {
    slots_[node].column = last - from_right[node];
    columns_[slots_[node].column].push_back(node);
  }
}

// All edges that leave a node share one wire, and each turns off it in the column before its target.
void Layouter::connect(int from, int to) {
  std::vector<int>& wire = wires_[from];
  if (wire.empty()) wire.push_back(from);
  const size_t length = slots_[to].column - slots_[from].column;
  while (wire.size() < length) extend_wire(wire);
  const int last = wire[length - 1];
  slots_[last].after.push_back(to);
  slots_[to].before.push_back(last);
}

void Layouter::extend_wire(std::vector<int>& wire) {
  const int before = wire.back(), here = static_cast<int>(slots_.size());
  slots_.push_back({.column = slots_[before].column + 1, .before = {before}, .after = {}});
  slots_[before].after.push_back(here);
  columns_[slots_[here].column].push_back(here);
  wire.push_back(here);
}

// From left to right, each column looks at the one before it, then back again.
template <class Visit>
void Layouter::sweep(Visit visit) {
  for (int i = 0; i < kSweeps; ++i) {
    for (auto& column : columns_) visit(column, &Slot::before);
    for (size_t c = columns_.size(); c-- > 0;) visit(columns_[c], &Slot::after);
  }
}

double Layouter::mean_y(const Slot& slot, Neighbours side) const {
  if ((slot.*side).empty()) return slot.y;
  double sum = 0;
  for (const int neighbour : slot.*side) sum += slots_[neighbour].y;
  return sum / static_cast<double>((slot.*side).size());
}

double Layouter::distance(int above, int below) const {
  return (slots_[above].height + slots_[below].height) / 2 + kRowGap;
}

// While columns are being sorted, y is only a rank: where in its column a slot is, from 0 to 1.
void Layouter::sort_column(std::vector<int>& column, Neighbours side) {
  struct Rank {
    double y;
    size_t before;
    int slot;
    auto operator<=>(const Rank&) const = default;
  };
  std::vector<Rank> ranks;
  for (size_t i = 0; i < column.size(); ++i) ranks.push_back({mean_y(slots_[column[i]], side), i, column[i]});
  std::sort(ranks.begin(), ranks.end());
  for (size_t i = 0; i < column.size(); ++i) {
    column[i] = ranks[i].slot;
    slots_[column[i]].y = (static_cast<double>(i) + 0.5) / static_cast<double>(column.size());
  }
}

// Every slot goes where its neighbours pull it. Where slots would overlap they push each other down, and the
// column as a whole moves up again by what that cost on average.
void Layouter::place_column(const std::vector<int>& column, Neighbours side) {
  double pushed = 0;
  for (size_t i = 0; i < column.size(); ++i) {
    Slot& slot = slots_[column[i]];
    const double wanted = mean_y(slot, side);
    slot.y = i == 0 ? wanted : std::max(wanted, slots_[column[i - 1]].y + distance(column[i - 1], column[i]));
    pushed += slot.y - wanted;
  }
  for (const int slot : column) slots_[slot].y -= pushed / static_cast<double>(column.size());
}

std::vector<double> Layouter::column_middles() const {
  std::vector<double> middles;
  double left = kMargin;
  for (const auto& column : columns_) {
    double width = 0;
    for (const int slot : column) width = std::max(width, slots_[slot].width);
    middles.push_back(left + width / 2);
    left += width + kColumnGap;
  }
  return middles;
}

GraphLayout Layouter::result() const {
  GraphLayout layout;
  double top = 0, bottom = 0;
  for (const Slot& slot : slots_) {
    top = std::min(top, slot.y - slot.height / 2);
    bottom = std::max(bottom, slot.y + slot.height / 2);
  }
  const std::vector<double> middles = column_middles();
  const auto place = [&](int slot) {
    return Point{middles[slots_[slot].column], slots_[slot].y - top + kMargin};
  };
  for (size_t i = 0; i < graph_.nodes.size(); ++i) {
    layout.boxes.push_back({place(static_cast<int>(i)), slots_[i].width, slots_[i].height});
    layout.width = std::max(layout.width, layout.boxes[i].middle.x + slots_[i].width / 2 + kMargin);
  }
  layout.height = bottom - top + 2 * kMargin;
  for (const auto& [from, to] : graph_.edges) {
    std::vector<Point> wire{place(from)};
    wire[0].x += slots_[from].width / 2;
    for (int i = 1; i < slots_[to].column - slots_[from].column; ++i) wire.push_back(place(wires_[from][i]));
    wire.push_back(place(to));
    wire.back().x -= slots_[to].width / 2;
    layout.wires.push_back(std::move(wire));
  }
  return layout;
}

}  // namespace

GraphLayout lay_out(const GraphDrawing& graph, const std::vector<int>& order) {
  return Layouter(graph, order).result();
}

}  // namespace rushlight

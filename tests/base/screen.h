// What a person sees of the bytes that a terminal gets, as far as a progress bar goes.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

class Screen {
 public:
  explicit Screen(int columns) : columns_(static_cast<size_t>(columns)) {}

  void show(std::string_view bytes) {
    while (!bytes.empty()) bytes.remove_prefix(take(bytes));
  }
  // Rows that became too long go on below, as terminals do it that keep their text.
  void resize(int columns) {
    columns_ = static_cast<size_t>(columns);
    for (size_t row = 0; row < rows_.size(); ++row) {
      if (rows_[row].size() <= columns_) continue;
      Row rest(rows_[row].begin() + columns, rows_[row].end());
      rows_[row].resize(columns_);
      rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(row) + 1, std::move(rest));
      if (row < at_) ++at_;
    }
  }
  // Without spaces at the ends of rows and empty rows at the end.
  std::string text() const {
    std::string all;
    for (const Row& row : rows_) {
      for (const std::string& cell : row) all += cell;
      all.erase(all.find_last_not_of(' ') + 1);
      all += '\n';
    }
    return all.substr(0, all.find_last_not_of('\n') + 1);
  }

 private:
  using Row = std::vector<std::string>;  // characters

  // Does what comes first, and returns how many bytes that were.
  size_t take(std::string_view bytes) {
    if (bytes[0] == '\x1b') return obey(bytes);
    if (bytes[0] == '\r') return column_ = 0, 1;
    if (bytes[0] == '\n') return move_to(at_ + 1), 1;
    size_t size = 1;
    while (size < bytes.size() && (static_cast<unsigned char>(bytes[size]) & 0xC0) == 0x80) ++size;
    if (column_ == columns_) move_to(at_ + 1), column_ = 0;
    Row& row = rows_[at_];
    row.resize(std::max(row.size(), column_ + 1), " ");
    row[column_++] = bytes.substr(0, size);
    return size;
  }
  size_t obey(std::string_view bytes) {
    const size_t end = bytes.find_first_not_of("[0123456789;", 1);
    const std::string number(bytes.substr(2, end - 2));
    switch (bytes[end]) {
      case 'A': at_ -= std::min(at_, number.empty() ? size_t{1} : std::stoul(number)); break;
      case 'J':
        CHECK(at_ > 0);  // some terminals would keep the whole screen for those who scroll back
        rows_.resize(at_ + 1);
        [[fallthrough]];
      case 'K': rows_[at_].resize(std::min(rows_[at_].size(), column_)); break;
      case 'm': break;
      default: FAIL("an escape sequence that no bar needs: ", bytes.substr(1, end));
    }
    return end + 1;
  }
  void move_to(size_t row) {
    at_ = row;
    rows_.resize(std::max(rows_.size(), row + 1));
  }

  size_t columns_;
  std::vector<Row> rows_{Row()};
  size_t at_ = 0, column_ = 0;
};

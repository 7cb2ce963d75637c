#include "rushlight/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "rushlight/data/csv_reader.h"
#include "rushlight/data/file_bytes.h"

namespace rushlight::data {

namespace {

constexpr size_t kNoLabel = std::numeric_limits<size_t>::max();

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Collects rows; the labels as text until all are known.
class CsvTables {
 public:
  CsvTables(const std::string& path, std::string_view text, const CsvOptions& options)
      : path_(path), options_(options), reader_(path, text, options.delimiter) {}

  CsvTable read() {
    std::vector<CsvField> row;
    if (!reader_.next(row)) fail(ErrorKind::value, "[load_csv] ", path_, ", byte 0: there is nothing in it");
    name_columns(row);
    bool more = options_.header ? reader_.next(row) : true;
    for (; more; more = reader_.next(row)) add(row);
    if (rows_ == 0) fail(ErrorKind::value, "[load_csv] ", path_, " has a header and no rows");
    return table();
  }

 private:
  void name_columns(const std::vector<CsvField>& row) {
    for (size_t i = 0; i < row.size(); ++i) {
      std::string name(options_.header ? trimmed(row[i].text) : std::string_view(std::to_string(i)));
      if (name.empty()) reader_.complain(row[i].line, row[i].byte, "column ", i, " has no name");
      if (std::find(names_.begin(), names_.end(), name) != names_.end())
        reader_.complain(row[i].line, row[i].byte, "two columns are called \"", name, "\"");
      names_.push_back(std::move(name));
    }
    if (options_.label.empty()) return;
    const auto found = std::find(names_.begin(), names_.end(), options_.label);
    if (found == names_.end()) complain_label_column();
    label_ = static_cast<size_t>(found - names_.begin());
  }

  [[noreturn]] void complain_label_column() const {
    std::string all;
    for (const std::string& name : names_) all += (all.empty() ? "\"" : "\", \"") + name;
    fail(ErrorKind::value, "[load_csv] ", path_, " has no column \"", options_.label, "\"; it has ", all,
         "\"");
  }

  void add(const std::vector<CsvField>& row) {
    if (row.size() != names_.size())
      reader_.complain(row[0].line, row[0].byte, "this row has ", row.size(), " fields, not ", names_.size());
    for (size_t i = 0; i < row.size(); ++i)
      if (i != label_)
        values_.push_back(number_of(row[i], names_[i]));
      else if (options_.classes > 0)
        labels_.push_back(class_of(row[i]));
      else
        label_names_.emplace_back(name_of(row[i]));
    ++rows_;
  }

  float number_of(const CsvField& field, const std::string& column) const {
    const std::string_view text = trimmed(field.text);
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = end == text.data() + text.size();
    const auto number = static_cast<float>(value);
    if (problem != std::errc() || !whole || !std::isfinite(number))
      reader_.complain(field.line, field.byte, "\"", field.text.substr(0, 40), "\" in column \"", column,
                       "\" is no number that float32 holds");
    return number;
  }

  int64_t class_of(const CsvField& field) const {
    const std::string_view text = trimmed(field.text);
    int64_t label = -1;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), label);
    if (problem != std::errc() || end != text.data() + text.size() || label < 0 || label >= options_.classes)
      reader_.complain(field.line, field.byte, "label \"", field.text.substr(0, 40),
                       "\" is no whole number from 0 to ", options_.classes - 1);
    return label;
  }

  std::string_view name_of(const CsvField& field) const {
    const std::string_view name = trimmed(field.text);
    if (name.empty()) reader_.complain(field.line, field.byte, "the label is empty");
    return name;
  }

  CsvTable table() {
    CsvTable table;
    for (size_t i = 0; i < names_.size(); ++i)
      if (i != label_) table.columns.push_back(names_[i]);
    table.values = from_values<float>(values_, {rows_, static_cast<int64_t>(table.columns.size())});
    if (label_ == kNoLabel) return table;
    if (options_.classes == 0) number_labels(table.classes);
    table.labels = from_values<int64_t>(labels_, {rows_});
    return table;
  }

  void number_labels(std::vector<std::string>& classes) {
    classes = label_names_;
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    for (const std::string& name : label_names_)
      labels_.push_back(std::lower_bound(classes.begin(), classes.end(), name) - classes.begin());
  }

  const std::string& path_;
  const CsvOptions& options_;
  CsvReader reader_;
  std::vector<std::string> names_;
  size_t label_ = kNoLabel;
  std::vector<float> values_;
  std::vector<int64_t> labels_;
  std::vector<std::string> label_names_;
  int64_t rows_ = 0;
};

}  // namespace

CsvTable load_csv(const std::string& path, const CsvOptions& options) {
  if (options.delimiter == '"' || options.delimiter == '\n' || options.delimiter == '\r' ||
      options.delimiter == '\0')
    fail(ErrorKind::value, "[load_csv] quotes, line ends and zero bytes delimit no fields");
  if (options.classes < 0) fail(ErrorKind::value, "[load_csv] there are no ", options.classes, " classes");
  const std::string text = read_file(path, kLargestFile);
  return CsvTables(path, text, options).read();
}

}  // namespace rushlight::data

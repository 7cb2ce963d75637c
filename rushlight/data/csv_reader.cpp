#include "rushlight/data/csv_reader.h"

namespace rushlight::data {

CsvReader::CsvReader(std::string path, std::string_view text, char delimiter)
    : path_(std::move(path)), text_(text), delimiter_(delimiter) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // what some programs write before UTF-8
}

bool CsvReader::at_line_end() const { return at_end() || text_[at_] == '\n' || text_[at_] == '\r'; }

bool CsvReader::skip_line_end() {
  if (at_end() || !at_line_end()) return false;
  if (text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] != '\n'))
    complain_here("a carriage return without a line feed");
  at_ += text_[at_] == '\r' ? 2 : 1;
  ++line_;
  return true;
}

bool CsvReader::next(std::vector<CsvField>& row) {
  row.clear();
  while (skip_line_end()) {
  }
  if (at_end()) return false;
  row.push_back(read_field());
  while (!at_line_end()) {
    ++at_;  // the delimiter: a field ends nowhere else
    row.push_back(read_field());
  }
  skip_line_end();
  return true;
}

CsvField CsvReader::read_field() {
  CsvField field{{}, line_, static_cast<int64_t>(at_)};
  field.text = !at_end() && text_[at_] == '"' ? read_quoted() : read_plain();
  return field;
}

std::string CsvReader::read_plain() {
  const size_t begin = at_;
  for (; !at_line_end() && text_[at_] != delimiter_; ++at_) {
    if (text_[at_] == '"') complain_here("a quote inside a field that does not begin with one");
    if (text_[at_] == '\0') complain_here("a zero byte: this is no text");
  }
  return std::string(text_.substr(begin, at_ - begin));
}

std::string CsvReader::read_quoted() {
  const int64_t line = line_, begin = static_cast<int64_t>(at_);
  std::string field;
  for (++at_;; ++at_) {
    if (at_end()) complain(line, begin, "the quote that opens here is never closed");
    if (text_[at_] == '\0') complain_here("a zero byte: this is no text");
    if (text_[at_] == '"' && text_.substr(at_ + 1, 1) != "\"") break;
    if (text_[at_] == '"') ++at_;  // two stand for one
    if (text_[at_] == '\n') ++line_;
    field += text_[at_];
  }
  ++at_;
  if (!at_line_end() && text_[at_] != delimiter_) complain_here("text after the quote that closes a field");
  return field;
}

}  // namespace rushlight::data

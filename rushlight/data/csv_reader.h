// CsvReader: the fields of a CSV text, row by row, and where each of them stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rushlight/base/error.h"

namespace rushlight::data {

struct CsvField {
  std::string text;
  int64_t line, byte;  // where it begins: from 1, and from 0
};

class CsvReader {
 public:
  // `text` must outlive the reader.
  CsvReader(std::string path, std::string_view text, char delimiter);

  // The fields of the next row; false at the end. Empty lines are passed over.
  bool next(std::vector<CsvField>& row);

  // Throws: "PATH, line 3, byte 57: ..."
  template <class... Parts>
  [[noreturn]] void complain(int64_t line, int64_t byte, const Parts&... parts) const {
    fail(ErrorKind::value, "[load_csv] ", path_, ", line ", line, ", byte ", byte, ": ", join_text(parts...));
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  bool at_line_end() const;
  bool skip_line_end();
  CsvField read_field();
  std::string read_quoted();
  std::string read_plain();
  [[noreturn]] void complain_here(const char* what) const {
    complain(line_, static_cast<int64_t>(at_), what);
  }

  std::string path_;
  std::string_view text_;
  char delimiter_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace rushlight::data

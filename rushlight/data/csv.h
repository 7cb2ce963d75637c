// CSV: numbers in columns, and perhaps a label.
#pragma once

#include <optional>
#include <string>

#include "rushlight/core/tensor.h"
#include "rushlight/data/dataset.h"

namespace rushlight::data {

struct CsvOptions {
  char delimiter = ',';
  bool header = true;      // the first line names the columns
  std::string label = "";  // the column of labels: its name or, without a header, its number from 0; "": none
  int64_t classes = 0;     // labels are whole numbers below it; 0: they are names
};

struct CsvTable {
  std::vector<std::string> columns;  // the names of those of numbers
  Tensor values;                     // float32 (rows, columns)
  Tensor labels;                     // int64 (rows); undefined where no column was named
  std::vector<std::string> classes;  // the name of each label, in the order of the alphabet

  TensorDataset dataset() const { return TensorDataset(values, labels); }
};

// Fields may stand in quotes, "with ""quotes"", delimiters and line ends inside". All fields but the label
// are numbers. What is anything else is an error that names file, line and byte.
CsvTable load_csv(const std::string& path, const CsvOptions& options = {});

}  // namespace rushlight::data

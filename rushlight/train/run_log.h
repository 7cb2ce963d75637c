// The log of one run: a line of JSON for each event, in metrics.jsonl. Tables and curves are views of it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "rushlight/io/json.h"

namespace rushlight::train {

struct LogField {
  std::string name;
  std::variant<double, int64_t, std::string, io::Json> value;

  LogField(std::string called, double number) : name(std::move(called)), value(number) {}
  LogField(std::string called, int64_t number) : name(std::move(called)), value(number) {}
  LogField(std::string called, std::string text) : name(std::move(called)), value(std::move(text)) {}
  LogField(std::string called, io::Json json) : name(std::move(called)), value(std::move(json)) {}
};

// The shortest digits that read back as the same number; null where JSON has no word for it.
std::string json_number(double number);
std::string json_number(int64_t number);

class RunLog {
 public:
  RunLog() = default;  // writes nothing
  // Goes on at the end of the file; half a line that a crash left there is cut off.
  explicit RunLog(const std::string& path);
  // {"epoch": 1, "loss": 0.5}; a number that JSON has no word for is null. The line is in the file when this
  // returns.
  void write(std::span<const LogField> fields);
  void write(std::initializer_list<LogField> fields) { write({fields.begin(), fields.size()}); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
};

// The lines of such a file. Half a line at the end, of a run that was killed, is left out; another that is no
// JSON object throws.
std::vector<io::Json::Object> read_log(const std::string& path);

// The line without its end.
std::string json_line(std::span<const LogField> fields);
inline std::string json_line(std::initializer_list<LogField> fields) {
  return json_line({fields.begin(), fields.size()});
}

}  // namespace rushlight::train

#include "rushlight/train/run_log.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "rushlight/base/error.h"
#include "rushlight/base/files.h"

namespace rushlight::train {

namespace {

template <class Number>
std::string digits(Number number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return {text, end};
}

std::string in_quotes(std::string_view text) {
  std::string json;
  io::append_json_text(json, text);
  return json;
}

std::string written(const LogField& field) {
  if (const auto* text = std::get_if<std::string>(&field.value)) return in_quotes(*text);
  if (const auto* whole = std::get_if<int64_t>(&field.value)) return json_number(*whole);
  if (const auto* number = std::get_if<double>(&field.value)) return json_number(*number);
  std::string json;
  io::append_json(json, std::get<io::Json>(field.value));
  return json;
}

void cut_half_line(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) return;
  const std::string text = read_file(path);
  const size_t whole = text.rfind('\n') + 1;  // 0 where there is no line
  if (whole < text.size()) std::filesystem::resize_file(path, whole);
}

}  // namespace

std::string json_number(double number) { return std::isfinite(number) ? digits(number) : "null"; }
std::string json_number(int64_t number) { return digits(number); }

std::string json_line(std::span<const LogField> fields) {
  std::string line = "{";
  for (const LogField& field : fields) {
    if (line.size() > 1) line += ", ";
    line += in_quotes(field.name) + ": " + written(field);
  }
  return line + "}";
}

std::vector<io::Json::Object> read_log(const std::string& path) {
  std::vector<io::Json::Object> all;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    const std::string whose = join_text(path, ", line ", all.size() + 1);
    all.push_back(io::parse_json_of(whose, line).object(whose));
  }
  return all;
}

RunLog::RunLog(const std::string& path) : path_(path) {
  cut_half_line(path);
  file_.reset(std::fopen(path.c_str(), "ae"));
  if (!file_) fail(ErrorKind::runtime, "[RunLog] ", path, " can not be written: ", std::strerror(errno));
}

void RunLog::write(std::span<const LogField> fields) {
  if (!file_) return;
  const std::string line = json_line(fields) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0)
    fail(ErrorKind::runtime, "[RunLog] ", path_, " can not be written: ", std::strerror(errno));
}

}  // namespace rushlight::train

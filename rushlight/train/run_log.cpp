#include "rushlight/train/run_log.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "rushlight/base/error.h"

namespace rushlight::train {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The shortest digits that read back as the same number.
template <class Number>
std::string digits(Number number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return {text, end};
}

std::string written(const LogField& field) {
  if (const auto* text = std::get_if<std::string>(&field.value)) return quoted(*text);
  if (const auto* whole = std::get_if<int64_t>(&field.value)) return digits(*whole);
  const double number = std::get<double>(field.value);
  return std::isfinite(number) ? digits(number) : "null";
}

}  // namespace

std::string json_line(std::initializer_list<LogField> fields) {
  std::string line = "{";
  for (const LogField& field : fields) {
    if (line.size() > 1) line += ", ";
    line += quoted(field.name) + ": " + written(field);
  }
  return line + "}";
}

RunLog::RunLog(const std::string& path) : file_(std::fopen(path.c_str(), "ae")), path_(path) {
  if (!file_) fail(ErrorKind::runtime, "[RunLog] ", path, " can not be written: ", std::strerror(errno));
}

void RunLog::write(std::initializer_list<LogField> fields) {
  if (!file_) return;
  const std::string line = json_line(fields) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0)
    fail(ErrorKind::runtime, "[RunLog] ", path_, " can not be written: ", std::strerror(errno));
}

}  // namespace rushlight::train

#include "rushlight/models/model_metadata.h"

#include <algorithm>
#include <cfloat>
#include <charconv>
#include <cmath>

#include "rushlight/base/utf8.h"

namespace rushlight::models {

namespace {

constexpr std::string_view kFormats = "rushlight model ", kFormat = "rushlight model 1";

// An image of these sizes has a GiB of numbers, and no longer text describes anything that can be made.
constexpr int64_t kMostChannels = 16, kMostSize = 4096;
constexpr size_t kMostBytes = 16384;

template <class... Parts>
[[noreturn]] void refuse(std::string_view key, const Parts&... parts) {
  fail(ErrorKind::value, "metadata \"", key, "\"", parts...);
}

const std::string* find(const io::FileMetadata& metadata, std::string_view key) {
  for (const auto& [name, value] : metadata)
    if (name == key) return &value;
  return nullptr;
}

const std::string& required(const io::FileMetadata& metadata, std::string_view key) {
  if (const std::string* value = find(metadata, key)) return *value;
  refuse(key, " is missing");
}

// A value on one line, so short that an error may quote it.
const std::string& line(const io::FileMetadata& metadata, std::string_view key) {
  const std::string& value = required(metadata, key);
  if (value.size() > kMostBytes) refuse(key, " has ", value.size(), " bytes; the most is ", kMostBytes);
  if (!is_printable(value)) refuse(key, " has control characters");
  return value;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (size_t end = text.find(at); end != text.npos; end = text.find(at)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

// An escape in JSON would bring back what may not be printed; the names and words of a description need none.
const std::string& read_architecture(const io::FileMetadata& metadata) {
  const std::string& architecture = line(metadata, "architecture");
  if (architecture.find('\\') != architecture.npos) refuse("architecture", " has an escape, a backslash");
  return architecture;
}

// -- numbers

template <class Number>
Number read_number(std::string_view key, std::string_view word) {
  Number number{};
  const char *const begin = word.data(), *const end = begin + word.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  if (error == std::errc::result_out_of_range) refuse(key, ": ", word, " is beyond all numbers");
  if (error != std::errc() || at != end)
    refuse(key, ": \"", word, "\" is no ", std::is_integral_v<Number> ? "whole number" : "number");
  return number;
}

RealList read_numbers(const io::FileMetadata& metadata, std::string_view key, int64_t channels) {
  const std::vector<std::string_view> words = split(line(metadata, key), ' ');
  RealList numbers;
  for (std::string_view word : words) numbers.push_back(read_number<double>(key, word));
  if (numbers.size() != static_cast<size_t>(channels))
    refuse(key, " has ", numbers.size(), " numbers for images of ", channels, " channels");
  return numbers;
}

// A network computes in float32; what is nothing or endless there makes no image.
void expect_finite(std::string_view key, const RealList& numbers) {
  for (double number : numbers)
    if (!(std::abs(number) <= static_cast<double>(FLT_MAX))) refuse(key, ": ", number, " is not finite");
}
void expect_divisors(std::string_view key, const RealList& numbers) {
  expect_finite(key, numbers);
  for (double number : numbers)
    if (!(number >= static_cast<double>(FLT_MIN)))
      refuse(key, ": ", number, " is no deviation; those are above 0");
}

std::string written(const RealList& numbers) {
  std::string text;
  for (double number : numbers) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    text += (text.empty() ? "" : " ") + std::string(digits, end);
  }
  return text;
}

// -- the three things that a prediction needs

int64_t read_size(std::string_view word, const char* what, int64_t most) {
  const auto size = read_number<int64_t>("image", word);
  if (size < 1 || size > most) refuse("image", ": ", size, " ", what, "; 1 to ", most, " are possible");
  return size;
}

std::optional<Preprocessing> read_preprocessing(const io::FileMetadata& metadata) {
  const auto there = [&](const char* key) { return find(metadata, key) != nullptr; };
  if (!there("image") && !there("mean") && !there("deviation")) return std::nullopt;
  const std::vector<std::string_view> sizes = split(line(metadata, "image"), ' ');
  if (sizes.size() != 2)
    refuse("image", " should be the number of channels and of pixels per side, but has ", sizes.size(),
           " words");
  Preprocessing p;
  p.channels = read_size(sizes[0], "channels", kMostChannels);
  p.size = read_size(sizes[1], "pixels per side", kMostSize);
  p.mean = read_numbers(metadata, "mean", p.channels);
  p.deviation = read_numbers(metadata, "deviation", p.channels);
  expect_finite("mean", p.mean);
  expect_divisors("deviation", p.deviation);
  return p;
}

// Each ends with a line's end.
std::vector<std::string> read_labels(const std::string& text) {
  if (text.empty()) return {};
  std::vector<std::string_view> lines = split(text, '\n');
  if (!lines.back().empty()) refuse("labels", ": the last one is cut short");
  lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) refuse("labels", ": the label of class ", i, " is empty");
    if (!is_printable(lines[i])) refuse("labels", ": the label of class ", i, " has control characters");
  }
  return {lines.begin(), lines.end()};
}

int64_t read_test_part(const io::FileMetadata& metadata) {
  constexpr std::string_view kKey = "test_part";
  if (!find(metadata, kKey)) return 0;
  const auto count = read_number<int64_t>(kKey, line(metadata, kKey));
  if (count < 1) refuse(kKey, ": ", count, " examples are no part");
  return count;
}

}  // namespace

bool describe_model(const io::FileMetadata& metadata) {
  const std::string* format = find(metadata, "format");
  return format && format->starts_with(kFormats);
}

ModelMetadata parse_metadata(const io::FileMetadata& metadata) {
  if (const std::string& format = line(metadata, "format"); format != kFormat)
    refuse("format", ": \"", format, "\" is not known here; \"", kFormat, "\" is");
  return {read_architecture(metadata), read_preprocessing(metadata),
          read_labels(required(metadata, "labels")), find(metadata, "data") ? line(metadata, "data") : "",
          read_test_part(metadata)};
}

io::FileMetadata write_metadata(const ModelMetadata& described) {
  std::string labels, architecture = described.architecture;
  for (const std::string& label : described.labels) labels += label + "\n";
  for (char& c : architecture)  // a description in JSON may have been laid out; its texts have no such
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  io::FileMetadata metadata{{"format", std::string(kFormat)}, {"architecture", architecture}};
  if (const auto& p = described.preprocessing) {
    metadata.emplace_back("image", join_text(p->channels, " ", p->size));
    metadata.emplace_back("mean", written(p->mean));
    metadata.emplace_back("deviation", written(p->deviation));
  }
  metadata.emplace_back("labels", labels);
  if (!described.data.empty()) metadata.emplace_back("data", described.data);
  if (described.test_part != 0) metadata.emplace_back("test_part", join_text(described.test_part));
  if (parse_metadata(metadata).labels != described.labels)
    refuse("labels", ": a label has more than one line");
  return metadata;
}

}  // namespace rushlight::models

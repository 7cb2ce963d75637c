#include "rushlight/io/json_weights.h"

#include <charconv>
#include <cmath>

#include "rushlight/base/files.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/json.h"
#include "rushlight/io/tensor_bytes.h"

namespace rushlight::io {

namespace {

constexpr const char* kFormat = "json weights";
constexpr size_t kMostBytes = size_t{1} << 30;  // in memory they take several times as much

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  fail(ErrorKind::value, "[", kFormat, "] ", parts...);
}

float to_float(const std::string& digits, const std::string& name) {
  const char* end = digits.data() + digits.size();
  float value = 0;
  if (std::from_chars(digits.data(), end, value).ec == std::errc()) return value;
  double wide = 0;  // what is only too small for a float32 is 0
  const bool is_double = std::from_chars(digits.data(), end, wide).ec == std::errc();
  if (!is_double || std::fabs(wide) > 1) refuse("\"", name, "\": ", digits, " is beyond float32");
  return static_cast<float>(wide);
}

// The sizes of lists in lists, as the first of each says.
Shape shape_of(const Json& json) {
  Shape shape;
  const Json* at = &json;
  while (const Json::Array* array = at->if_array()) {
    shape.push_back(static_cast<int64_t>(array->size()));
    if (array->empty()) break;
    at = &array->front();
  }
  return shape;
}

// Reads lists in lists of one name, each as long as the first of its level.
struct Leaves {
  const std::string& name;
  const Shape& shape;
  std::vector<float> values;

  void read(const Json& json, size_t level) {
    if (level == shape.size()) return read_number(json);
    const Json::Array* array = json.if_array();
    if (!array) refuse("\"", name, "\" is ragged: ", json.kind(), " where others have a list");
    if (array->size() != static_cast<size_t>(shape[level]))
      refuse("\"", name, "\" is ragged: lists of ", shape[level], " and of ", array->size(), " items");
    for (const Json& item : *array) read(item, level + 1);
  }
  void read_number(const Json& json) {
    const Json::Number* number = json.if_number();
    if (!number) refuse("\"", name, "\" has ", json.kind(), " where a number should be");
    values.push_back(to_float(number->digits, name));
  }
};

void append_number(std::string& json, float value, const std::string& name) {
  if (!std::isfinite(value)) refuse("\"", name, "\" has ", value, ", which JSON cannot say");
  char digits[32];
  json.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// The numbers from `next` on, as lists in lists from `level` on.
void append_lists(std::string& json, const NamedTensor& named, int level, const float*& next) {
  if (level == named.tensor.rank()) return append_number(json, *next++, named.name);
  json += '[';
  for (int64_t i = 0; i < named.tensor.size(level); ++i) {
    if (i > 0) json += ',';
    append_lists(json, named, level + 1, next);
  }
  json += ']';
}

// Numbers are read as float32, so whole ones are written only where that changes none.
template <class Whole>
void expect_exact(const NamedTensor& named) {
  for (const Whole number : named.tensor.to_vector<Whole>())
    if (static_cast<long double>(static_cast<float>(number)) != static_cast<long double>(number))
      refuse("\"", named.name, "\" has ", number, ", which float32 cannot hold. Use .safetensors");
}

void expect_simple(const NamedTensor& named) {
  const DType dtype = named.tensor.dtype();
  if (dtype == DType::uint64)
    expect_exact<uint64_t>(named);
  else if (is_integral(dtype))
    expect_exact<int64_t>(named);
  else if (dtype != DType::float32 && !is_half(dtype))
    refuse("\"", named.name, "\" is ", dtype, "; only what float32 can hold is written. Use .safetensors");
  if (named.tensor.rank() >= kMostJsonDepth)
    refuse("\"", named.name, "\" has ", named.tensor.rank(), " dimensions, which no reader follows");
}

}  // namespace

NamedTensors parse_json_weights(std::string_view text) {
  NamedTensors tensors;
  const Json json = parse_json(text);
  for (const auto& [name, value] : json.object("the file")) {
    const Shape shape = shape_of(value);
    Leaves leaves{name, shape, {}};
    leaves.read(value, 0);
    tensors.push_back({name, from_values<float>(leaves.values, shape)});
  }
  return tensors;
}

NamedTensors load_json_weights(const std::string& path) {
  return in_file(path, [&] { return parse_json_weights(read_file(path, kMostBytes)); });
}

void save_json_weights(const std::string& path, const NamedTensors& tensors) {
  expect_writable(tensors, kFormat);
  std::string json = "{";
  for (const NamedTensor& named : tensors) {
    expect_simple(named);
    json += json.size() > 1 ? ",\n" : "\n";
    append_json_text(json, named.name);
    json += ": ";
    const std::vector<float> values = named.tensor.to_vector<float>();
    const float* next = values.data();
    append_lists(json, named, 0, next);
  }
  write_file_atomically(path, {json, "\n}\n"});
}

}  // namespace rushlight::io

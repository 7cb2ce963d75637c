// JSON: a parser that trusts nobody, and a writer. Numbers keep their digits, so that each reader rounds
// once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rushlight::io {

class Json {
 public:
  struct Number {
    std::string digits;
  };
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // in the order of the file; no key twice

  Json() = default;  // null
  explicit Json(bool value) : value_(value) {}
  Json(Number number) : value_(std::move(number)) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(Array array) : value_(std::move(array)) {}
  Json(Object object) : value_(std::move(object)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Null where it is something else.
  const bool* if_bool() const { return std::get_if<bool>(&value_); }
  const Number* if_number() const { return std::get_if<Number>(&value_); }
  const std::string* if_text() const { return std::get_if<std::string>(&value_); }
  const Array* if_array() const { return std::get_if<Array>(&value_); }
  const Object* if_object() const { return std::get_if<Object>(&value_); }

  // Throw where it is something else, or does not fit; `what` names the value: "shape of \"weight\"".
  bool boolean(std::string_view what) const;
  double number(std::string_view what) const;
  int64_t integer(std::string_view what) const;
  const std::string& text(std::string_view what) const;
  const Array& array(std::string_view what) const;
  const Object& object(std::string_view what) const;

  const char* kind() const;  // "a list", as messages call it

 private:
  std::variant<std::monostate, bool, Number, std::string, Array, Object> value_;
};

// The value of a key; null where there is none.
const Json* find(const Json::Object& object, std::string_view key);

// Exactly RFC 8259, and more strictly: UTF-8 without lone surrogates, no key twice, lists and objects nested
// `kMostJsonDepth` deep at most. Errors name the byte.
inline constexpr int kMostJsonDepth = 100;
Json parse_json(std::string_view text);
// The same, where errors say whose text it is: "runs/mlp-1/config.json".
Json parse_json_of(std::string_view whose, std::string_view text);

// A string with its quotes and escapes; text beyond ASCII stays as it is.
void append_json_text(std::string& json, std::string_view text);
// On one line.
void append_json(std::string& json, const Json& value);

}  // namespace rushlight::io

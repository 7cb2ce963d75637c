#include "rushlight/io/json.h"

#include <algorithm>
#include <charconv>

#include "rushlight/base/error.h"
#include "rushlight/base/utf8.h"

namespace rushlight::io {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void expect_unique_keys(const Json::Object& object) {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : object) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) fail(ErrorKind::value, "[json] an object has the key \"", *twice, "\" twice");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Json whole() {
    if (!is_utf8(text_)) fail(ErrorKind::value, "[json] the text is not valid UTF-8");
    Json value = parse_value(0);
    skip_space();
    if (at_ < text_.size()) complain("nothing more");
    return value;
  }

 private:
  [[noreturn]] void complain(const char* wanted) const {
    const std::string found = at_ < text_.size() ? join_text("'", text_[at_], "'") : "the end";
    fail(ErrorKind::value, "[json] byte ", at_, " should be ", wanted, ", but is ", found);
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool accept(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  bool accept_after_space(char c) {
    skip_space();
    return accept(c);
  }
  void expect(char c, const char* wanted) {
    if (!accept_after_space(c)) complain(wanted);
  }
  bool accept_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json parse_value(int depth) {
    skip_space();
    if (depth > kMostJsonDepth)
      fail(ErrorKind::value, "[json] more than ", kMostJsonDepth, " levels of nesting at byte ", at_);
    if (accept('{')) return parse_object(depth);
    if (accept('[')) return parse_array(depth);
    if (accept('"')) return parse_text();
    if (accept_word("true")) return Json(true);
    if (accept_word("false")) return Json(false);
    if (accept_word("null")) return Json();
    return parse_number();
  }

  Json parse_array(int depth) {
    Json::Array array;
    if (accept_after_space(']')) return array;
    do array.push_back(parse_value(depth + 1));
    while (accept_after_space(','));
    expect(']', "',' or ']'");
    return array;
  }

  Json parse_object(int depth) {
    Json::Object object;
    if (accept_after_space('}')) return object;
    do {
      expect('"', "a key in quotes");
      std::string key = parse_text();
      expect(':', "':'");
      object.emplace_back(std::move(key), parse_value(depth + 1));
    } while (accept_after_space(','));
    expect('}', "',' or '}'");
    expect_unique_keys(object);
    return object;
  }

  void skip_digits() {
    if (at_ >= text_.size() || !is_digit(text_[at_])) complain("a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  Json parse_number() {
    const size_t start = at_;
    if (!accept('-') && (at_ >= text_.size() || !is_digit(text_[at_]))) complain("a value");
    if (!accept('0')) skip_digits();  // a 0 at the front stands alone
    if (accept('.')) skip_digits();
    if (accept('e') || accept('E')) {
      if (!accept('+')) accept('-');
      skip_digits();
    }
    return Json::Number{std::string(text_.substr(start, at_ - start))};
  }

  // After the opening quote.
  std::string parse_text() {
    std::string text;
    while (!accept('"')) {
      if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20)
        complain("text or a closing quote");
      if (accept('\\'))
        parse_escape(text);
      else
        text += text_[at_++];
    }
    return text;
  }
  void parse_escape(std::string& text) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (accept('u')) return append_utf8(text, parse_code_point());
    const size_t which = at_ < text_.size() ? letters.find(text_[at_]) : std::string_view::npos;
    if (which == std::string_view::npos) complain("a letter that can follow '\\'");
    text += meanings[which];
    ++at_;
  }
  char32_t parse_code_point() {
    const char32_t first = parse_hex();
    if (first < 0xd800 || first > 0xdfff) return first;
    if (first > 0xdbff || !accept_word("\\u")) complain("the second half of a surrogate pair");
    const char32_t second = parse_hex();
    if (second < 0xdc00 || second > 0xdfff) complain("the second half of a surrogate pair");
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  }
  char32_t parse_hex() {
    const std::string_view digits = text_.substr(at_, 4);
    uint32_t code = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() < 4 || end != digits.data() + 4) complain("four hexadecimal digits");
    at_ += 4;
    return code;
  }

  std::string_view text_;
  size_t at_ = 0;
};

[[noreturn]] void complain_kind(const Json& json, std::string_view what, const char* wanted) {
  fail(ErrorKind::value, "[json] ", what, " should be ", wanted, ", but is ", json.kind());
}

template <class T>
T digits_to(const std::string& digits, std::string_view what, const char* wanted) {
  T value{};
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end)
    fail(ErrorKind::value, "[json] ", what, " should be ", wanted, ", but is ", digits);
  return value;
}

}  // namespace

Json parse_json(std::string_view text) { return Parser(text).whole(); }

const Json* find(const Json::Object& object, std::string_view key) {
  for (const auto& [name, value] : object)
    if (name == key) return &value;
  return nullptr;
}

const char* Json::kind() const {
  constexpr const char* kinds[] = {"null", "a bool", "a number", "a string", "a list", "an object"};
  return kinds[value_.index()];
}

bool Json::boolean(std::string_view what) const {
  if (const bool* value = if_bool()) return *value;
  complain_kind(*this, what, "true or false");
}
double Json::number(std::string_view what) const {
  if (const Number* value = if_number()) return digits_to<double>(value->digits, what, "a float64");
  complain_kind(*this, what, "a number");
}
int64_t Json::integer(std::string_view what) const {
  if (const Number* value = if_number())
    return digits_to<int64_t>(value->digits, what, "an integer of 64 bits");
  complain_kind(*this, what, "an integer");
}
const std::string& Json::text(std::string_view what) const {
  if (const std::string* value = if_text()) return *value;
  complain_kind(*this, what, "a string");
}
const Json::Array& Json::array(std::string_view what) const {
  if (const Array* value = if_array()) return *value;
  complain_kind(*this, what, "a list");
}
const Json::Object& Json::object(std::string_view what) const {
  if (const Object* value = if_object()) return *value;
  complain_kind(*this, what, "an object");
}

Json parse_json_of(std::string_view whose, std::string_view text) try {
  return parse_json(text);
} catch (const Error& error) {
  fail(error.kind(), whose, ": ", error.what());
}

void append_json_text(std::string& json, std::string_view text) {
  constexpr const char* hex = "0123456789abcdef";
  json += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    } else {
      json += c;
    }
  }
  json += '"';
}

namespace {

// Each item by `append`, with commas between.
template <class Items, class Append>
void append_items(std::string& json, const Items& items, const char* brackets, Append append) {
  json += brackets[0];
  const char* comma = "";
  for (const auto& item : items) {
    json += comma;
    append(item);
    comma = ",";
  }
  json += brackets[1];
}

}  // namespace

void append_json(std::string& json, const Json& value) {
  if (value.is_null()) json += "null";
  if (const bool* flag = value.if_bool()) json += *flag ? "true" : "false";
  if (const Json::Number* number = value.if_number()) json += number->digits;
  if (const std::string* text = value.if_text()) append_json_text(json, *text);
  if (const Json::Array* array = value.if_array())
    append_items(json, *array, "[]", [&](const Json& item) { append_json(json, item); });
  if (const Json::Object* object = value.if_object())
    append_items(json, *object, "{}", [&](const auto& item) {
      append_json_text(json, item.first);
      json += ':';
      append_json(json, item.second);
    });
}

}  // namespace rushlight::io

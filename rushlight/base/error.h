// The one exception of the library, and the pieces its messages are built from.
#pragma once

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace rushlight {

// What went wrong, in the words of Python's builtin exceptions and two of our own; the bindings map them one
// to one.
enum class ErrorKind : uint8_t {
  runtime,
  value,
  type,
  index,
  not_implemented,
  out_of_memory,
  trace,
  linear_algebra
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
  std::string message_;
};

// Pieces of a message. A type joins in by a function `void append_text(std::string&, const T&)` found by ADL.
void append_text(std::string& text, double value);
void append_text(std::string& text, int64_t value);
void append_text(std::string& text, uint64_t value);
void append_text(std::string& text, std::span<const int64_t> values);  // "(2, 3)", as Python writes a tuple
inline void append_text(std::string& text, std::string_view value) { text += value; }
inline void append_text(std::string& text, const char* value) { text += value; }
inline void append_text(std::string& text, const std::string& value) { text += value; }
inline void append_text(std::string& text, char value) { text += value; }
inline void append_text(std::string& text, bool value) { text += value ? "True" : "False"; }
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>)
void append_text(std::string& text, T value) {
  if constexpr (std::is_signed_v<T>)
    append_text(text, static_cast<int64_t>(value));
  else
    append_text(text, static_cast<uint64_t>(value));
}

// One piece of a message and the function that writes it, so that joining pieces is compiled once and not
// once per choice of their types.
class TextPart {
 public:
  TextPart(const char* text) : value_(text), append_(append_literal) {}
  template <class T>
  TextPart(const T& value) : value_(&value), append_(append_value<T>) {}
  void append_to(std::string& text) const { append_(text, value_); }

 private:
  static void append_literal(std::string& text, const void* value) {
    text += static_cast<const char*>(value);
  }
  template <class T>
  static void append_value(std::string& text, const void* value) {
    append_text(text, *static_cast<const T*>(value));
  }

  const void* value_;
  void (*append_)(std::string& text, const void* value);
};

std::string join_parts(std::initializer_list<TextPart> parts);
[[noreturn, gnu::cold]] void throw_error(ErrorKind kind, std::initializer_list<TextPart> parts);

// join_text("sizes ", 3, " and ", shape): the pieces in a row.
template <class... Parts>
[[gnu::always_inline]] inline std::string join_text(const Parts&... parts) {
  return join_parts({TextPart(parts)...});
}

// fail(ErrorKind::value, "[matmul] ", a, " @ ", b, ": inner sizes differ")
template <class... Parts>
[[noreturn, gnu::always_inline]] inline void fail(ErrorKind kind, const Parts&... parts) {
  throw_error(kind, {TextPart(parts)...});
}

}  // namespace rushlight

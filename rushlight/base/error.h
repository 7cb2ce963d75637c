// The one exception of the library, and the pieces its messages are built from.
#pragma once

#include <cstdint>
#include <exception>
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

// join_text("sizes ", 3, " and ", shape): the pieces in a row.
template <class... Parts>
std::string join_text(const Parts&... parts) {
  std::string text;
  (append_text(text, parts), ...);
  return text;
}

[[noreturn]] void throw_error(ErrorKind kind, std::string message);

// fail(ErrorKind::value, "[matmul] ", a, " @ ", b, ": inner sizes differ")
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(ErrorKind kind, const Parts&... parts) {
  throw_error(kind, join_text(parts...));
}

}  // namespace rushlight

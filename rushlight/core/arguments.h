// How calls take lists of numbers: IntList accepts 3, {3, 3} or a Shape, RealList 2.5 or {2.5, 1}.
// (TensorList: core/tensor.h)
#pragma once

#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "rushlight/core/shape.h"

namespace rushlight {

// An item that is not said, where a schema's `int?s` lets a list have such: None in Python.
inline constexpr int64_t kUnsaid = std::numeric_limits<int64_t>::min();

class IntList : public Ints {
 public:
  IntList() = default;
  template <class T>
    requires std::is_integral_v<T>
  IntList(T value) : Ints{static_cast<int64_t>(value)} {}
  IntList(std::initializer_list<int64_t> values) : Ints(values) {}
  IntList(const Ints& values) : Ints(values) {}
  IntList(Ints&& values) : Ints(std::move(values)) {}
  IntList(IntSpan values) : Ints(values.begin(), values.end()) {}
  IntList(const std::vector<int64_t>& values) : Ints(values.begin(), values.end()) {}
  operator IntSpan() const { return {data(), size()}; }
};

// An IntList that may be absent: `{.dim = 1}`, `{.dim = {0, 1}}`, or not said.
class OptionalIntList {
 public:
  OptionalIntList() = default;
  OptionalIntList(std::nullopt_t) {}
  template <class T>
    requires std::is_integral_v<T>
  OptionalIntList(T value) : given_(true), values_(value) {}
  OptionalIntList(std::initializer_list<int64_t> values) : given_(true), values_(values) {}
  OptionalIntList(const Ints& values) : given_(true), values_(values) {}
  OptionalIntList(const IntList& values) : given_(true), values_(values) {}
  OptionalIntList(IntSpan values) : given_(true), values_(values) {}

  bool has_value() const { return given_; }
  explicit operator bool() const { return given_; }
  const IntList& operator*() const { return values_; }
  const IntList* operator->() const { return &values_; }

 private:
  bool given_ = false;
  IntList values_;
};

using Reals = SmallVector<double, 3>;

class RealList : public Reals {
 public:
  RealList() = default;
  template <class T>
    requires std::is_arithmetic_v<T>
  RealList(T value) : Reals{static_cast<double>(value)} {}
  RealList(std::initializer_list<double> values) : Reals(values) {}
  RealList(const Reals& values) : Reals(values) {}
};

// A RealList that may be absent.
class OptionalRealList {
 public:
  OptionalRealList() = default;
  OptionalRealList(std::nullopt_t) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  OptionalRealList(T value) : given_(true), values_(value) {}
  OptionalRealList(std::initializer_list<double> values) : given_(true), values_(values) {}
  OptionalRealList(const Reals& values) : given_(true), values_(values) {}

  bool has_value() const { return given_; }
  explicit operator bool() const { return given_; }
  const RealList& operator*() const { return values_; }
  const RealList* operator->() const { return &values_; }

 private:
  bool given_ = false;
  RealList values_;
};

}  // namespace rushlight

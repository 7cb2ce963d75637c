// A vector whose first N elements live inside it: shapes, argument lists, edges.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "rushlight/base/bounds.h"
#include "rushlight/base/memory.h"

namespace rushlight {

// Whether objects move by their bytes alone: what they leave behind needs no destructor.
template <class T>
inline constexpr bool moves_as_bytes = std::is_trivially_copyable_v<T>;

template <class T, int N>
class SmallVector {
 public:
  using value_type = T;

  SmallVector() {}  // NOLINT(modernize-use-equals-default): which would fill what is inside with zeros
  SmallVector(std::initializer_list<T> items) : SmallVector(items.begin(), items.end()) {}
  template <class It>
    requires(!std::is_integral_v<It>)
  SmallVector(It first, It last) {
    for (; first != last; ++first) push_back(*first);
  }
  explicit SmallVector(size_t count, const T& value = T()) { resize(count, value); }
  SmallVector(const SmallVector& other) : SmallVector(other.begin(), other.end()) {}
  SmallVector(SmallVector&& other) noexcept { take(other); }
  SmallVector& operator=(const SmallVector& other) {
    if (this != &other) {
      SmallVector copy(other);
      *this = std::move(copy);
    }
    return *this;
  }
  SmallVector& operator=(SmallVector&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~SmallVector() { release(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](size_t i) { return data_[checked(i)]; }
  const T& operator[](size_t i) const { return data_[checked(i)]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }

  void push_back(T value) { emplace_back(std::move(value)); }
  template <class... Args>
  T& emplace_back(Args&&... args) {  // REQUIRES: no argument lives in this vector
    if (size_ == capacity_) grow(size_t{capacity_} * 2);
    T* item = new (data_ + size_) T{std::forward<Args>(args)...};
    ++size_;
    return *item;
  }
  void pop_back() { data_[--size_].~T(); }
  void clear() {
    std::destroy(begin(), end());
    size_ = 0;
  }
  void reserve(size_t count) {
    if (count > capacity_) grow(count);
  }
  void resize(size_t count,
              T value = T()) {  // NOLINT(performance-unnecessary-value-param): may be an element of ours
    reserve(count);
    while (size_ > count) pop_back();
    while (size_ < count) push_back(value);
  }
  void insert(size_t at, T value) {
    push_back(std::move(value));
    for (size_t i = size_ - 1; i > at; --i) std::swap(data_[i], data_[i - 1]);
  }
  void erase(size_t at) {
    for (size_t i = at; i + 1 < size_; ++i) data_[i] = std::move(data_[i + 1]);
    pop_back();
  }

  friend bool operator==(const SmallVector& a, const SmallVector& b) {
    if (a.size_ != b.size_) return false;
    for (size_t i = 0; i < a.size_; ++i)
      if (!(a[i] == b[i])) return false;
    return true;
  }

 private:
  size_t checked(size_t i) const {
    assert_inside(i, size_);
    return i;
  }
  T* inside() { return reinterpret_cast<T*>(inside_); }

  void grow(size_t count) {
    if (count > std::min<size_t>(UINT32_MAX, SIZE_MAX / sizeof(T))) memory_account.refuse(SIZE_MAX / 2);
    T* wider = static_cast<T*>(allocate_memory(count * sizeof(T)));
    std::uninitialized_move(begin(), end(), wider);
    std::destroy(begin(), end());
    if (data_ != inside()) free_memory(data_, capacity_ * sizeof(T));
    data_ = wider;
    capacity_ = static_cast<uint32_t>(count);
  }
  void take(SmallVector& other) {
    if (other.data_ == other.inside()) {
      if constexpr (moves_as_bytes<T> && sizeof(inside_) <= 64) {
        std::memcpy(inside_, other.inside_, sizeof(inside_));  // a constant number: one or two registers
        size_ = std::exchange(other.size_, 0);
      } else {
        std::uninitialized_move(other.begin(), other.end(), data_);
        size_ = other.size_;
        other.clear();
      }
    } else {
      data_ = std::exchange(other.data_, other.inside());
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, N);
    }
  }
  void release() {
    std::destroy(begin(), end());
    if (data_ != inside()) free_memory(data_, capacity_ * sizeof(T));
    data_ = inside();
    size_ = 0;
    capacity_ = N;
  }

  T* data_ = inside();
  uint32_t size_ = 0, capacity_ = N;
  alignas(T) unsigned char inside_[N * sizeof(T)];
};

}  // namespace rushlight

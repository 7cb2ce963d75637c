// Attr: one argument of an op that is not a tensor (a number, a list of ints, a word, a generator ...), and
// lists of them.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rushlight/base/bounds.h"
#include "rushlight/base/ref.h"
#include "rushlight/base/small_vector.h"
#include "rushlight/core/arguments.h"
#include "rushlight/core/dtype.h"
#include "rushlight/core/shape.h"

namespace rushlight {

// Base of what an Attr refers to instead of holding.
class SharedAttr : public RefCounted<SharedAttr> {
 public:
  virtual ~SharedAttr() = default;
  static void destroy(SharedAttr* shared) noexcept { delete shared; }
  static void* operator new(size_t bytes);
  static void operator delete(void* memory, size_t bytes) noexcept;
};

struct SharedInts final : SharedAttr {
  explicit SharedInts(Ints ints) : values(std::move(ints)) {}
  Ints values;
};
struct SharedReals final : SharedAttr {
  explicit SharedReals(Reals reals) : values(std::move(reals)) {}
  Reals values;
};
struct SharedText final : SharedAttr {
  explicit SharedText(std::string_view word) : value(word) {}
  std::string value;
};

// A host number that a recorded graph reads anew at every replay: a learning rate, a momentum. Copies share
// the cell.
class Slot {
 public:
  Slot(double value = 0) : cell_(Ref<Cell>::adopt(new Cell(value))) {}
  double get() const { return cell_->value; }
  void set(double value) { cell_->value = value; }

 private:
  friend class Attr;
  struct Cell final : SharedAttr {
    explicit Cell(double v) : value(v) {}
    double value;
  };
  explicit Slot(Ref<Cell> cell) : cell_(std::move(cell)) {}
  Ref<Cell> cell_;
};

class Generator;  // core/generator.h

class Attr {
 public:
  enum class Kind : uint8_t { none, boolean, integer, real, dtype, ints, reals, text, slot, generator };

  Attr() = default;
  template <std::same_as<bool> T>  // and no pointer that would decay to one
  Attr(T value) : kind_(Kind::boolean) {
    integer_ = value;
  }
  Attr(int value) : Attr(int64_t{value}) {}
  Attr(int64_t value) : kind_(Kind::integer) { integer_ = value; }
  Attr(double value) : kind_(Kind::real) { real_ = value; }
  Attr(DType value) : kind_(Kind::dtype) { integer_ = static_cast<int64_t>(value); }
  Attr(const Ints& values);
  Attr(IntSpan values) : Attr(to_ints(values)) {}
  Attr(const Reals& values);
  Attr(std::string_view word);
  Attr(const char* word) : Attr(std::string_view(word)) {}
  Attr(const std::string& word) : Attr(std::string_view(word)) {}
  Attr(const Slot& slot);
  Attr(const Generator& generator);
  template <class T>
  Attr(const std::optional<T>& value) {
    if (value) *this = Attr(*value);
  }
  Attr(const Attr& other) { copy_from(other); }
  Attr(Attr&& other) noexcept : kind_(other.kind_) {
    integer_ = other.integer_;
    other.kind_ = Kind::none;
  }
  Attr& operator=(const Attr& other) {
    Attr copy(other);
    swap(copy);
    return *this;
  }
  Attr& operator=(Attr&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Attr() {
    if (is_shared()) shared_->release();
  }

  Kind kind() const { return kind_; }
  bool given() const { return kind_ != Kind::none; }
  // REQUIRES: the kind matches; the schema's binding made sure of it.
  bool as_bool() const { return integer_ != 0; }
  int64_t as_int() const { return integer_; }
  double as_real() const;  // a slot is read now
  DType as_dtype() const { return static_cast<DType>(integer_); }
  const Ints& as_ints() const { return static_cast<const SharedInts*>(shared_)->values; }
  const Reals& as_reals() const { return static_cast<const SharedReals*>(shared_)->values; }
  const std::string& as_text() const { return static_cast<const SharedText*>(shared_)->value; }
  Slot as_slot() const;
  Generator as_generator() const;

  // Same kind and value; slots and generators are equal when they are the same object.
  friend bool operator==(const Attr& a, const Attr& b);

 private:
  friend class Generator;
  bool is_shared() const { return kind_ >= Kind::ints; }
  void copy_from(const Attr& other) {
    kind_ = other.kind_;
    integer_ = other.integer_;
    if (is_shared()) shared_->retain();
  }
  void swap(Attr& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(integer_, other.integer_);
  }

  Kind kind_ = Kind::none;
  union {
    int64_t integer_ = 0;
    double real_;
    SharedAttr* shared_;
  };
};

void append_text(std::string& text, const Reals& values);
void append_text(std::string& text, const Attr& attr);  // as Python writes it

// The attributes of one call, in the schema's order. Does not own: the caller's array outlives the call.
class Attrs {
 public:
  Attrs() = default;
  Attrs(const Attr* first, size_t count) : first_(first), count_(static_cast<uint32_t>(count)) {}
  template <size_t N>
  Attrs(const Attr (&list)[N]) : Attrs(list, N) {}
  size_t size() const { return count_; }
  const Attr& operator[](size_t i) const {
    assert_inside(i, count_);
    return first_[i];
  }
  const Attr* begin() const { return first_; }
  const Attr* end() const { return first_ + count_; }

 private:
  const Attr* first_ = nullptr;
  uint32_t count_ = 0;
};

}  // namespace rushlight

// Tensor: a handle to {storage, layout, dtype, history}. Copies share the same tensor; clone() makes another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "rushlight/base/bounds.h"
#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"
#include "rushlight/base/ref.h"
#include "rushlight/core/arguments.h"
#include "rushlight/core/attr.h"
#include "rushlight/core/device.h"
#include "rushlight/core/dtype.h"
#include "rushlight/core/generator.h"
#include "rushlight/core/shape.h"
#include "rushlight/core/storage.h"
#include "rushlight/core/watch.h"
#include "rushlight/generated/option_names.h"

namespace rushlight {

// What autograd remembers about a tensor: a gradient, the op that made it, the base it is a view of. Floor 5
// says what is in it; here it is only kept alive.
class History : public RefCounted<History> {
 public:
  static void destroy(History* history) noexcept { history->dispose(); }

 protected:
  virtual ~History() = default;
  virtual void dispose() noexcept = 0;
};

class TensorImpl final : public RefCounted<TensorImpl> {
 public:
  static Ref<TensorImpl> make(Ref<Storage> storage, const Layout& layout, DType dtype);
  static void destroy(TensorImpl* impl) noexcept;

  DType dtype = DType::float32;
  bool weak = false;               // a plain number that became a tensor: yields to the other operand's dtype
  bool requires_grad = false;      // for a view see is_view too: its base may have come to require one
  bool is_view = false;            // history knows the base
  bool inference = false;          // made under inference_mode: joins no graph
  std::atomic<bool> saved{false};  // a node may hold it, or a view of it, as an input
  uint16_t output_index = 0;       // which result of history's op this is
  Ref<Storage> storage;
  Layout layout;
  Ref<History> history;  // null: a constant
  // A weak slot for one foreign object that stands for this tensor (Python's), so that it comes back as
  // itself.
  void* foreign = nullptr;

 private:
  TensorImpl(Ref<Storage> memory, const Layout& shape, DType type)
      : dtype(type), storage(std::move(memory)), layout(shape) {}
  ~TensorImpl() = default;
};

template <class T>
concept PlainNumber = std::is_arithmetic_v<T>;

struct BackwardOptions;
class Node;
class Hook;
class IndexItem;
class TensorList;

class [[nodiscard]] Tensor {
 public:
  Tensor() = default;  // undefined: stands for "none"
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}
  // A number where a tensor is expected: 0-dimensional, and its dtype gives way (float32 + 2.5 stays
  // float32).
  template <PlainNumber T>
  Tensor(T number) : Tensor(weak_scalar(number)) {}

  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  ~Tensor() = default;
  // A variable becomes the name of another tensor.
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  // x(0) = 5.0, x.select(1, 2) = row: what has no name, or is moved, is written to. Throws where the memory
  // is held by nothing else, as that of a + b.
  Tensor& operator=(const Tensor& values) &&;

  bool defined() const { return static_cast<bool>(impl_); }
  explicit operator bool() const = delete;  // ask defined(), or item<bool>()
  TensorImpl* impl() const { return impl_.get(); }
  const Ref<TensorImpl>& ref() const { return impl_; }
  // The same tensor object, not equal values (that is eq).
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

  // -- what it is
  DType dtype() const { return its().dtype; }
  bool is_weak() const { return its().weak; }  // a plain number
  Device device() const { return its().storage->device(); }
  const Layout& layout() const { return its().layout; }
  IntSpan shape() const { return its().layout.shape(); }
  IntSpan strides() const { return its().layout.strides(); }
  int64_t size(int64_t dim) const { return its().layout.size(wrap_dim(dim, rank(), "size")); }
  int64_t stride(int64_t dim) const { return its().layout.stride(wrap_dim(dim, rank(), "stride")); }
  int rank() const { return its().layout.rank(); }
  int dim() const { return rank(); }
  int64_t numel() const { return its().layout.numel(); }
  int64_t storage_offset() const { return its().layout.offset(); }
  size_t element_size() const { return size_of(dtype()); }
  size_t nbytes() const { return element_size() * static_cast<size_t>(numel()); }
  bool is_contiguous() const { return its().layout.is_contiguous(); }
  bool is_floating_point() const { return is_floating(dtype()); }
  bool shares_storage(const Tensor& other) const { return its().storage == other.its().storage; }
  const Ref<Storage>& storage() const { return its().storage; }
  uint32_t version() const { return its().storage->version(); }

  // -- its elements, on the host
  // The first element. Checks the dtype and that the memory is the host's; strides are the caller's business.
  template <Element T>
  T* data() const {
    expect_host<T>("data");
    touch_elements("data");
    return static_cast<T*>(raw_data());
  }
  void* raw_data() const {
    return static_cast<char*>(its().storage->data()) +
           its().layout.offset() * static_cast<int64_t>(element_size());
  }
  // All elements in row-major order. Checks dtype, device and that the memory is contiguous.
  template <Element T>
  std::span<T> span() const {
    expect_host<T>("span");
    expect_contiguous("span");
    touch_elements("span");
    return {static_cast<T*>(raw_data()), static_cast<size_t>(numel())};
  }
  // The one element, cast to T.
  template <Element T>
  T item() const {
    touch_elements("item");
    return visit_item<T>();
  }
  // A copy of the elements in row-major order, cast to T, from any layout.
  template <Element T>
  std::vector<T> to_vector() const;
  // To be called before elements are reached by raw_data() or storage(): a recording trace may refuse.
  void touch_elements(const char* how) const {
    if (Watch* w = watch()) [[unlikely]]
      w->elements_touched(*this, how);
  }

  // -- autograd (floor 5)
  bool requires_grad() const;
  const Tensor& requires_grad_(bool on = true) const;
  bool is_leaf() const;
  Tensor grad() const;  // undefined where there is none
  void set_grad(const Tensor& grad) const;
  void backward(const BackwardOptions& options) const;
  void backward() const;
  void retain_grad() const;
  Ref<Node> grad_fn() const;  // null for a leaf
  // hook(gradient) is called when this tensor's gradient is known; a defined result replaces the gradient.
  // The number returned removes it.
  template <class F>
  int64_t register_hook(F hook) const;
  int64_t register_hook(Ref<Hook> hook) const;
  // hook(grad) is called after each backward that added to this leaf's grad; its result is ignored.
  int64_t register_post_accumulate_grad_hook(Ref<Hook> hook) const;
  void remove_hook(int64_t id) const;
  // The same values without history; writing to it is not tracked and bumps no version.
  Tensor data() const;
  void set_data(const Tensor& source) const;

  // -- indexing: x(0), x(Slice(0, 3), _, -1), x(mask), for reading and to be assigned to (ops/indexing.h)
  template <class... Items>
  auto operator()(const Items&... items) const;
  Tensor index_by(std::span<const IndexItem> items) const;
  void set_by(std::span<const IndexItem> items, const Tensor& values) const;

#include "rushlight/generated/tensor_methods.inc"

  const Tensor& operator+=(const Tensor& other) const { return add_(other); }
  const Tensor& operator-=(const Tensor& other) const { return sub_(other); }
  const Tensor& operator*=(const Tensor& other) const { return mul_(other); }
  const Tensor& operator/=(const Tensor& other) const { return div_(other); }
  const Tensor& operator%=(const Tensor& other) const { return remainder_(other); }
  const Tensor& operator&=(const Tensor& other) const { return bitwise_and_(other); }
  const Tensor& operator|=(const Tensor& other) const { return bitwise_or_(other); }
  const Tensor& operator^=(const Tensor& other) const { return bitwise_xor_(other); }
  const Tensor& operator<<=(const Tensor& other) const { return bitwise_left_shift_(other); }
  const Tensor& operator>>=(const Tensor& other) const { return bitwise_right_shift_(other); }

 private:
  // Whoever asks an undefined tensor what it is gets an error, as a gradient that was never made is easily
  // asked.
  const TensorImpl& its() const {
    if (!impl_) [[unlikely]]
      complain_undefined();
    return *impl_;
  }
  [[noreturn, gnu::cold]] static void complain_undefined();
  static Tensor weak_scalar(bool number);
  static Tensor weak_scalar(int64_t number);
  static Tensor weak_scalar(uint64_t number);
  static Tensor weak_scalar(double number);
  template <PlainNumber T>
  static Tensor weak_scalar(T number) {
    if constexpr (std::is_unsigned_v<T>)
      return weak_scalar(static_cast<uint64_t>(number));
    else if constexpr (std::is_integral_v<T>)
      return weak_scalar(static_cast<int64_t>(number));
    else
      return weak_scalar(static_cast<double>(number));
  }
  template <class T>
  void expect_host(const char* what) const {
    if (dtype() != dtype_of<T> || device().type != DeviceType::cpu) complain_access(what, dtype_of<T>);
  }
  void expect_contiguous(const char* what) const;
  [[noreturn]] void complain_access(const char* what, DType wanted) const;
  template <class T>
  T visit_item() const;

  Ref<TensorImpl> impl_;
};

template <>
inline constexpr bool moves_as_bytes<Tensor> = true;  // one pointer, whose place nobody knows

// A borrowed list of tensors. The callee reads it during the call only.
class TensorList {
 public:
  TensorList() = default;
  TensorList(std::initializer_list<Tensor> list) : count_(list.size()) { first_ = list.begin(); }
  TensorList(const std::vector<Tensor>& list) : first_(list.data()), count_(list.size()) {}
  TensorList(std::span<const Tensor> list) : first_(list.data()), count_(list.size()) {}
  TensorList(const Tensor* first, size_t count) : first_(first), count_(count) {}
  size_t size() const { return count_; }
  const Tensor* begin() const { return first_; }
  const Tensor* end() const { return first_ + count_; }
  const Tensor& operator[](size_t i) const {
    assert_inside(i, count_);
    return first_[i];
  }

 private:
  const Tensor* first_ = nullptr;
  size_t count_ = 0;
};

// "float32 (2, 3)": how messages call a tensor.
void append_text(std::string& text, const Tensor& tensor);

// -- creation without an op: memory that is filled by the caller
Tensor empty(const IntList& shape, DType dtype, Device device = {});
Tensor empty_like_layout(const Layout& layout, DType dtype, const Allocator& allocator);
// The bytes that a fresh tensor of this layout takes; throws where they overflow.
size_t result_bytes(const Layout& layout, DType dtype);
// Memory of somebody else; `release(context)` is called when the last tensor over it is gone.
Tensor from_blob(void* data, const IntList& shape, DType dtype, void (*release)(void*) = nullptr,
                 void* context = nullptr);
Tensor from_blob(void* data, const Layout& layout, DType dtype, void (*release)(void*), void* context);
// The same storage through another layout, without history.
Tensor alias(const Tensor& tensor, const Layout& layout);
Tensor alias(const Tensor& tensor);
// A copy of `values`.
template <Element T>
Tensor from_values(std::span<const T> values, const IntList& shape);

DType default_dtype();
void set_default_dtype(DType dtype);  // a floating type

// ---------------------------------------------------------------------------------------------------------------------

template <class T>
T Tensor::visit_item() const {
  if (numel() != 1)
    fail(ErrorKind::runtime, "[item] a tensor with ", numel(), " elements of shape ", shape(),
         " is not one number; index it first");
  if (device().type != DeviceType::cpu) complain_access("item", dtype());
  return visit(dtype(), [&](auto tag) {
    return static_cast<T>(*static_cast<typename decltype(tag)::type*>(raw_data()));
  });
}

// Calls f(element offset) for each element in row-major order.
template <class F>
void for_each_offset(const Layout& layout, F&& f) {
  for (OffsetWalk walk(layout); !walk.done(); walk.next()) f(walk.offset());
}

template <Element T>
std::vector<T> Tensor::to_vector() const {
  if (device().type != DeviceType::cpu) complain_access("to_vector", dtype());
  touch_elements("to_vector");
  std::vector<T> values;
  values.reserve(static_cast<size_t>(numel()));
  visit(dtype(), [&](auto tag) {
    auto* base = static_cast<const typename decltype(tag)::type*>(storage()->data());
    for_each_offset(layout(), [&](int64_t at) { values.push_back(static_cast<T>(base[at])); });
  });
  return values;
}

template <Element T>
Tensor from_values(std::span<const T> values, const IntList& shape) {
  Tensor tensor = empty(shape, dtype_of<T>);
  if (static_cast<size_t>(tensor.numel()) != values.size())
    fail(ErrorKind::value, "[from_values] ", values.size(), " values do not fill shape ", shape);
  T* out = tensor.data<T>();
  for (size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return tensor;
}

}  // namespace rushlight

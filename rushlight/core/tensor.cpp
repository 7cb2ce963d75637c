#include "rushlight/core/tensor.h"

#include <atomic>
#include <new>
#include <utility>

namespace rushlight {

Ref<TensorImpl> TensorImpl::make(Ref<Storage> storage, const Layout& layout, DType dtype) {
  return Ref<TensorImpl>::adopt(new (small_allocate(sizeof(TensorImpl)))
                                    TensorImpl(std::move(storage), layout, dtype));
}

void TensorImpl::destroy(TensorImpl* impl) noexcept {
  impl->~TensorImpl();
  small_free(impl, sizeof(TensorImpl));
}

size_t result_bytes(const Layout& layout, DType dtype) {
  size_t bytes;
  if (__builtin_mul_overflow(static_cast<size_t>(layout.numel()), size_of(dtype), &bytes))
    fail(ErrorKind::out_of_memory, "a ", dtype, " tensor of shape ", layout.shape(),
         " is larger than 64 bits address");
  return bytes;
}

Tensor empty_like_layout(const Layout& layout, DType dtype, const Allocator& allocator) {
  return Tensor(TensorImpl::make(Storage::allocate(result_bytes(layout, dtype), allocator), layout, dtype));
}

Tensor empty(const IntList& shape, DType dtype, Device device) {
  if (device.type != DeviceType::cpu)
    fail(ErrorKind::runtime, "[empty] device ", device, " is not available in this build");
  return empty_like_layout(Layout(shape), dtype, host_allocator());
}

namespace {
struct ForeignOwner final : Companion {
  ForeignOwner(void (*release)(void*), void* context) : release_(release), context_(context) {}
  ~ForeignOwner() override { release_(context_); }
  void (*release_)(void*);
  void* context_;
};
}  // namespace

Tensor from_blob(void* data, const Layout& layout, DType dtype, void (*release)(void*), void* context) {
  size_t bytes = static_cast<size_t>(layout.end_element()) * size_of(dtype);
  if (!data && layout.numel())
    fail(ErrorKind::value, "[from_blob] the memory is null, but shape ", layout.shape(), " has ",
         layout.numel(), " elements");
  Tensor tensor(TensorImpl::make(Storage::wrap(data, bytes, {}, nullptr), layout, dtype));
  if (release) tensor.storage()->set_companion(new ForeignOwner(release, context));
  return tensor;
}

Tensor from_blob(void* data, const IntList& shape, DType dtype, void (*release)(void*), void* context) {
  return from_blob(data, Layout(shape), dtype, release, context);
}

Tensor alias(const Tensor& tensor, const Layout& layout) {
  return Tensor(TensorImpl::make(tensor.storage(), layout, tensor.dtype()));
}
Tensor alias(const Tensor& tensor) { return alias(tensor, tensor.layout()); }

namespace {
std::atomic<DType> default_floating{DType::float32};

template <class T>
Tensor scalar(T value, DType dtype) {
  Tensor tensor = empty_like_layout(Layout(), dtype, host_allocator());
  visit(dtype, [&](auto tag) {
    using U = typename decltype(tag)::type;
    *static_cast<U*>(tensor.raw_data()) = static_cast<U>(value);
  });
  tensor.impl()->weak = true;
  return tensor;
}
}  // namespace

// A weak scalar keeps its number whole (int64, uint64 beyond it, float64); the op casts it to the type that
// the other operand decides.
Tensor Tensor::weak_scalar(bool number) { return scalar(number, DType::boolean); }
Tensor Tensor::weak_scalar(int64_t number) { return scalar(number, DType::int64); }
// Those that an int64 holds are as signed ones.
Tensor Tensor::weak_scalar(uint64_t number) {
  return std::in_range<int64_t>(number) ? scalar(number, DType::int64) : scalar(number, DType::uint64);
}
Tensor Tensor::weak_scalar(double number) { return scalar(number, DType::float64); }

DType default_dtype() { return default_floating.load(std::memory_order_relaxed); }
void set_default_dtype(DType dtype) {
  if (!is_floating(dtype))
    fail(ErrorKind::type,
         "[set_default_dtype] only floating-point types are supported as the default type, not ", dtype);
  default_floating.store(dtype, std::memory_order_relaxed);
}

void Tensor::expect_contiguous(const char* what) const {
  if (!is_contiguous())
    fail(ErrorKind::runtime, "[", what, "] a tensor of shape ", shape(), " and strides ", strides(),
         " is not contiguous; call contiguous() first");
}

void Tensor::complain_undefined() {
  fail(ErrorKind::runtime,
       "an undefined tensor has no shape, dtype or elements: was an argument left out, or a grad() read "
       "before backward()?");
}

void Tensor::complain_access(const char* what, DType wanted) const {
  if (device().type != DeviceType::cpu)
    fail(ErrorKind::runtime, "[", what, "] the tensor is on ", device(), "; copy it to the cpu first");
  fail(ErrorKind::type, "[", what, "] asked for ", wanted, " but the tensor holds ", dtype(),
       "; cast it with to(", wanted, ")");
}

void append_text(std::string& text, const Tensor& tensor) {
  if (!tensor.defined()) {
    text += "None";
    return;
  }
  append_text(text, tensor.dtype());
  text += ' ';
  append_text(text, tensor.shape());
}

}  // namespace rushlight

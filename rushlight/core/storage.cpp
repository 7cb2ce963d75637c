#include "rushlight/core/storage.h"

#include <new>

#include "rushlight/base/memory.h"
#include "rushlight/core/watch.h"

namespace rushlight {

namespace internal {
thread_local constinit Watch* thread_watch = nullptr;
}

namespace {
const Allocator kHost{{DeviceType::cpu, 0}, allocate_memory, free_memory};
// Foreign memory: nothing to allocate or release here, its owner is the storage's companion.
const Allocator kForeignHost{{DeviceType::cpu, 0}, nullptr, [](void*, size_t) noexcept {}};
const Allocator kForeignCuda{{DeviceType::cuda, 0}, nullptr, [](void*, size_t) noexcept {}};
}  // namespace

const Allocator& host_allocator() { return kHost; }

Ref<Storage> Storage::allocate(size_t bytes, const Allocator& allocator) {
  auto* storage = new (small_allocate(sizeof(Storage))) Storage;
  auto ref = Ref<Storage>::adopt(storage);
  storage->allocator_ = &allocator;
  // Sanitizers watch the borders of allocations, so there all data has one of its own.
  if (kPoolMemory && bytes <= kInsideBytes && allocator.device.type == DeviceType::cpu) {
    storage->data_ = storage->inside_;
  } else {
    storage->data_ = allocator.allocate(bytes);
  }
  storage->bytes_ = bytes;
  if (Watch* w = watch()) w->storage_made(*storage);
  return ref;
}

Ref<Storage> Storage::wrap(void* data, size_t bytes, Device device, Companion* owner) {
  auto* storage = new (small_allocate(sizeof(Storage))) Storage;
  storage->data_ = data;
  storage->bytes_ = bytes;
  storage->allocator_ = device.type == DeviceType::cpu ? &kForeignHost : &kForeignCuda;
  storage->companion_ = owner;
  if (Watch* w = watch()) w->storage_made(*storage);
  return Ref<Storage>::adopt(storage);
}

void Storage::destroy(Storage* storage) noexcept {
  if (Watch* w = watch()) w->storage_freed(*storage);
  delete storage->companion_;
  if (storage->data_ && storage->data_ != storage->inside_)
    storage->allocator_->release(storage->data_, storage->bytes_);
  storage->~Storage();
  small_free(storage, sizeof(Storage));
}

void Storage::set_companion(Companion* companion) {
  delete companion_;
  companion_ = companion;
}

}  // namespace rushlight

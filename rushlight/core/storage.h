// Storage: a refcounted block of memory with a version, and the Allocator it came from.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rushlight/base/ref.h"
#include "rushlight/core/device.h"

namespace rushlight {

// Where a device's memory comes from. One constant object per device; a backend brings it.
struct Allocator {
  Device device;
  void* (*allocate)(size_t bytes);  // throws Error(out_of_memory)
  void (*release)(void* memory, size_t bytes) noexcept;
};
const Allocator& host_allocator();

// Things that ride on a storage and die with it: the deleter of foreign memory, a backend's packed copy of
// weights.
class Companion {
 public:
  virtual ~Companion() = default;
};

class Storage final : public RefCounted<Storage> {
 public:
  static constexpr size_t kInsideBytes = 16;  // data this small lives in the Storage itself, on the host

  static Ref<Storage> allocate(size_t bytes, const Allocator& allocator);
  // Memory that somebody else owns; `owner` is destroyed when the storage is.
  static Ref<Storage> wrap(void* data, size_t bytes, Device device, Companion* owner);
  static void destroy(Storage* storage) noexcept;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return allocator_->device; }
  // How often the content was written in place; saved tensors remember it.
  uint32_t version() const { return version_; }
  uint16_t last_writer() const { return last_writer_; }  // the op (OpId) that made the latest version
  void bump_version(uint16_t writer) {
    ++version_;
    last_writer_ = writer;
  }
  // For an op whose result another one wrote.
  void name_writer(uint16_t writer) { last_writer_ = writer; }

  Companion* companion() const { return companion_; }
  void set_companion(Companion* companion);  // takes ownership; the former one is destroyed

 private:
  Storage() = default;
  ~Storage() = default;

  uint32_t version_ = 0;
  uint16_t last_writer_ = 0;
  void* data_ = nullptr;
  size_t bytes_ = 0;
  const Allocator* allocator_ = nullptr;
  Companion* companion_ = nullptr;
  alignas(16) unsigned char inside_[kInsideBytes];
};

}  // namespace rushlight

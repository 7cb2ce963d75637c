#include "rushlight/backend/cpu/scratch.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "rushlight/base/error.h"

namespace rushlight::cpu {

namespace {

constexpr size_t kLine = 64;

struct Free {
  void operator()(void* block) const { std::free(block); }
};

struct ThreadBlock {
  std::unique_ptr<void, Free> memory;
  size_t size = 0, used = 0;
  size_t wanted = 0, peak = 0;  // bytes that live Scratches hold, inside the block or not, and their maximum
};

thread_local ThreadBlock thread_block;

void* allocate(size_t bytes) {
  void* memory = std::aligned_alloc(kLine, bytes);
  if (!memory) fail(ErrorKind::out_of_memory, "[cpu] no memory for ", bytes, " bytes of kernel scratch");
  return memory;
}

}  // namespace

Scratch::Scratch(size_t bytes) : bytes_((bytes + kLine - 1) / kLine * kLine) {
  ThreadBlock& block = thread_block;
  if (block.wanted == 0 && block.size < std::max(block.peak, bytes_)) {
    const size_t size = std::max(block.peak, bytes_);
    block.memory.reset();
    block.size = 0;
    block.memory.reset(allocate(size));
    block.size = size;
  }
  own_ = block.size - block.used < bytes_;
  data_ = own_ ? allocate(bytes_) : static_cast<char*>(block.memory.get()) + block.used;
  if (!own_) block.used += bytes_;
  block.wanted += bytes_;
  block.peak = std::max(block.peak, block.wanted);
}

Scratch::~Scratch() {
  thread_block.wanted -= bytes_;
  if (own_)
    std::free(data_);
  else
    thread_block.used -= bytes_;
}

void* Scratch::data() const { return data_; }

void release_scratch() {
  if (thread_block.wanted == 0) thread_block = ThreadBlock();
}

}  // namespace rushlight::cpu

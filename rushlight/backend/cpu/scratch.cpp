#include "rushlight/backend/cpu/scratch.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "rushlight/base/error.h"
#include "rushlight/base/memory.h"

namespace rushlight::cpu {

namespace {

constexpr size_t kLine = 64;
constexpr size_t kKept = size_t{16} << 20;  // at most, and as much as gradients of wide convolutions want

struct Free {
  void operator()(void* block) const { std::free(block); }
};

struct ThreadBlock {
  std::unique_ptr<void, Free> memory;
  size_t size = 0, used = 0;
  size_t wanted = 0, peak = 0;  // bytes that live Scratches hold, inside the block or not, and their maximum

  void grow_to(size_t bytes) {
    memory.reset();
    size = 0;
    memory.reset(std::aligned_alloc(kLine, bytes));
    if (!memory) fail(ErrorKind::out_of_memory, "[cpu] no memory for ", bytes, " bytes of kernel scratch");
    size = bytes;
  }
};

thread_local ThreadBlock thread_block;

}  // namespace

Scratch::Scratch(size_t bytes) : bytes_((bytes + kLine - 1) / kLine * kLine) {
  ThreadBlock& block = thread_block;
  const size_t worth_keeping = std::min(std::max(block.peak, bytes_), kKept);
  if (block.wanted == 0 && bytes_ <= kKept && block.size < worth_keeping) block.grow_to(worth_keeping);
  own_ = block.size - block.used < bytes_;
  if (own_) {
    bytes_ = std::max(bytes_, kSmallLimit + kLine);  // small objects are not aligned to a line
    data_ = allocate_memory(bytes_);
  } else {
    data_ = static_cast<char*>(block.memory.get()) + block.used;
    block.used += bytes_;
  }
  block.wanted += bytes_;
  block.peak = std::max(block.peak, block.wanted);
}

Scratch::~Scratch() {
  thread_block.wanted -= bytes_;
  if (own_)
    free_memory(data_, bytes_);
  else
    thread_block.used -= bytes_;
}

void* Scratch::data() const { return data_; }

}  // namespace rushlight::cpu

// Working memory of a kernel call: from a block of at most 16 MiB that each thread keeps, or where that is
// too small from the memory that tensors have, counted and limited as theirs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rushlight::cpu {

// `bytes` of uninitialised memory, aligned to a cache line, for the life of the object. Scratches of one
// thread nest like stack frames. The block grows to the largest sum ever asked for at once, as far as it may,
// so a loop allocates in its first round only; it is freed when the thread ends. Throws Error(out_of_memory).
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  void* data() const;

 private:
  void* data_;
  size_t bytes_;
  bool own_;  // not from the thread's block
};

}  // namespace rushlight::cpu

// Blocks above 1 KiB: eight size classes for each power of two, kept for the next caller when freed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rushlight {

// `bytes` > kSmallLimit and at least 64-byte aligned. From 1 MiB on a block is a mapping of its own, on huge
// pages where the system has them; smaller ones are carved from 2 MiB chunks. A freed block waits in its
// class's list, so a loop that repeats itself takes no page fault and makes no system call. Any thread may
// free what another one allocated. Throws Error(out_of_memory).
void* block_allocate(size_t bytes);
void block_free(void* block, size_t bytes) noexcept;

// Returns to the system what no one uses: each free mapping, each chunk without a live block.
void empty_block_cache() noexcept;

// What waits in the lists.
uint64_t cached_block_bytes() noexcept;

}  // namespace rushlight

// The process's one thread pool: parallel_for.
#pragma once

#include <cstdint>
#include <type_traits>

namespace rushlight {

using ChunkFunction = void (*)(void* context, int64_t chunk);

// Calls function(context, i) exactly once for every i in [0, chunks) and returns when all calls have.
// - The caller works too. Each thread begins with its own share of neighbouring chunks, then helps with
//   those of others.
// - So results must depend neither on who runs a chunk nor on how many threads there are: sums are cut by a
//   fixed size, not by num_threads().
// - Inside a chunk, and on a user thread that comes while another's call occupies the pool, it is a plain
//   loop; so it is for 2^31 chunks or more.
// - The first exception of a chunk is rethrown here; chunks not yet begun are then skipped.
// - After fork() the child has a fresh pool of as many threads; a chunk itself must not fork.
// - Where the system refuses a thread, those that there are do the work, and num_threads() says how many.
void parallel_for(int64_t chunks, ChunkFunction function, void* context);

template <class Body>
void call_chunk(void* body, int64_t chunk) {
  (*static_cast<Body*>(body))(chunk);
}

// parallel_for(n, [&](int64_t i) { ... })
template <class F>
void parallel_for(int64_t chunks, F&& body) {
  using Body = std::remove_reference_t<F>;
  parallel_for(chunks, call_chunk<Body>, const_cast<std::remove_const_t<Body>*>(&body));
}

// Whether the threads are likely awake, so that even work of a few microseconds is worth sharing: they have
// just worked, or whoever asks did so a moment ago and will keep them awake.
bool are_threads_awake();

// While one lives, parallel_for is a plain loop on its thread: a thread that works beside another's
// computation leaves the pool to that.
class PlainLoops {
 public:
  PlainLoops();
  ~PlainLoops();
  PlainLoops(const PlainLoops&) = delete;
  PlainLoops& operator=(const PlainLoops&) = delete;

 private:
  bool before_;
};

// Threads that work on one parallel_for, the caller included. At first: RUSHLIGHT_NUM_THREADS, else
// usable_cpus().
int num_threads();
// Waits for a running parallel_for to end. Throws if count is not in [1, 256] or when called inside a chunk.
void set_num_threads(int count);

}  // namespace rushlight

// What AddressSanitizer must get to see: no allocator of ours may hide freed memory or the end of a block
// from it.
#include <doctest/doctest.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "rushlight/base/memory.h"
#include "rushlight/rushlight.h"

using namespace rushlight;

namespace {

// What the sanitizer prints when a child commits `crime`; nothing if the child survives.
template <class Crime>
std::string report_of(Crime crime) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    crime();
    _exit(0);
  }
  close(ends[1]);
  std::string report;
  char buffer[4096];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
    report.append(buffer, static_cast<size_t>(count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? "" : report;
}

void look_at(const void* memory, size_t offset = 0) {
  [[maybe_unused]] const volatile char seen = *(static_cast<const volatile char*>(memory) + offset);
}

bool says(const std::string& report, const char* words) { return report.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("AddressSanitizer sees each allocation of either allocator as it is") {
  for (size_t bytes : {size_t{1}, size_t{24}, kSmallLimit, kSmallLimit + 1, size_t{5000}, size_t{3} << 20}) {
    CAPTURE(bytes);
    void* memory = allocate_memory(bytes);
    look_at(memory, bytes - 1);
    CHECK(says(report_of([&] { look_at(memory, bytes); }), "heap-buffer-overflow"));
    free_memory(memory, bytes);
    CHECK(says(report_of([&] { look_at(memory); }), "heap-use-after-free"));
    CHECK(says(report_of([&] { free_memory(memory, bytes); }), "double-free"));
  }
}

TEST_CASE("AddressSanitizer sees a read past a tensor's storage, and one after its end") {
  for (int64_t count : {1, 4, 10, 1000}) {
    CAPTURE(count);
    Tensor x = ones({count});
    const float* data = x.data<float>();
    look_at(data, sizeof(float) * count - 1);
    CHECK(says(report_of([&] { look_at(data, sizeof(float) * count); }), "heap-buffer-overflow"));
    x = Tensor();
    CHECK(says(report_of([&] { look_at(data); }), "heap-use-after-free"));
  }
}

TEST_CASE("AddressSanitizer sees a handle's object, and a node of the tape, after their end") {
  Tensor x = ones({3}).requires_grad_();
  Tensor y = x * 2.0;
  const void *object = y.impl(), *node = y.grad_fn().get();
  look_at(object);
  look_at(node);
  y = Tensor();
  CHECK(says(report_of([&] { look_at(object); }), "heap-use-after-free"));
  CHECK(says(report_of([&] { look_at(node); }), "heap-use-after-free"));
}
#endif

// What the machine can do right now, served in turn with the contestants, because a machine is not equally
// fast all day.
//
//   bench_limits [--threads N]
//
// Says "ready"; then, for each line on standard input: GFLOP/s, GB/s read, GB/s read and written.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "rushlight/backend/machine_limits.h"
#include "rushlight/base/thread_pool.h"

using namespace rushlight;

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--threads") == 0) set_num_threads(std::atoi(argv[2]));
  LimitsProbe probe;
  std::puts("ready");
  char line[16];
  while (std::fflush(stdout), std::fgets(line, sizeof line, stdin)) {
    const MachineLimits limits = probe.measure();
    std::printf("%.2f %.2f %.2f\n", limits.flops * 1e-9, limits.bytes_read * 1e-9,
                limits.bytes_changed * 1e-9);
  }
}

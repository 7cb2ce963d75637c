#include "rushlight/base/cpu_features.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "rushlight/base/error.h"

namespace rushlight {

namespace {

int affinity_cpus() {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
  return static_cast<int>(std::thread::hardware_concurrency());  // more CPUs than cpu_set_t can name
}

// CPUs' worth of time that one cgroup grants, infinity if it sets no limit.
double quota_of(const std::string& directory) {
  std::ifstream file(directory + "/cpu.max");
  double quota, period;
  if (file >> quota >> period && quota > 0 && period > 0) return quota / period;
  return INFINITY;
}

// Version 2: the process's group and each of its ancestors may limit it.
double cgroup2_quota() {
  const std::string root = "/sys/fs/cgroup";
  std::ifstream groups("/proc/self/cgroup");
  std::string path;
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) path = line.substr(3);
  double quota = quota_of(root);
  while (path.size() > 1) {
    quota = std::min(quota, quota_of(root + path));
    path.resize(path.rfind('/'));
  }
  return quota;
}

double cgroup1_quota() {
  const std::string root = "/sys/fs/cgroup/cpu/cpu.cfs_";
  double quota, period;
  if (std::ifstream(root + "quota_us") >> quota && std::ifstream(root + "period_us") >> period)
    if (quota > 0 && period > 0) return quota / period;
  return INFINITY;
}

}  // namespace

Isa widest_isa() {
#if defined(__x86_64__)
  const bool v3 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return v4 ? Isa::v4 : v3 ? Isa::v3 : Isa::v2;
#else
  return Isa::v2;
#endif
}

const char* isa_name(Isa isa) {
  static constexpr const char* kNames[] = {"v2", "v3", "v4"};
  return kNames[static_cast<int>(isa)];
}

Isa chosen_isa() {
  const Isa widest = widest_isa();
  const char* wish = std::getenv("RUSHLIGHT_ISA");
  if (!wish || !*wish) return widest;
  for (Isa isa : {Isa::v2, Isa::v3, Isa::v4}) {
    if (std::string_view(wish) != isa_name(isa)) continue;
    if (isa > widest)
      fail(ErrorKind::runtime, "[cpu] RUSHLIGHT_ISA=", wish, ": this CPU stops at ", isa_name(widest));
    return isa;
  }
  fail(ErrorKind::value, "[cpu] RUSHLIGHT_ISA=", wish, ": expected v2, v3 or v4");
}

int usable_cpus() {
  const double quota = std::ceil(std::min(cgroup2_quota(), cgroup1_quota()));
  return std::max(1, static_cast<int>(std::min<double>(affinity_cpus(), quota)));
}

}  // namespace rushlight

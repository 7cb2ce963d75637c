// rushlight info and data: what there is on this machine.
#include <cstdio>

#include "rushlight/backend/machine_limits.h"
#include "rushlight/base/cpu_features.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/cli/commands.h"
#include "rushlight/data/known_sets.h"
#include "rushlight/engine/context.h"
#include "rushlight/train/run_log.h"

namespace rushlight::cli {

namespace {

void list_data() {
  for (const data::KnownSet& set : data::known_sets())
    std::printf("%-16s %-9s %8.1f MB  %s\n", std::string(set.name).c_str(),
                data::is_here(set) ? "here" : "not here", static_cast<double>(set.bytes_to_get()) * 1e-6,
                std::string(set.title).c_str());
}

void list_data_for_scripts() {
  for (const data::KnownSet& set : data::known_sets())
    std::puts(train::json_line({{"name", std::string(set.name)},
                                {"title", std::string(set.title)},
                                {"here", io::Json(data::is_here(set))},
                                {"bytes_to_get", static_cast<int64_t>(set.bytes_to_get())},
                                {"terms", std::string(set.terms)}})
                  .c_str());
}

void info_for_scripts() {
  const MachineLimits limits = LimitsProbe().measure();
  io::Json::Array here;
  for (const data::KnownSet& set : data::known_sets())
    if (data::is_here(set)) here.emplace_back(std::string(set.name));
  std::puts(train::json_line({{"backend", std::string(host_backend().name)},
                              {"instruction_set", std::string(isa_name(chosen_isa()))},
                              {"widest_instruction_set", std::string(isa_name(widest_isa()))},
                              {"threads", int64_t{num_threads()}},
                              {"cpus", int64_t{usable_cpus()}},
                              {"flops_per_second", limits.flops},
                              {"bytes_read_per_second", limits.bytes_read},
                              {"bytes_changed_per_second", limits.bytes_changed},
                              {"data", io::Json(std::move(here))}})
                .c_str());
}

}  // namespace

void data(const DataCommand& command) {
  if (command.get.empty()) return command.json ? list_data_for_scripts() : list_data();
  std::fprintf(stderr, "%s is in %s\n", command.get.c_str(), data::get_data(command.get).c_str());
}

void info(const InfoCommand& command) {
  if (command.json) return info_for_scripts();
  std::printf("backend           %s\n", std::string(host_backend().name).c_str());
  std::printf("instruction set   x86-64-%s", isa_name(chosen_isa()));
  std::printf(widest_isa() == chosen_isa() ? "\n" : ", though the CPU has %s\n", isa_name(widest_isa()));
  std::printf("threads           %d of %d CPUs that this process may use\n", num_threads(), usable_cpus());
  const MachineLimits limits = LimitsProbe().measure();
  std::printf("multiply-adds     %.0f GFLOP/s of float32, measured now\n", limits.flops * 1e-9);
  std::printf("memory            %.0f GB/s read, %.0f GB/s read and written back\n", limits.bytes_read * 1e-9,
              limits.bytes_changed * 1e-9);
  std::puts("data");
  list_data();
}

}  // namespace rushlight::cli

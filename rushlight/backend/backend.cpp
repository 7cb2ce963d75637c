#include "rushlight/backend/backend.h"

#include "rushlight/base/nearest.h"

namespace rushlight {

Backend::Backend(const char* backend_name, const Allocator& memory)
    : name(backend_name),
      allocator(&memory),
      kernels(static_cast<size_t>(kPartCount) * static_cast<size_t>(op_count())),
      op_count_(op_count()) {}

std::vector<const Backend*> host_backends() {
  std::vector<const Backend*> list{&reference_backend()};
#ifdef RUSHLIGHT_CPU
  list.push_back(&cpu_backend());
#endif
  return list;
}

const Backend& find_backend(std::string_view name) {
  std::string listed;
  std::vector<std::string_view> names;
  for (const Backend* backend : host_backends()) {
    if (backend->name == name) return *backend;
    listed += listed.empty() ? "" : ", ";
    listed += backend->name;
    names.push_back(backend->name);
  }
  fail(ErrorKind::value, "[set_backend] there is no backend '", name, "' in this build; there are: ", listed,
       did_you_mean(name, names));
}

}  // namespace rushlight

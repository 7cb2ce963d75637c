#include "rushlight/backend/shortcuts.h"

#include <atomic>

namespace rushlight {

namespace {
std::atomic<bool> winograd{true};
}

bool winograd_allowed() { return winograd.load(std::memory_order_relaxed); }
void allow_winograd(bool allowed) { winograd.store(allowed, std::memory_order_relaxed); }

}  // namespace rushlight

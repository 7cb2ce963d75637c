#include "rushlight/backend/shortcuts.h"

#include <atomic>

namespace rushlight {

namespace {
std::atomic<bool> winograd{true}, blocks{true};
}

bool winograd_allowed() { return winograd.load(std::memory_order_relaxed); }
void allow_winograd(bool allowed) { winograd.store(allowed, std::memory_order_relaxed); }

bool blocked_products() { return blocks.load(std::memory_order_relaxed); }
void set_blocked_products(bool on) { blocks.store(on, std::memory_order_relaxed); }

}  // namespace rushlight

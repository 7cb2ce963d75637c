#include "rushlight/data/batch_queue.h"

#include <algorithm>
#include <system_error>
#include <thread>

#include "rushlight/base/thread_pool.h"
#include "rushlight/engine/context.h"

namespace rushlight::data {

struct BatchQueue::Workers {
  std::vector<std::thread> threads;
};

BatchQueue::BatchQueue(EpochPlan plan, int workers, int prefetch)
    : plan_(std::move(plan)),
      backend_(context().host_backend),
      claimed_(plan_.first),
      taken_(plan_.first),
      workers_(std::make_unique<Workers>()) {
  workers = static_cast<int>(std::min<int64_t>(workers, count() - plan_.first));
  slots_.resize(static_cast<size_t>(std::max(workers, 0)) * static_cast<size_t>(prefetch));
  for (int i = 0; i < workers; ++i) try {
      workers_->threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      break;  // those that there are do the work
    }
}

BatchQueue::~BatchQueue() {
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : workers_->threads) thread.join();
}

Example BatchQueue::make(int64_t batch) const {
  NoGrad guard;
  return plan_.dataset.get_batch(plan_.batches[static_cast<size_t>(batch)], plan_.seed);
}

BatchQueue::Slot BatchQueue::filled(int64_t batch) const noexcept {
  Slot slot{.ready = true, .batch = {}, .error = nullptr};
  try {
    slot.batch = make(batch);
  } catch (...) {
    slot.error = std::current_exception();
  }
  return slot;
}

void BatchQueue::work() {
  const PlainLoops leave_the_pool_to_the_training;
  context().host_backend = backend_;
  std::unique_lock guard(lock_);
  for (;;) {
    room_.wait(guard, [this] { return stopped_ || claimed_ == count() || has_room(); });
    if (stopped_ || claimed_ == count()) return;
    const int64_t batch = claimed_++;
    guard.unlock();
    Slot done = filled(batch);
    guard.lock();
    slot(batch) = std::move(done);
    ready_.notify_one();
  }
}

Example BatchQueue::take() {
  if (workers_->threads.empty()) return make(taken_++);
  std::unique_lock guard(lock_);
  ready_.wait(guard, [this] { return slot(taken_).ready; });
  const Slot done = std::exchange(slot(taken_++), Slot());
  guard.unlock();
  room_.notify_one();
  if (done.error) std::rethrow_exception(done.error);
  return done.batch;
}

}  // namespace rushlight::data

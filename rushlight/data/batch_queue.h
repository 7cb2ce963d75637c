// BatchQueue: the batches of one epoch, in order, made by threads that run a bounded way ahead.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

#include "rushlight/data/dataset.h"

namespace rushlight {
struct Backend;
}

namespace rushlight::data {

struct EpochPlan {
  Dataset dataset;
  std::vector<std::vector<int64_t>> batches;  // the examples of each
  EpochSeed seed;
  int64_t first;  // the batch to begin with
};

class BatchQueue {
 public:
  // With no workers, or where the system has no threads, take() makes the batches.
  BatchQueue(EpochPlan plan, int workers, int prefetch);
  // Waits for what the workers are at.
  ~BatchQueue();
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  int64_t count() const { return static_cast<int64_t>(plan_.batches.size()); }
  // The next batch; throws what its dataset threw.
  Example take();

 private:
  struct Workers;
  struct Slot {
    bool ready = false;
    Example batch;
    std::exception_ptr error;
  };

  Example make(int64_t batch) const;
  Slot filled(int64_t batch) const noexcept;
  Slot& slot(int64_t batch) { return slots_[static_cast<size_t>(batch) % slots_.size()]; }
  bool has_room() const { return claimed_ < taken_ + static_cast<int64_t>(slots_.size()); }
  void work();

  const EpochPlan plan_;
  const Backend* backend_;  // of the thread that asks: workers use the same kernels
  std::mutex lock_;
  std::condition_variable room_, ready_;
  std::vector<Slot> slots_;
  int64_t claimed_, taken_;
  bool stopped_ = false;
  std::unique_ptr<Workers> workers_;
};

}  // namespace rushlight::data

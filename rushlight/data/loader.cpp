#include "rushlight/data/loader.h"

#include "rushlight/data/batch_queue.h"

namespace rushlight::data {

namespace {

Sampler sampler_of(const Dataset& dataset, const LoaderOptions& options) {
  if (options.sampler && options.shuffle)
    fail(ErrorKind::value,
         "[DataLoader] a sampler says the order, so .shuffle = true says nothing; leave one out");
  if (options.sampler) return *options.sampler;
  if (options.shuffle) return RandomSampler(dataset.size());
  return SequentialSampler(dataset.size());
}

}  // namespace

DataLoader::DataLoader(Dataset dataset, LoaderOptions options)
    : dataset_(std::move(dataset)),
      options_(std::move(options)),
      batches_(sampler_of(dataset_, options_), options_.batch_size, options_.drop_last) {
  constexpr int kMostWorkers = 256, kMostAhead = 1024;
  if (options_.workers < 0 || options_.workers > kMostWorkers)
    fail(ErrorKind::value, "[DataLoader] 0 to ", kMostWorkers, " workers, not ", options_.workers);
  if (options_.prefetch < 1 || options_.prefetch > kMostAhead)
    fail(ErrorKind::value, "[DataLoader] a worker is 1 to ", kMostAhead, " batches ahead, not ",
         options_.prefetch);
}

DataLoader::Iterator DataLoader::begin() { return Iterator(*this); }

void DataLoader::set_position(LoaderPosition position) {
  if (position.epoch < 0 || position.batch < 0 || position.batch > size())
    fail(ErrorKind::value, "[DataLoader] there is no batch ", position.batch, " of epoch ", position.epoch,
         "; an epoch has ", size());
  position_ = position;
  resumes_ = true;
}

DataLoader::Iterator::Iterator(DataLoader& loader) : loader_(&loader) {
  LoaderPosition& position = loader.position_;
  if (!loader.resumes_) position.batch = 0;
  loader.resumes_ = false;
  const EpochSeed seed{loader.options_.seed, position.epoch};
  queue_ = std::make_unique<BatchQueue>(
      EpochPlan{loader.dataset_, loader.batches_.batches(seed), seed, position.batch},
      loader.options_.workers, loader.options_.prefetch);
  at_ = position.batch, count_ = queue_->count();
  fetch();
}

DataLoader::Iterator::Iterator(Iterator&&) noexcept = default;
DataLoader::Iterator& DataLoader::Iterator::operator=(Iterator&&) noexcept = default;
DataLoader::Iterator::~Iterator() = default;

// The batch at at_, or the end.
void DataLoader::Iterator::fetch() {
  LoaderPosition& position = loader_->position_;
  batch_ = {};  // its memory may serve the next one
  if (at_ < count_) {
    batch_ = queue_->take();
    position.batch = at_ + 1;
  } else {
    queue_.reset();
    position = {position.epoch + 1, 0};
  }
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  ++at_;
  fetch();
  return *this;
}

}  // namespace rushlight::data

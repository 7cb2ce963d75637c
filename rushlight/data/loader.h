// DataLoader: the batches of a dataset, epoch after epoch.
//
//   data::DataLoader loader(data::mnist(data::Split::train), {.batch_size = 64, .shuffle = true});
//   for (const auto& [input, target] : loader) train(input, target);
//
// Workers are for what is read or decoded, like folders of pictures. Without them, all threads of the pool
// make a batch of images in memory.
#pragma once

#include <iterator>
#include <memory>
#include <optional>

#include "rushlight/data/sampler.h"

namespace rushlight::data {

struct LoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  uint64_t seed = 0;       // of the order and of random transforms
  bool drop_last = false;  // a last batch that is not full
  int workers = 0;         // threads that make batches ahead; 0: they are made when they are asked for
  int prefetch = 2;        // how many batches each worker may be ahead
  std::optional<Sampler> sampler = {};  // instead of `shuffle`
};

// Where a loop is: the batch that comes next.
struct LoaderPosition {
  int64_t epoch = 0, batch = 0;
  friend bool operator==(const LoaderPosition&, const LoaderPosition&) = default;
};

class BatchQueue;

// A loop runs through one epoch. One that came to its end moves the loader on to the next epoch, whose order
// is another; one that was left early, or by an error, does not, and the next loop begins that epoch anew. So
// looking at a first batch changes nothing.
//
// The batches follow from data, options and epoch alone: the number of workers changes no bit of them.
// Batches are made without gradients. A dataset's error comes out of the loop in its batch's turn.
class DataLoader {
 public:
  explicit DataLoader(Dataset dataset, LoaderOptions options = {});

  int64_t size() const { return batches_.size(); }  // batches of an epoch
  const Dataset& dataset() const { return dataset_; }
  const LoaderOptions& options() const { return options_; }

  class Iterator;
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

  // In a loop: what comes next. Saved, and set before the loop of a later run, training goes on there.
  LoaderPosition position() const { return position_; }
  void set_position(LoaderPosition position);
  // Where the next loop begins.
  LoaderPosition start() const { return {position_.epoch, resumes_ ? position_.batch : 0}; }
  void set_epoch(int64_t epoch) { set_position({epoch, 0}); }

 private:
  Dataset dataset_;
  LoaderOptions options_;
  BatchSampler batches_;
  LoaderPosition position_;
  bool resumes_ = false;  // the next loop begins at position_, not at its epoch's start
};

// One loop. Its threads end with it.
class DataLoader::Iterator {
 public:
  using value_type = Example;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(DataLoader& loader);
  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;
  ~Iterator();

  const Example& operator*() const { return batch_; }
  const Example* operator->() const { return &batch_; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& i, std::default_sentinel_t) { return i.at_ == i.count_; }

 private:
  void fetch();

  DataLoader* loader_;
  std::unique_ptr<BatchQueue> queue_;
  int64_t at_, count_;
  Example batch_;
};

}  // namespace rushlight::data

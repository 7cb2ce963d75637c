// One tensor as many views of it, along one dimension.
#include <algorithm>
#include <limits>
#include <numeric>

#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

int64_t split_dim(const char* op, const Tensor& input, int64_t dim) {
  if (input.rank() == 0)
    fail(ErrorKind::runtime, "[", op,
         "] expects at least a 1-dimensional tensor, but got a 0-dimensional one");
  return wrap_dim(dim, input.rank(), op);
}

// In-place writes to one of the views of a call are refused while gradients are tracked.
Tensor one_of_many(Tensor view) {
  if (ViewHistory* history = view_history(view)) history->one_of_many = true;
  return view;
}

// Refuses more views than the memory that may still be used holds.
void expect_room_for(const char* op, int64_t views) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (views > most) fail(ErrorKind::runtime, "[", op, "] would make ", views, " views; the most is ", most);
  memory_account.require(static_cast<uint64_t>(views) * sizeof(TensorImpl));
}

std::vector<Tensor> pieces(const Tensor& input, int64_t dim, const Ints& sizes) {
  std::vector<Tensor> views;
  int64_t start = 0;
  for (int64_t size : sizes) {
    views.push_back(one_of_many(slice(input, {.dim = dim, .start = start, .end = start + size})));
    start += size;
  }
  return views;
}

// Pieces of one size, the last one smaller.
Ints equal_sizes(const char* op, int64_t total, int64_t size) {
  if (size > 0) expect_room_for(op, total / size);
  Ints sizes;
  for (int64_t rest = total; rest > 0; rest -= size) sizes.push_back(std::min(size, rest));
  if (sizes.empty()) sizes.push_back(0);
  return sizes;
}

}  // namespace

std::vector<Tensor> split(const Tensor& input, int64_t split_size, const SplitOptions& options) {
  int64_t dim = split_dim("split", input, options.dim), total = input.size(dim);
  if (split_size < 0)
    fail(ErrorKind::runtime, "[split] split_size must be non-negative, but it is ", split_size);
  if (split_size == 0 && total > 0)
    fail(ErrorKind::runtime, "[split] split_size can only be 0 if dimension ", dim, " has size 0, not ",
         total);
  return pieces(input, dim, equal_sizes("split", total, split_size));
}

std::vector<Tensor> split(const Tensor& input, const IntList& split_size, const SplitSizesOptions& options) {
  int64_t dim = split_dim("split", input, options.dim), total = input.size(dim), rest = total;
  for (int64_t size : split_size) {
    if (size < 0 || size > rest) rest = -1;
    if (rest < 0) break;
    rest -= size;
  }
  if (rest != 0)
    fail(ErrorKind::runtime, "[split] the sizes ", static_cast<const Ints&>(split_size),
         " must be non-negative and sum to ", total, ", the size of dimension ", dim, " of shape ",
         input.shape());
  return pieces(input, dim, split_size);
}

std::vector<Tensor> chunk(const Tensor& input, int64_t chunks, const ChunkOptions& options) {
  int64_t dim = split_dim("chunk", input, options.dim), total = input.size(dim);
  if (chunks <= 0) fail(ErrorKind::runtime, "[chunk] chunks must be greater than 0, but it is ", chunks);
  if (total == 0) expect_room_for("chunk", chunks);
  if (total == 0) return pieces(input, dim, Ints(static_cast<size_t>(chunks), 0));
  return pieces(input, dim, equal_sizes("chunk", total, (total - 1) / chunks + 1));
}

std::vector<Tensor> tensor_split(const Tensor& input, int64_t sections, const TensorSplitOptions& options) {
  int64_t dim = split_dim("tensor_split", input, options.dim), total = input.size(dim);
  if (sections <= 0)
    fail(ErrorKind::runtime, "[tensor_split] sections must be greater than 0, but it is ", sections);
  expect_room_for("tensor_split", sections);
  std::vector<Tensor> views;
  int64_t start = 0;
  for (int64_t i = 0; i < sections; ++i) {
    int64_t end = start + total / sections + (i < total % sections);
    views.push_back(slice(input, {.dim = dim, .start = start, .end = end}));
    start = end;
  }
  return views;
}

std::vector<Tensor> tensor_split(const Tensor& input, const IntList& indices,
                                 const TensorSplitIndicesOptions& options) {
  int64_t dim = split_dim("tensor_split", input, options.dim), start = 0;
  std::vector<Tensor> views;
  for (int64_t end : indices) {
    views.push_back(slice(input, {.dim = dim, .start = start, .end = end}));
    start = end;
  }
  views.push_back(slice(input, {.dim = dim, .start = start}));
  return views;
}

std::vector<Tensor> unbind(const Tensor& input, const UnbindOptions& options) {
  int64_t dim = split_dim("unbind", input, options.dim);
  expect_room_for("unbind", input.size(dim));
  std::vector<Tensor> views;
  for (int64_t i = 0; i < input.size(dim); ++i) views.push_back(one_of_many(select(input, dim, i)));
  return views;
}

}  // namespace rushlight

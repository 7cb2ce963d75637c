// Pixels and channels that change places: plain functions over reshape and permute.
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

void expect_shuffle(const char* op, const char* name, int64_t number, const Tensor& input) {
  if (!input.defined())
    fail(ErrorKind::type, "[", op, "] argument 'input' must be a tensor, but none was given");
  if (input.rank() < 3)
    fail(ErrorKind::runtime, "[", op, "] input must have at least 3 dimensions, but its shape is ",
         input.shape());
  if (number < 1) fail(ErrorKind::runtime, "[", op, "] ", name, " must be positive, but it is ", number);
}

// `shape` with the three dimensions of an image (channels, height, width) replaced.
Shape with_image(IntSpan shape, std::initializer_list<int64_t> image) {
  Shape result = to_ints(shape.first(shape.size() - 3));
  for (int64_t size : image) result.push_back(size);
  return result;
}
// An order of dimensions that moves only those behind the batch.
Ints order_behind(int batch, std::initializer_list<int64_t> order) {
  Ints dims;
  for (int64_t d = 0; d < batch; ++d) dims.push_back(d);
  for (int64_t d : order) dims.push_back(batch + d);
  return dims;
}

}  // namespace

Tensor pixel_shuffle(const Tensor& input, int64_t upscale_factor) {
  int64_t r = upscale_factor;
  expect_shuffle("pixel_shuffle", "upscale_factor", r, input);
  int64_t channels = input.size(-3), height = input.size(-2), width = input.size(-1), grown;
  if (channels % r != 0 || channels / r % r != 0 || __builtin_mul_overflow(height, r, &grown) ||
      __builtin_mul_overflow(width, r, &grown))
    fail(ErrorKind::runtime, "[pixel_shuffle] channels must be divisible by the square of upscale_factor=", r,
         ", but there are ", channels, " in input of shape ", input.shape());
  int batch = input.rank() - 3;
  channels = channels / r / r;
  Tensor blocks = reshape(input, with_image(input.shape(), {channels, r, r, height, width}));
  Tensor rows = permute(blocks, order_behind(batch, {0, 3, 1, 4, 2}));
  return reshape(rows, with_image(input.shape(), {channels, height * r, width * r}));
}

Tensor pixel_unshuffle(const Tensor& input, int64_t downscale_factor) {
  int64_t r = downscale_factor;
  expect_shuffle("pixel_unshuffle", "downscale_factor", r, input);
  int64_t channels = input.size(-3), height = input.size(-2), width = input.size(-1);
  int64_t all = channels;
  if (height % r != 0 || width % r != 0 || __builtin_mul_overflow(all, r, &all) ||
      __builtin_mul_overflow(all, r, &all))
    fail(ErrorKind::runtime, "[pixel_unshuffle] height and width must be divisible by downscale_factor=", r,
         ", but input has shape ", input.shape());
  int batch = input.rank() - 3;
  Tensor blocks = reshape(input, with_image(input.shape(), {channels, height / r, r, width / r, r}));
  Tensor planes = permute(blocks, order_behind(batch, {0, 2, 4, 1, 3}));
  return reshape(planes, with_image(input.shape(), {all, height / r, width / r}));
}

Tensor channel_shuffle(const Tensor& input, int64_t groups) {
  expect_shuffle("channel_shuffle", "groups", groups, input);
  int64_t channels = input.size(1);
  if (channels % groups != 0)
    fail(ErrorKind::runtime, "[channel_shuffle] groups=", groups, " must divide the ", channels,
         " channels of input of shape ", input.shape());
  Tensor grouped = unflatten(input, 1, {groups, channels / groups});
  return reshape(transpose(grouped, 1, 2), input.shape());
}

}  // namespace rushlight

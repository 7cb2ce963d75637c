// pad: a frame around the last dimensions.
#include <algorithm>

#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

struct Frame {
  int64_t before = 0, behind = 0;
};

// How many elements of `size` the frame leaves.
int64_t kept_of(const Frame& frame, int64_t size) {
  return size + std::min<int64_t>(frame.before, 0) + std::min<int64_t>(frame.behind, 0);
}

// Frames as `pad` lists them: the last dimension first, two numbers each.
SmallVector<Frame, 5> frames_of(const Tensor& input, const IntList& pad) {
  auto rank = static_cast<size_t>(input.rank());
  if (pad.size() % 2 != 0)
    fail(ErrorKind::runtime, "[pad] padding length must be divisible by 2, but pad is ",
         static_cast<const Ints&>(pad));
  if (pad.size() > 2 * rank)
    fail(ErrorKind::runtime,
         "[pad] padding length must be at most twice the number of dimensions of the input, but pad is ",
         static_cast<const Ints&>(pad), " and the shape is ", input.shape());
  SmallVector<Frame, 5> frames(rank);
  for (size_t i = 0; i < pad.size(); i += 2) {
    size_t d = rank - 1 - i / 2;
    frames[d] = {pad[i], pad[i + 1]};
    int64_t size = input.shape()[d];
    bool too_large = __builtin_add_overflow(size, pad[i], &size);
    too_large |= __builtin_add_overflow(size, pad[i + 1], &size);
    if (too_large)
      fail(ErrorKind::runtime, "[pad] the input size ", input.shape()[d], " plus padding ", pad[i], " and ",
           pad[i + 1], " is more than 64 bits can count along dimension ", d);
    if (size < 0 || kept_of(frames[d], input.shape()[d]) < 0)
      fail(ErrorKind::runtime, "[pad] the input size ", input.shape()[d], " plus padding ", pad[i], " and ",
           pad[i + 1], " would be a negative size along dimension ", d);
  }
  return frames;
}

// Negative numbers take away.
Tensor cropped(Tensor input, const SmallVector<Frame, 5>& frames) {
  for (size_t d = 0; d < frames.size(); ++d) {
    int64_t first = std::max<int64_t>(-frames[d].before, 0), fewer = std::max<int64_t>(-frames[d].behind, 0);
    if (first || fewer)
      input = slice(input, {.dim = static_cast<int64_t>(d), .start = first, .end = input.shape()[d] - fewer});
  }
  return input;
}

// A full tensor with the input written into its middle.
Tensor framed(const Tensor& input, const SmallVector<Frame, 5>& frames, double value) {
  Shape shape = to_ints(input.shape());
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += std::max<int64_t>(frames[d].before, 0) + std::max<int64_t>(frames[d].behind, 0);
  if (input.layout().same_shape(Layout(span_of(shape)))) return clone(input, {.memory_format = "contiguous"});
  Tensor frame = full(shape, value, {.dtype = input.dtype()});
  Layout whole(span_of(shape));
  int64_t start = 0;
  for (size_t d = 0; frame.numel() > 0 && d < shape.size(); ++d)
    start += std::max<int64_t>(frames[d].before, 0) * whole.stride(static_cast<int>(d));
  return as_strided_scatter(frame, input, input.shape(), whole.strides(), {.storage_offset = start});
}

// Which element of `size` stands at each place of the framed dimension. What the frame takes away is still
// there to be reflected or repeated, but the circle is closed without it.
Tensor sources_of(std::string_view mode, const Frame& frame, int64_t size) {
  Tensor place = arange(-frame.before, size + frame.behind);
  if (mode == "replicate") return clamp(place, {.min = 0, .max = size - 1});
  if (mode == "circular") {
    int64_t first = std::max<int64_t>(-frame.before, 0);
    return remainder(place - first, kept_of(frame, size)) + first;
  }
  int64_t last = size - 1;
  return last - abs(last - abs(place));
}

Tensor continued(const Tensor& input, std::string_view mode, const Frame& frame, int64_t dim) {
  int64_t size = input.size(dim);
  int64_t most = mode == "reflect"    ? size - 1
                 : mode == "circular" ? kept_of(frame, size)
                                      : std::max(frame.before, frame.behind);
  if (size == 0 || frame.before > most || frame.behind > most)
    fail(ErrorKind::runtime, "[pad] ", mode, " padding (", frame.before, ", ", frame.behind,
         ") is larger than dimension ", dim, " of the input of shape ", input.shape(), " allows");
  std::vector<Tensor> indices(static_cast<size_t>(dim) + 1);
  indices.back() = sources_of(mode, frame, size);
  return index(input, indices);
}

}  // namespace

Tensor pad(const Tensor& input, const IntList& pad, const PadOptions& options) {
  std::string_view mode = options.mode;
  SmallVector<Frame, 5> frames = frames_of(input, pad);
  if (mode == "constant") return framed(cropped(input, frames), frames, options.value.value_or(0));
  if (mode != "reflect" && mode != "replicate" && mode != "circular")
    fail(ErrorKind::runtime, "[pad] mode is \"constant\", \"reflect\", \"replicate\" or \"circular\", not \"",
         mode, "\"");
  if (options.value && *options.value != 0)
    fail(ErrorKind::runtime, "[pad] mode \"", mode, "\" takes no value");
  Tensor result = input;
  for (size_t d = 0; d < frames.size(); ++d)
    if (frames[d].before || frames[d].behind)
      result = continued(result, mode, frames[d], static_cast<int64_t>(d));
  return result;
}

}  // namespace rushlight

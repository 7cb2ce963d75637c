// The gradient of a convolution's weight: the gradient of the result, read where it lies, times what the
// field holds, summed over all positions. Positions are cut into a fixed number of parts, whose sums are
// added up in order.
#include "rushlight/backend/cpu/direct.h"
#include "rushlight/backend/cpu/field.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

constexpr int64_t kPositions = 256;  // multiplied in one go, about: a panel of what they meet fits L1
constexpr int64_t kOutputs = 256;    // of a chunk, at most: their gradients at so many positions stay in L2
constexpr int64_t kColumns = 256;    // channels and taps of a chunk, about
constexpr int64_t kChunks = 16;
constexpr int64_t kSumNumbers = 1 << 24;  // of all parts, about

// Positions that are multiplied in one go: some lines of one plane of them, or several whole planes.
struct Batches {
  int64_t planes, lines, width;  // all there are: of all images, of a plane, of a line
  int64_t batch_lines = clamped(kPositions / width, 1, lines);
  int64_t batch_planes = clamped(kPositions / (lines * width), 1, ceil_div(planes, 4));
  int64_t of_plane = ceil_div(lines, batch_lines);
  int64_t count = ceil_div(planes, batch_planes) * of_plane;

  int64_t most_positions() const { return batch_planes * batch_lines * width; }
};
Batches batches_of(const Slide& slide, int64_t images) {
  return {images * slide.axis[0].positions, slide.axis[1].positions, slide.axis[2].positions};
}

int64_t channels_of_chunk(const Slide& slide, int64_t in_channels) {
  return smaller(round_up(ceil_div(kColumns, slide.taps()), 32), in_channels);
}

// Planes [first, first + count) of positions, of each the same lines; what they meet.
template <class T>
struct Batch {
  int64_t first, count, line, lines;
  const T** fields;
};

template <class T>
class DirectWeightGradient {
 public:
  explicit DirectWeightGradient(const WeightGradientArgs<T>& args) : c(args) {}

  void run() {
    const Scratch sums(bytes_of<T>(parts_ * c.groups * size_));
    sums_ = static_cast<T*>(sums.data());
    parallel_for(parts_ * blocks_, [&](int64_t chunk) {
      const int64_t block = chunk % blocks_, group = block / (in_blocks_ * out_blocks_);
      add_part(chunk / blocks_, group, block % in_blocks_ * block_ins_,
               block / in_blocks_ % out_blocks_ * block_outs_);
    });
    parallel_ranges(c.groups * c.out_channels, row_ * parts_, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) write(i / c.out_channels, i % c.out_channels);
    });
  }

 private:
  // -- sums: a row for each output, the taps and channels of block after block of inputs

  int64_t columns_of(int64_t ins) const { return round_up(c.slide.taps() * ins, Vec<T>::kLanes); }
  T* sum_of(int64_t part, int64_t group, int64_t input, int64_t output) const {
    return sums_ + (part * c.groups + group) * size_ + output * row_ +
           input / block_ins_ * columns_of(block_ins_);
  }

  void add_part(int64_t part, int64_t group, int64_t input, int64_t output) const {
    const Field f(c.slide, c.x_order, smaller(block_ins_, c.in_channels - input), batches_.batch_lines);
    const int64_t planes = batches_.batch_planes, depth = f.depth(),
                  outs = smaller(block_outs_, c.out_channels - output);
    const Scratch field_memory(f.in_place ? 0 : bytes_of<T>(planes * f.size()));
    const Scratch pointer_memory(static_cast<size_t>(planes) * sizeof(const T*));
    const Scratch run_memory(static_cast<size_t>(planes) * sizeof(Run));
    const Scratch place_memory(static_cast<size_t>(outs) * sizeof(Place));
    const Scratch panel_memory(bytes_of<T>(batches_.most_positions() * kPanelCols<T>));
    T *fields = static_cast<T*>(field_memory.data()), *panel = static_cast<T*>(panel_memory.data());
    Run* runs = static_cast<Run*>(run_memory.data());
    Place* places = static_cast<Place*>(place_memory.data());
    for (int64_t o = 0; o < outs; ++o) places[o] = {o * c.grad_order.channel, o * row_};
    const T* x = c.x + (group * c.in_channels + input) * c.x_order.channel;
    const T* grad = c.grad + (group * c.out_channels + output) * c.grad_order.channel;
    T* sum = sum_of(part, group, input, output);
    const int64_t first = batches_.count * part / parts_, last = batches_.count * (part + 1) / parts_;
    for (int64_t i = first; i < last; ++i) {
      const Batch<T> batch = batch_at(i, static_cast<const T**>(pointer_memory.data()));
      find_fields(f, batch, x, fields);
      find_gradients(batch, runs);
      for (int64_t j = 0; j < depth; j += kPanelCols<T>) {
        const int64_t cols = smaller(kPanelCols<T>, depth - j);
        pack_columns(f, batch, j, cols, panel);
        multiply_runs(outs, places, cols, Runs<T>{runs, runs + batch.count, grad, c.grad_order.pixel}, panel,
                      Destination<T>{sum + j, 0, i > first});
      }
    }
  }

  // -- batches of positions

  Batch<T> batch_at(int64_t i, const T** fields) const {
    const int64_t plane = i / batches_.of_plane * batches_.batch_planes,
                  line = i % batches_.of_plane * batches_.batch_lines;
    return {plane, smaller(batches_.batch_planes, batches_.planes - plane), line,
            smaller(batches_.batch_lines, batches_.lines - line), fields};
  }
  int64_t image_of(int64_t plane) const { return plane / c.slide.axis[0].positions; }
  int64_t depth_of(int64_t plane) const { return plane % c.slide.axis[0].positions; }

  void find_fields(const Field& f, const Batch<T>& batch, const T* x, T* memory) const {
    for (int64_t p = 0; p < batch.count; ++p) {
      const int64_t plane = batch.first + p;
      batch.fields[p] = f.make(x + image_of(plane) * c.x_order.image, c.x_order, depth_of(plane), batch.line,
                               batch.lines, f.in_place ? nullptr : memory + p * f.size());
    }
  }

  // Where their gradients lie.
  void find_gradients(const Batch<T>& batch, Run* runs) const {
    for (int64_t p = 0; p < batch.count; ++p) {
      const int64_t plane = batch.first + p, line = depth_of(plane) * batches_.lines + batch.line;
      runs[p] = {image_of(plane) * c.grad_order.image + line * batches_.width * c.grad_order.pixel,
                 batch.lines * batches_.width};
    }
  }

  // Numbers [first, first + cols) of what each position meets: pieces of the field's runs.
  void pack_columns(const Field& f, const Batch<T>& batch, int64_t first, int64_t cols, T* panel) const {
    for (int64_t done = 0, count = 0; done < cols; done += count) {
      const int64_t run = (first + done) / f.run_length(), within = (first + done) % f.run_length();
      count = smaller(f.run_length() - within, cols - done);
      T* to = panel + done;
      for (int64_t p = 0; p < batch.count; ++p)
        for (int64_t line = 0; line < batch.lines; ++line) {
          const T* from = batch.fields[p] + f.run_at(run) + within + line * f.line_step();
          for (int64_t i = 0; i < batches_.width; ++i, from += f.position_step(), to += kPanelCols<T>)
            for (int64_t v = 0; v < kPanelCols<T> - done; v += Vec<T>::kLanes)
              store_partial(to + v, load_partial(from + v, count - v), kPanelCols<T> - done - v);
        }
    }
  }

  // -- the gradient, in the kernel's order

  void write(int64_t group, int64_t output) const {
    const int64_t taps = c.slide.taps();
    T* sum = sum_of(0, group, 0, output);
    for (int64_t part = 1; part < parts_; ++part)
      for (int64_t i = 0; i < row_; i += Vec<T>::kLanes)
        store(sum + i, load(sum + i) + load(sum_of(part, group, 0, output) + i));
    T* out = c.grad_w + (group * c.out_channels + output) * c.in_channels * taps;
    for (int64_t input = 0; input < c.in_channels; input += block_ins_) {
      const int64_t ins = smaller(block_ins_, c.in_channels - input);
      const T* from = sum_of(0, group, input, output);
      for (int64_t i = 0; i < ins; ++i)
        for (int64_t tap = 0; tap < taps; ++tap) *out++ = from[tap * ins + i];
    }
  }

  const WeightGradientArgs<T>& c;
  Batches batches_ = batches_of(c.slide, c.images);
  int64_t block_ins_ = channels_of_chunk(c.slide, c.in_channels);
  int64_t in_blocks_ = ceil_div(c.in_channels, block_ins_);
  int64_t out_blocks_ = ceil_div(c.out_channels, kOutputs);
  int64_t block_outs_ = ceil_div(c.out_channels, out_blocks_);
  int64_t blocks_ = c.groups * in_blocks_ * out_blocks_;
  int64_t row_ =
      (in_blocks_ - 1) * columns_of(block_ins_) + columns_of(c.in_channels - (in_blocks_ - 1) * block_ins_);
  int64_t size_ = c.out_channels * row_;
  int64_t most_parts_ = clamped(kSumNumbers / (c.groups * size_), 1, batches_.count);
  int64_t parts_ = clamped(ceil_div(kChunks, blocks_), 1, most_parts_);
  T* sums_ = nullptr;
};

}  // namespace

template <class T>
bool direct_fits(const WeightGradientArgs<T>& c) {
  constexpr int64_t kMostPositions = 4096;            // of a line, which is multiplied in one go
  constexpr double kMostBytes = 1 << 26;              // of a batch's field, which each thread has
  constexpr double kMostTimes = 16, kMore = 1 << 24;  // numbers of all fields, by those of the images
  if (!channels_fill_vectors(c.groups, c.out_channels) || c.slide.positions() == 0) return false;
  if (c.slide.axis[2].positions > kMostPositions) return false;
  const Batches batches = batches_of(c.slide, c.images * c.groups);
  const double field =
      static_cast<double>(batches.batch_planes) * Field::numbers(c.slide, c.in_channels, batches.batch_lines);
  const double images = static_cast<double>(c.images * c.groups * c.slide.plane() * c.in_channels);
  return field * sizeof(T) <= kMostBytes &&
         field * static_cast<double>(batches.count) <= kMostTimes * images + kMore;
}

template bool direct_fits(const WeightGradientArgs<float>&);
template bool direct_fits(const WeightGradientArgs<double>&);

template <class T>
void direct_weight_gradient(const WeightGradientArgs<T>& args) {
  DirectWeightGradient<T>(args).run();
}

template void direct_weight_gradient(const WeightGradientArgs<float>&);
template void direct_weight_gradient(const WeightGradientArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

// The gradient of a convolution's weight: what the field's runs meet, times the gradient of the result,
// summed over all positions. The images are cut into a fixed number of parts, whose sums are added up in
// order.
#include "rushlight/backend/cpu/direct.h"
#include "rushlight/backend/cpu/field.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

template <class T>
class DirectWeightGradient {
 public:
  explicit DirectWeightGradient(const WeightGradientArgs<T>& args)
      : c(args), field_(args.slide, args.x_order, args.in_channels, args.slide.axis[1].positions) {
    row_blocks_ = ceil_div(field_.depth(), block_rows_);
    parts_ = smaller(c.images, ceil_div(kChunks, smaller(kChunks, row_blocks_ * c.groups)));
  }

  void run() {
    const int64_t planes = field_.d.positions, items = c.images * c.groups * planes;
    const Scratch turned(field_.in_place ? 0 : bytes_of<T>(items * field_.size()));
    fields_ = field_.in_place ? c.x : static_cast<const T*>(turned.data());
    if (!field_.in_place)
      parallel_for(items, [&](int64_t i) {
        field_.make(image(i / planes / c.groups, i / planes % c.groups), c.x_order, i % planes, 0,
                    field_.h.positions, static_cast<T*>(turned.data()) + i * field_.size());
      });
    const Scratch sums(bytes_of<T>(parts_ * c.groups * size_));
    sums_ = static_cast<T*>(sums.data());
    parallel_for(parts_ * c.groups * row_blocks_, [&](int64_t chunk) {
      const int64_t first = chunk % row_blocks_ * block_rows_, item = chunk / row_blocks_;
      add_part(item / c.groups, item % c.groups, first, smaller(block_rows_, field_.depth() - first));
    });
    parallel_ranges(c.groups * (out_row_ / kLanes), kLanes * field_.depth() * parts_,
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i)
                        write(i / (out_row_ / kLanes), i % (out_row_ / kLanes) * kLanes);
                    });
  }

 private:
  static constexpr int64_t kLanes = Vec<T>::kLanes;
  static constexpr int64_t kPositions =
      1024 / sizeof(T);  // multiplied in one go: a panel of gradients fits L1
  static constexpr int64_t kSumNumbers = (128 << 10) / sizeof(T);  // of a chunk, so that they stay in L2
  static constexpr int64_t kChunks = 16;

  const T* image(int64_t n, int64_t group) const {
    return c.x + n * c.x_order.image + group * c.in_channels * c.x_order.channel;
  }

  // -- lines of positions: of all planes of an image, of all images

  int64_t lines_of_plane() const { return field_.h.positions; }
  int64_t lines_of_image() const { return field_.d.positions * lines_of_plane(); }

  // Where the field of a line begins, counted from the first of all.
  int64_t line_at(int64_t line, int64_t group) const {
    const int64_t n = line / lines_of_image(), z = line / lines_of_plane() % field_.d.positions,
                  y = line % lines_of_plane();
    if (field_.in_place)
      return field_.make(image(n, group), c.x_order, z, y, 1, static_cast<T*>(nullptr)) - fields_;
    return ((n * c.groups + group) * field_.d.positions + z) * field_.size() + y * field_.line_step();
  }

  // What lines [first, last) meet; lines that follow each other are one run.
  int64_t find_runs(int64_t first, int64_t last, int64_t group, Run* runs) const {
    int64_t count = 0;
    for (int64_t line = first; line < last; ++line) {
      const int64_t at = line_at(line, group);
      if (count > 0 && at == runs[count - 1].at + runs[count - 1].count * field_.position_step())
        runs[count - 1].count += field_.w.positions;
      else
        runs[count++] = {at, field_.w.positions};
    }
    return count;
  }

  // Their gradients as panels, `depth` rows each.
  void pack_gradients(int64_t first, int64_t last, int64_t group, int64_t depth, T* out) const {
    const auto& [image, channel, pixel] = c.grad_order;
    for (int64_t line = first; line < last;) {
      const int64_t n = line / lines_of_image(), end = smaller(last, (n + 1) * lines_of_image());
      const int64_t count = (end - line) * field_.w.positions;
      const T* grad = c.grad + n * image + group * c.out_channels * channel +
                      line % lines_of_image() * field_.w.positions * pixel;
      T* to = out + (line - first) * field_.w.positions * kPanelCols<T>;
      for (int64_t o = 0; o < c.out_channels; o += kPanelCols<T>)
        pack_panel(count, smaller(kPanelCols<T>, c.out_channels - o), grad + o * channel, pixel, channel,
                   to + o * depth);
      line = end;
    }
  }

  // -- sums: rows are channels and taps, as the field's runs hold them

  T* sum_of(int64_t part, int64_t group) const { return sums_ + (part * c.groups + group) * size_; }

  void add_part(int64_t part, int64_t group, int64_t first, int64_t rows) const {
    const int64_t per_part = ceil_div(c.images, parts_) * lines_of_image(), all = c.images * lines_of_image();
    const int64_t begin = smaller(part * per_part, all), end = smaller(begin + per_part, all);
    const int64_t lines = clamped(kPositions / field_.w.positions, 1, end - begin + 1);
    const int64_t depth = lines * field_.w.positions;
    const Scratch run_memory(sizeof(Run) * static_cast<size_t>(lines));
    const Scratch panel_memory(bytes_of<T>(depth * round_up(c.out_channels, kPanelCols<T>)));
    const Scratch left_memory(bytes_of<T>(depth * smaller(rows, field_.run_length())));
    Run* runs = static_cast<Run*>(run_memory.data());
    T *panels = static_cast<T*>(panel_memory.data()), *left = static_cast<T*>(left_memory.data());
    T* sum = sum_of(part, group);
    for (int64_t i = first * out_row_; begin == end && i < (first + rows) * out_row_; ++i) sum[i] = 0;
    for (int64_t line = begin; line < end; line += lines) {
      const int64_t last = smaller(line + lines, end), count = (last - line) * field_.w.positions;
      const Run* runs_end = runs + find_runs(line, last, group, runs);
      pack_gradients(line, last, group, count, panels);
      add_rows(first, rows, count, runs, runs_end, Panels<T>{panels, count * kPanelCols<T>, kPanelCols<T>},
               left, {sum, out_row_, line > begin});
    }
  }

  // Rows [first, first + rows) of the sum, as far as each run of the field holds them.
  void add_rows(int64_t first, int64_t rows, int64_t depth, const Run* begin, const Run* end,
                Panels<T> panels, T* left, const Destination<T>& to) const {
    const int64_t length = field_.run_length();
    for (int64_t row = first; row < first + rows;) {
      const int64_t run = row / length, stop = smaller((run + 1) * length, first + rows);
      pack_rows(fields_ + field_.run_at(run) + row % length, stop - row, begin, end, left);
      multiply_packed_block(stop - row, c.out_channels, depth, left, panels, to.at(row, 0));
      row = stop;
    }
  }

  // Tiles of pack_left. In place, positions whose channels are a power of two would compete for few places of
  // the cache.
  void pack_rows(const T* field, int64_t m, const Run* begin, const Run* end, T* out) const {
    for (int64_t i = 0; i < m;) {
      const int rows = next_tile_rows(m - i);
      for (const Run* run = begin; run != end; ++run) {
        const T* from = field + run->at + i;
        for (int64_t k = 0; k < run->count; ++k, from += field_.position_step(), out += rows)
          if (rows == kTileRows)
            __builtin_memcpy(out, from, kTileRows * sizeof(T));
          else
            for (int r = 0; r < rows; ++r) out[r] = from[r];
      }
      i += rows;
    }
  }

  // Some outputs of the gradient, in the kernel's order.
  void write(int64_t group, int64_t o) const {
    const int64_t taps = c.slide.taps(), depth = field_.depth(),
                  outputs = smaller(kLanes, c.out_channels - o);
    T* out = c.grad_w + (group * c.out_channels + o) * depth;
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t i = 0; i < c.in_channels; ++i) {
        const T* from = sum_of(0, group) + (tap * c.in_channels + i) * out_row_ + o;
        Vec<T> total = load(from);
        for (int64_t part = 1; part < parts_; ++part) total += load(from + part * c.groups * size_);
        for (int64_t l = 0; l < outputs; ++l) out[l * depth + i * taps + tap] = total[static_cast<int>(l)];
      }
  }

  const WeightGradientArgs<T>& c;
  Field field_;
  int64_t out_row_ = padded_channels<T>(c.out_channels), size_ = field_.depth() * out_row_;
  int64_t block_rows_ = clamped(kSumNumbers / out_row_ / kTileRows, 8, 32) * kTileRows, row_blocks_ = 0,
          parts_ = 0;
  const T* fields_ = nullptr;
  T* sums_ = nullptr;
};

}  // namespace

template <class T>
bool direct_fits(const WeightGradientArgs<T>& c) {
  constexpr int64_t kMostPositions = 4096;            // of a line, which is multiplied in one go
  constexpr double kMostTimes = 16, kMore = 1 << 24;  // numbers of all fields, by those of the images
  const SlideAxis* axis = c.slide.axis;
  if (!channels_fill_vectors(c.groups, c.out_channels) || axis[2].positions > kMostPositions) return false;
  const double field = Field::numbers(c.slide, c.in_channels, axis[1].positions);
  const double image = static_cast<double>(c.slide.plane() * c.in_channels);
  const double all = static_cast<double>(c.images * c.groups);
  return all * field * static_cast<double>(axis[0].positions) <= kMostTimes * all * image + kMore;
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

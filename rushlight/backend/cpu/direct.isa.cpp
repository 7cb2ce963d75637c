// The convolution itself, and the gradient of its image: rows of results by blocks, whose field stays in L2.
// How the work is cut depends on shapes alone.
#include "rushlight/backend/cpu/direct.h"

#include "rushlight/backend/cpu/field.h"
#include "rushlight/backend/cpu/scratch.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

constexpr int64_t kBlockBytes = 192 << 10;  // of a block's field, and of its results
constexpr int64_t kChunkWork = 1 << 20;     // multiplications that a chunk should hold
constexpr int64_t kChunks = 16;             // rather than fewer, outputs are cut too
template <class T>
constexpr int64_t kDepth = 1024 / sizeof(T);  // a panel of weights so deep fits L1

// How many pieces no longer than kDepth a run of the field is cut into.
template <class T>
int64_t pieces_of_run(const Field& field) {
  return ceil_div(field.run_length(), kDepth<T>);
}

// One slide, ready to run.
template <class T>
struct Prepared {
  Field field;
  const Run* runs;
  int64_t run_count;
  const T* weights;  // panels of output channels, of each group
};

// -- weights

// A panel of a group, from output `first` on: for each tap, in the image's order, and each channel a row of
// outputs.
template <class T>
void pack_weight_panel(const ConvolutionArgs<T>& c, const Field& f, const T* w, int64_t first, T* out) {
  const int64_t cols = smaller(kPanelCols<T>, c.out_channels - first);
  const int64_t taps = c.kernel[0] * c.kernel[1] * c.kernel[2];
  w += first * c.w_out;
  if (taps == 1 && f.depth() > 0) return pack_panel(c.in_channels, cols, w, c.w_in, c.w_out, out);
  const Scratch memory(bytes_of<T>(taps * kPanelCols<T>));
  T* channel = static_cast<T*>(memory.data());
  for (int64_t i = 0; i < c.in_channels; ++i, out += kPanelCols<T>) {
    pack_panel(taps, cols, w + i * c.w_in, 1, c.w_out, channel);
    T* to = out;
    for (int64_t td = 0; td < f.d.taps; ++td)
      for (int64_t th = 0; th < f.h.taps; ++th)
        for (int64_t tw = 0; tw < f.w.taps; ++tw, to += c.in_channels * kPanelCols<T>) {
          const int64_t z = f.d.w_first + td * f.d.w_step, y = f.h.w_first + th * f.h.w_step,
                        x = f.w.w_first + tw * f.w.w_step;
          const T* row = channel + ((z * c.kernel[1] + y) * c.kernel[2] + x) * kPanelCols<T>;
          store(to, load(row));
          store(to + Vec<T>::kLanes, load(row + Vec<T>::kLanes));
        }
  }
}

template <class T>
int64_t weight_numbers(const ConvolutionArgs<T>& c, const Field& f) {
  return c.groups * round_up(c.out_channels, kPanelCols<T>) * f.depth();
}

template <class T>
void pack_weights(const ConvolutionArgs<T>& c, const Field& f, T* out) {
  const int64_t panels = ceil_div(c.out_channels, kPanelCols<T>), size = f.depth() * kPanelCols<T>;
  parallel_for(c.groups * panels, [&](int64_t i) {
    pack_weight_panel(c, f, c.w + i / panels * c.w_group, i % panels * kPanelCols<T>, out + i * size);
  });
}

// -- blocks of results

// Rows [first, first + count) of one plane of results, of one image and some outputs of a group.
struct ResultRows {
  int64_t image, group, z, first, count, output, outputs;
};

template <class T>
class DirectConvolution {
 public:
  explicit DirectConvolution(const ConvolutionArgs<T>& args) : c(args), by_pixel_(args.y_order.channel == 1) {
    const int64_t row_numbers = c.result[2] * padded_channels<T>(c.out_channels);
    int64_t most = rows_that_fit(row_numbers);
    for (int64_t i = 0; i < c.slide_count; ++i) most = smaller(most, rows_of_field(c.slides[i]));
    const int64_t blocks = ceil_div(c.result[1], clamped(most, 1, c.result[1]));
    block_rows_ = ceil_div(c.result[1], blocks);
  }

  void run() {
    const Scratch slides(sizeof(Prepared<T>) * static_cast<size_t>(c.slide_count));
    slides_ = static_cast<Prepared<T>*>(slides.data());
    int64_t weights = 0, runs = 0;
    for (int64_t i = 0; i < c.slide_count; ++i) {
      Field f = field_of(c.slides[i]);
      weights += weight_numbers(c, f);
      runs += f.runs() * pieces_of_run<T>(f);
    }
    const Scratch weight_memory(bytes_of<T>(weights)), run_memory(sizeof(Run) * static_cast<size_t>(runs));
    prepare(static_cast<T*>(weight_memory.data()), static_cast<Run*>(run_memory.data()));
    const int64_t row_blocks = ceil_div(c.result[1], block_rows_), blocks = c.result[0] * row_blocks;
    const int64_t items = c.images * c.groups, together = items_of_chunk();
    const int64_t pieces = ceil_div(items, together) * blocks, parts = parts_of_outputs(pieces);
    const int64_t outputs = round_up(ceil_div(c.out_channels, parts), kPanelCols<T>);
    parallel_for(pieces * parts, [&](int64_t chunk) {
      const int64_t output = chunk % parts * outputs, piece = chunk / parts;
      const int64_t block = piece % blocks, first = block % row_blocks * block_rows_;
      const int64_t begin = piece / blocks * together, end = smaller(items, begin + together);
      for (int64_t item = begin; output < c.out_channels && item < end; ++item)
        compute({item / c.groups, item % c.groups, block / row_blocks, first,
                 smaller(block_rows_, c.result[1] - first), output,
                 smaller(outputs, c.out_channels - output)});
    });
  }

 private:
  static int64_t rows_that_fit(int64_t row_numbers) {
    return kBlockBytes / static_cast<int64_t>(sizeof(T)) / (row_numbers + 1);
  }
  Field field_of(const Slide& slide) const {
    return Field(slide, c.x_order, c.in_channels, ceil_div(block_rows_, slide.axis[1].to_step) + 1);
  }
  // Rows of results whose field fits.
  int64_t rows_of_field(const Slide& slide) const {
    const Field f(slide, c.x_order, c.in_channels, 1);
    return rows_that_fit(f.d.taps * f.h.step * f.width * f.channels) * f.h.to_step;
  }
  // Multiplications of a block of rows.
  int64_t work_of_block() const {
    int64_t depth = 1;
    for (int64_t i = 0; i < c.slide_count; ++i) depth += c.slides[i].taps() * c.in_channels;
    return block_rows_ * c.result[2] * c.out_channels * depth / c.slide_count;
  }
  // Of images or groups too small to be worth a chunk.
  int64_t items_of_chunk() const { return clamped(kChunkWork / (work_of_block() + 1), 1, 8); }
  // Of the outputs, where there are few images and rows.
  int64_t parts_of_outputs(int64_t pieces) const {
    const int64_t most = smaller(ceil_div(c.out_channels, kPanelCols<T>), work_of_block() / kChunkWork);
    return clamped(ceil_div(kChunks, pieces), 1, clamped(most, 1, kChunks));
  }

  void prepare(T* weights, Run* runs) {
    for (int64_t i = 0; i < c.slide_count; ++i) {
      Prepared<T>& slide = slides_[i] = {field_of(c.slides[i]), runs, 0, weights};
      const Field& f = slide.field;
      pack_weights(c, f, weights);
      weights += weight_numbers(c, f);
      for (int64_t run = 0; run < f.runs(); ++run)
        for (int64_t done = 0; done < f.run_length(); done += kDepth<T>)
          runs[slide.run_count++] = {f.run_at(run) + done, smaller(kDepth<T>, f.run_length() - done)};
      runs += slide.run_count;
    }
  }

  void compute(const ResultRows& rows) const {
    const int64_t pixels = rows.count * c.result[2], padded = padded_channels<T>(rows.outputs);
    const int64_t start = (rows.z * c.result[1] + rows.first) * c.result[2];
    T* y = c.y + rows.image * c.y_order.image +
           (rows.group * c.out_channels + rows.output) * c.y_order.channel + start * c.y_order.pixel;
    const Scratch turned(by_pixel_ ? 0 : bytes_of<T>(pixels * padded));
    T* results = by_pixel_ ? y : static_cast<T*>(turned.data());
    const int64_t pixel = by_pixel_ ? c.y_order.pixel : padded;
    for (int64_t i = 0; i < c.slide_count; ++i) slide_over(slides_[i], rows, results, pixel);
    if (!by_pixel_) give_pixels(results, padded, rows.outputs, pixels, c.y_order, y);
  }

  // The positions of one slide whose results are among the rows; `results` is where the rows begin.
  void slide_over(const Prepared<T>& slide, const ResultRows& rows, T* results, int64_t pixel) const {
    const SlideAxis &d = slide.field.d, &h = slide.field.h, &w = slide.field.w;
    const int64_t past = rows.z - d.to_first;
    if (past < 0 || past % d.to_step != 0 || past / d.to_step >= d.positions) return;
    const int64_t begin = clamped(ceil_div(rows.first - h.to_first, h.to_step), 0, h.positions);
    const int64_t end =
        clamped(ceil_div(rows.first + rows.count - h.to_first, h.to_step), begin, h.positions);
    if (begin == end || w.positions == 0) return;
    const Scratch memory(slide.field.in_place ? 0 : bytes_of<T>(slide.field.size()));
    const T* x = c.x + rows.image * c.x_order.image + rows.group * c.in_channels * c.x_order.channel;
    const T* field = slide.run_count == 0 ? c.x
                                          : slide.field.make(x, c.x_order, past / d.to_step, begin,
                                                             end - begin, static_cast<T*>(memory.data()));
    const int64_t first = (h.to_first + begin * h.to_step - rows.first) * c.result[2] + w.to_first;
    const int64_t count = (end - begin) * w.positions;
    const Scratch place_memory(sizeof(Place) * static_cast<size_t>(count));
    Place* places = static_cast<Place*>(place_memory.data());
    for (int64_t i = 0; i < end - begin; ++i)
      for (int64_t j = 0; j < w.positions; ++j)
        places[i * w.positions + j] = {i * slide.field.line_step() + j * slide.field.position_step(),
                                       (first + i * h.to_step * c.result[2] + j * w.to_step) * pixel};
    multiply(slide, rows, field, places, count, results);
  }

  // Positions of one field.
  void multiply(const Prepared<T>& slide, const ResultRows& rows, const T* field, const Place* places,
                int64_t count, T* to) const {
    const int64_t size = slide.field.depth();
    const T* weights =
        slide.weights + (rows.group * round_up(c.out_channels, kPanelCols<T>) + rows.output) * size;
    const T* bias = c.bias ? c.bias + rows.group * c.out_channels + rows.output : nullptr;
    const Run *run = slide.runs, *last = run + slide.run_count;
    int64_t done = 0;
    do {
      const Run* end = run;
      int64_t depth = 0;
      while (end != last && depth + end->count <= kDepth<T>) depth += end++->count;
      for (int64_t o = 0; o < rows.outputs; o += kPanelCols<T>)
        multiply_runs(count, places, smaller(kPanelCols<T>, rows.outputs - o), Runs<T>{run, end, field, 1},
                      weights + o * size + done * kPanelCols<T>,
                      Destination<T>{to + o, 0, done > 0, done == 0 && bias ? bias + o : nullptr});
      run = end;
      done += depth;
    } while (run != last);
  }

  const ConvolutionArgs<T>& c;
  bool by_pixel_;
  int64_t block_rows_;
  Prepared<T>* slides_ = nullptr;
};

}  // namespace

template <class T>
bool direct_fits(const ConvolutionArgs<T>& c) {
  constexpr double kMostBytes = 1 << 26;  // of the field of one row of positions, which each thread has
  bool fits = channels_fill_vectors(c.groups, c.out_channels);
  for (int64_t i = 0; fits && i < c.slide_count; ++i)
    fits = Field::numbers(c.slides[i], c.in_channels, 1) * sizeof(T) <= kMostBytes;
  return fits;
}

template bool direct_fits(const ConvolutionArgs<float>&);
template bool direct_fits(const ConvolutionArgs<double>&);

template <class T>
void direct_convolution(const ConvolutionArgs<T>& args) {
  DirectConvolution<T>(args).run();
}

template void direct_convolution(const ConvolutionArgs<float>&);
template void direct_convolution(const ConvolutionArgs<double>&);

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

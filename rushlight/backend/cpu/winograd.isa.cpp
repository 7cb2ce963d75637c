// 3x3 convolutions of stride 1 as 36 matrix products over transformed tiles. The images are cut into blocks
// of some tiles; a block's pixels are turned channel by channel, transformed, multiplied and turned back
// while they are in L2. How the work is cut depends on shapes alone.
#include "rushlight/backend/cpu/winograd.h"

#include "rushlight/backend/cpu/gemm_block.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/winograd_tiles.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

namespace {

constexpr int64_t kTiles = 32;         // of a block, about
constexpr int64_t kMostColumns = 128;  // tiles side by side: a block holds a row of them at least
constexpr int64_t kChannels = 128;     // that are multiplied in one go
constexpr int64_t kPanel = kPanelCols<float>;

// One axis of a three-tap kernel, its taps in rising order: result i meets the image's elements i + first +
// t.
struct TileAxis {
  int64_t image, results, first, w_first, w_step;

  explicit TileAxis(const SlideAxis& a)
      : image(a.image), results(a.positions), first(a.first), w_first(a.w_first), w_step(a.w_step) {}
  int64_t tiles() const { return ceil_div(results, kTileOut); }
};

// Some images' rows of tiles.
struct TileBlock {
  int64_t image, images, row, rows;
};

// How the images are cut into blocks: several whole images, or some rows of one.
struct Tiling {
  TileAxis y, x;
  int64_t images;
  int64_t columns = x.tiles();
  int64_t block_rows = clamped(kTiles / columns, 1, y.tiles());
  int64_t block_images = clamped(kTiles / (columns * y.tiles()), 1, images);
  int64_t row_blocks = ceil_div(y.tiles(), block_rows);

  Tiling(const Slide& slide, int64_t image_count)
      : y(slide.axis[1].rising()), x(slide.axis[2].rising()), images(image_count) {}

  int64_t blocks() const { return ceil_div(images, block_images) * row_blocks; }
  TileBlock block(int64_t b) const {
    const int64_t image = b / row_blocks * block_images, row = b % row_blocks * block_rows;
    return {image, smaller(block_images, images - image), row, smaller(block_rows, y.tiles() - row)};
  }
  int64_t most_tiles() const { return block_images * block_rows * columns; }
  int64_t all_tiles() const { return images * y.tiles() * columns; }
  // How many tiles the blocks before this one have.
  int64_t tiles_before(const TileBlock& b) const {
    return (b.image * y.tiles() + b.images * b.row) * columns;
  }
  int64_t tiles(const TileBlock& b) const { return b.images * b.rows * columns; }
};

// A block's rows of pixels in each of its images.
struct PixelRows {
  int64_t first, count, width;
  int64_t pixels() const { return count * width; }
  int64_t before() const { return first * width; }
};
PixelRows image_rows(const Tiling& t, const TileBlock& b) {
  const int64_t top = b.row * kTileOut + t.y.first;
  const int64_t first = clamped(top, 0, t.y.image);
  return {first, clamped(top + b.rows * kTileOut + 2, first, t.y.image) - first, t.x.image};
}
PixelRows result_rows(const Tiling& t, const TileBlock& b) {
  const int64_t first = b.row * kTileOut;
  return {first, smaller(b.rows * kTileOut, t.y.results - first), t.x.results};
}
int64_t most_image_pixels(const Tiling& t) {
  return t.block_images * smaller(t.block_rows * kTileOut + 2, t.y.image) * t.x.image;
}
int64_t most_result_pixels(const Tiling& t) {
  return t.block_images * smaller(t.block_rows * kTileOut, t.y.results) * t.x.results;
}

// body(tile, image of the block, row and column of tiles in that image)
template <class Body>
RUSHLIGHT_INLINE void each_tile(const Tiling& t, const TileBlock& b, Body body) {
  int64_t tile = 0;
  for (int64_t image = 0; image < b.images; ++image)
    for (int64_t row = b.row; row < b.row + b.rows; ++row)
      for (int64_t column = 0; column < t.columns; ++column) body(tile++, image, row, column);
}

// Matrices for each part of the tiles. They lie a line more than their size apart: a power of two would send
// the parts of one tile to the same few places of the cache.
struct PartMatrices {
  float* data;
  int64_t row, part;

  PartMatrices(float* memory, int64_t tiles, int64_t channels)
      : data(memory), row(padded_channels<float>(channels)), part(size(tiles, channels) / kTileParts) {}
  static int64_t size(int64_t tiles, int64_t channels) {
    return kTileParts * (tiles * padded_channels<float>(channels) + 16);
  }
  float* at(int64_t tile) const { return data + tile * row; }
  PartMatrices from(int64_t tile, int64_t channel) const {
    PartMatrices rest = *this;
    rest.data += tile * row + channel;
    return rest;
  }
};

// Some channels of a block's pixels, those of each pixel side by side and filling whole vectors.
struct BlockPixels {
  float* data;
  int64_t image, row;  // strides of images and pixels
  float* outside;      // stands for the pixels that are not in the image
};

// Numbers of scratch that a block's pixels and the one outside may need.
int64_t pixel_numbers(int64_t pixels, int64_t channels) {
  return (pixels + 1) * padded_channels<float>(channels);
}

BlockPixels in_scratch(float* scratch, int64_t channels, const TileBlock& b, const PixelRows& rows) {
  const int64_t row = padded_channels<float>(channels);
  return {scratch, rows.pixels() * row, row, scratch + b.images * rows.pixels() * row};
}

// `data` is the first of the channels. Pixels are copied even where they lie side by side already: tiles are
// read here and there, which only L2 bears.
BlockPixels read_pixels(const float* data, const ImageOrder& order, int64_t channels, const TileBlock& b,
                        const PixelRows& rows, float* scratch) {
  const BlockPixels own = in_scratch(scratch, channels, b, rows);
  for (int64_t c = 0; c < padded_channels<float>(channels); ++c) own.outside[c] = 0;
  for (int64_t n = 0; n < b.images; ++n)
    take_pixels(data + (b.image + n) * order.image + rows.before() * order.pixel, order, channels,
                rows.pixels(), own.data + n * own.image, own.row);
  return own;
}

// Where the pixels of a tile begin, of which (y, x) is the first, counted from the block's first row.
template <int Side>
struct TilePixels {
  float* at[Side][Side];

  TilePixels(const BlockPixels& pixels, const PixelRows& rows, int64_t image, int64_t y, int64_t x) {
    for (int i = 0; i < Side; ++i)
      for (int j = 0; j < Side; ++j) {
        const bool inside = y + i >= 0 && y + i < rows.count && x + j >= 0 && x + j < rows.width;
        at[i][j] = inside ? pixels.data + image * pixels.image + ((y + i) * rows.width + x + j) * pixels.row
                          : pixels.outside;
      }
  }
};

// Transforms a block's tiles. The first pixel of a tile lies y_first and x_first from its first result.
template <class Transform>
void transform_tiles(const Tiling& t, const TileBlock& b, const PixelRows& rows, int64_t y_first,
                     int64_t x_first, const BlockPixels& pixels, const PartMatrices& to) {
  each_tile(t, b, [&](int64_t tile, int64_t image, int64_t row, int64_t column) {
    const TilePixels<Transform::kFrom> from(pixels, rows, image, row * kTileOut + y_first - rows.first,
                                            column * kTileOut + x_first);
    for (int64_t c = 0; c < pixels.row; c += Floats::kLanes) {
      float* out = to.at(tile) + c;
      transform_square<Transform>(
          [&](int i, int j) __attribute__((always_inline)) { return load(from.at[i][j] + c); },
          [&](int i, int j, Floats value)
              __attribute__((always_inline)) { store(out + (i * kTileIn + j) * to.part, value); });
    }
  });
}

// -- forward, and the gradient of the image

// The transformed weights of a group: for each part, panels of output channels that run through all inputs.
struct WinogradWeights {
  const ConvolutionArgs<float>& c;
  TileAxis y, x;
  int64_t panels = ceil_div(c.out_channels, kPanel);
  int64_t part = panels * c.in_channels * kPanel + 16,
          group = part * kTileParts;  // apart as PartMatrices' are
  float* data = nullptr;

  // One input channel of a group.
  void transform(int64_t g, int64_t i) const {
    float taps[9 * kPanel];  // a row of output channels for each
    for (int64_t first = 0; first < c.out_channels; first += kPanel) {
      const float* from = c.w + g * c.w_group + i * c.w_in + first * c.w_out;
      pack_panel(9, smaller(kPanel, c.out_channels - first), from, 1, c.w_out, taps);
      for (int64_t o = 0; o < kPanel; o += Floats::kLanes) {
        float* out = data + g * group + (first / kPanel * c.in_channels + i) * kPanel + o;
        transform_square<WeightTransform>(
            [&](int ty, int tx) {
              return load(taps + ((y.w_first + ty * y.w_step) * 3 + x.w_first + tx * x.w_step) * kPanel + o);
            },
            [&](int row, int column, Floats value) { store(out + (row * kTileIn + column) * part, value); });
      }
    }
  }
  Panels<float> at(int64_t g, int e, int64_t input, int64_t output) const {
    return Panels<float>{data + g * group + e * part, c.in_channels * kPanel, kPanel}.at(input, output);
  }
};

// Some input channels' tiles of a block.
void transform_image(const ConvolutionArgs<float>& c, const Tiling& t, const TileBlock& b, int64_t group,
                     int64_t input, int64_t channels, const PartMatrices& to) {
  const PixelRows rows = image_rows(t, b);
  const Scratch scratch(static_cast<size_t>(pixel_numbers(most_image_pixels(t), channels)) * sizeof(float));
  const float* x = c.x + (group * c.in_channels + input) * c.x_order.channel;
  transform_tiles<InputTransform>(
      t, b, rows, t.y.first, t.x.first,
      read_pixels(x, c.x_order, channels, b, rows, static_cast<float*>(scratch.data())), to);
}

// Transforms a block's products back: `count` output channels of a group from `output` on.
void write_block(const ConvolutionArgs<float>& c, const Tiling& t, const TileBlock& b, int64_t group,
                 int64_t output, int64_t count, const PartMatrices& parts) {
  const PixelRows rows = result_rows(t, b);
  const int64_t first = group * c.out_channels + output;
  const Scratch scratch(static_cast<size_t>(pixel_numbers(most_result_pixels(t), count)) * sizeof(float));
  const BlockPixels own = in_scratch(static_cast<float*>(scratch.data()), count, b, rows);
  float* y = c.y + first * c.y_order.channel;
  const auto& [image_step, channel_step, pixel_step] = c.y_order;
  const bool direct =
      channel_step == 1 && count == parts.row;  // whole vectors may be written where they belong
  const BlockPixels there{y + b.image * image_step + rows.before() * pixel_step, image_step, pixel_step,
                          own.outside};
  const BlockPixels& pixels = direct ? there : own;
  each_tile(t, b, [&](int64_t tile, int64_t image, int64_t row, int64_t column) {
    const TilePixels<kTileOut> to(pixels, rows, image, (row - b.row) * kTileOut, column * kTileOut);
    for (int64_t o = 0; o < parts.row; o += Floats::kLanes) {
      const float* from = parts.at(tile) + o;
      const Floats bias = c.bias ? load_partial(c.bias + first + o, count - o) : Floats(0);
      transform_square<OutputTransform>(
          [&](int i, int j)
              __attribute__((always_inline)) { return load(from + (i * kTileIn + j) * parts.part); },
          [&](int i, int j, Floats value)
              __attribute__((always_inline)) { store(to.at[i][j] + o, value + bias); });
    }
  });
  for (int64_t n = 0; !direct && n < b.images; ++n)
    give_pixels(own.data + n * own.image, own.row, count, rows.pixels(), c.y_order,
                y + (b.image + n) * image_step + rows.before() * pixel_step);
}

// One block of results: `count` output channels of a group from `output` on.
struct WinogradBlock {
  const ConvolutionArgs<float>& c;
  const Tiling& t;
  const WinogradWeights& weights;

  void run(const TileBlock& b, int64_t group, int64_t output, int64_t count) const {
    const int64_t tiles = t.most_tiles(), channels = smaller(kChannels, c.in_channels);
    const Scratch products(static_cast<size_t>(PartMatrices::size(tiles, count)) * sizeof(float));
    const PartMatrices results(static_cast<float*>(products.data()), tiles, count);
    const Scratch parts(static_cast<size_t>(PartMatrices::size(tiles, channels)) * sizeof(float));
    for (int64_t i = 0; i < c.in_channels; i += kChannels)
      multiply(b, group, i, smaller(kChannels, c.in_channels - i), output, count,
               static_cast<float*>(parts.data()), results);
    write_block(c, t, b, group, output, count, results);
  }

  void multiply(const TileBlock& b, int64_t group, int64_t input, int64_t channels, int64_t output,
                int64_t count, float* memory, const PartMatrices& results) const {
    const PartMatrices parts(memory, t.most_tiles(), channels);
    transform_image(c, t, b, group, input, channels, parts);
    for (int e = 0; e < kTileParts; ++e)
      multiply_block(t.tiles(b), count, channels,
                     LeftMatrix<float>{parts.data + e * parts.part, parts.row, 1},
                     weights.at(group, e, input, output),
                     Destination<float>{results.data + e * results.part, results.row, input > 0});
  }
};

// The same for few tiles and many channels: transformed weights, four times as many as the weights, would be
// written to memory for little use. So all tiles are transformed first, and each chunk transforms its own
// weights, some channels at a time, which stay in L2.
struct WinogradOfFewTiles {
  static constexpr int64_t kInputs = 64;  // transformed at a time, for a panel of outputs

  const ConvolutionArgs<float>& c;
  const Tiling& t;
  int64_t tiles = t.all_tiles();
  int64_t panels = ceil_div(c.out_channels, kPanel);
  float* transformed = nullptr;  // each group's tiles

  PartMatrices image(int64_t group) const {
    return {transformed + group * PartMatrices::size(tiles, c.in_channels), tiles, c.in_channels};
  }

  void transform_images() const {
    const int64_t pieces = ceil_div(c.in_channels, kInputs);
    parallel_for(c.groups * t.blocks() * pieces, [&](int64_t chunk) {
      const int64_t input = chunk % pieces * kInputs, b = chunk / pieces % t.blocks(),
                    group = chunk / pieces / t.blocks();
      transform_image(c, t, t.block(b), group, input, smaller(kInputs, c.in_channels - input),
                      image(group).from(t.tiles_before(t.block(b)), input));
    });
  }

  void compute(int64_t group, int64_t output) const {
    const int64_t count = smaller(kPanel, c.out_channels - output);
    const Scratch products(static_cast<size_t>(PartMatrices::size(tiles, count)) * sizeof(float));
    const PartMatrices parts = image(group), results(static_cast<float*>(products.data()), tiles, count);
    const Scratch memory(static_cast<size_t>(kTileParts * (kInputs * kPanel + 16)) * sizeof(float));
    for (int64_t i = 0; i < c.in_channels; i += kInputs) {
      ConvolutionArgs<float> piece = c;
      piece.w += group * c.w_group + output * c.w_out + i * c.w_in;
      piece.in_channels = smaller(kInputs, c.in_channels - i);
      piece.out_channels = count;
      WinogradWeights weights{.c = piece, .y = t.y, .x = t.x};
      weights.data = static_cast<float*>(memory.data());
      for (int64_t j = 0; j < piece.in_channels; ++j) {
        for (int64_t at = 0; c.w_in > c.w_out && at < 9 * count; at += 16)
          __builtin_prefetch(piece.w + (j + 1) * c.w_in + at);
        weights.transform(0, j);
      }
      for (int e = 0; e < kTileParts; ++e)
        multiply_block(
            tiles, count, piece.in_channels, LeftMatrix<float>{parts.data + e * parts.part + i, parts.row, 1},
            weights.at(0, e, 0, 0), Destination<float>{results.data + e * results.part, results.row, i > 0});
    }
    for (int64_t b = 0; b < t.blocks(); ++b)
      write_block(c, t, t.block(b), group, output, count, results.from(t.tiles_before(t.block(b)), 0));
  }

  void run() {
    const Scratch memory(static_cast<size_t>(c.groups * PartMatrices::size(tiles, c.in_channels)) *
                         sizeof(float));
    transformed = static_cast<float*>(memory.data());
    transform_images();
    parallel_for(c.groups * panels, [&](int64_t chunk) { compute(chunk / panels, chunk % panels * kPanel); });
  }
};

// -- the gradient of the weight

// Blocks of tiles are cut into a fixed number of parts, whose sums are added up in order. Channels are cut
// too, so that a chunk's sums stay in L2.
struct WinogradWeightGradient {
  static constexpr int64_t kBlock = 64;  // channels, in and out
  static constexpr int64_t kChunks = 16, kLeastChunks = 8;
  static constexpr int64_t kLeastTiles = 256;  // for which a part's sum is worth being written and read

  const WeightGradientArgs<float>& c;
  Tiling t{c.slide, c.images};
  int64_t in_blocks = ceil_div(c.in_channels, kBlock), out_blocks = ceil_div(c.out_channels, kBlock);
  int64_t blocks = c.groups * in_blocks * out_blocks;
  int64_t worthwhile = t.all_tiles() / kLeastTiles + kLeastChunks / blocks;
  int64_t parts = clamped(kChunks / blocks, 1, clamped(worthwhile, 1, t.blocks()));
  int64_t out_row = padded_channels<float>(c.out_channels),
          part_size = c.in_channels * out_row;  // of one sum and e
  float* sums = nullptr;                        // parts x groups x 36 x in_channels x out_row

  float* sum_of(int64_t part, int64_t group, int e) const {
    return sums + ((part * c.groups + group) * kTileParts + e) * part_size;
  }

  void add_part(int64_t part, int64_t group, int64_t input, int64_t output) const {
    const int64_t ins = smaller(kBlock, c.in_channels - input),
                  outs = smaller(kBlock, c.out_channels - output);
    const int64_t tiles = t.most_tiles();
    const auto numbers = [](int64_t count) { return static_cast<size_t>(count) * sizeof(float); };
    const Scratch left_memory(numbers(PartMatrices::size(tiles, ins)));
    const Scratch right_memory(numbers(PartMatrices::size(tiles, outs)));
    const int64_t image_numbers = pixel_numbers(most_image_pixels(t), ins);
    const int64_t result_numbers = pixel_numbers(most_result_pixels(t), outs);
    const Scratch pixel_memory(numbers(image_numbers > result_numbers ? image_numbers : result_numbers));
    const PartMatrices left(static_cast<float*>(left_memory.data()), tiles, ins);
    const PartMatrices right(static_cast<float*>(right_memory.data()), tiles, outs);
    float* pixels = static_cast<float*>(pixel_memory.data());
    const float* x = c.x + (group * c.in_channels + input) * c.x_order.channel;
    const float* grad = c.grad + (group * c.out_channels + output) * c.grad_order.channel;
    const int64_t first = t.blocks() * part / parts, last = t.blocks() * (part + 1) / parts;
    for (int64_t i = first; i < last; ++i) {
      const TileBlock b = t.block(i);
      const PixelRows wide = image_rows(t, b), narrow = result_rows(t, b);
      transform_tiles<InputTransform>(t, b, wide, t.y.first, t.x.first,
                                      read_pixels(x, c.x_order, ins, b, wide, pixels), left);
      transform_tiles<OutputGradTransform>(t, b, narrow, 0, 0,
                                           read_pixels(grad, c.grad_order, outs, b, narrow, pixels), right);
      for (int e = 0; e < kTileParts; ++e)
        multiply_block(
            ins, outs, t.tiles(b), LeftMatrix<float>{left.data + e * left.part, 1, left.row},
            Panels<float>{right.data + e * right.part, kPanel, right.row},
            Destination<float>{sum_of(part, group, e) + input * out_row + output, out_row, i > first});
    }
  }

  // One input channel's taps.
  void write(int64_t group, int64_t input) const {
    for (int64_t o = 0; o < out_row; o += Floats::kLanes)
      transform_square<WeightGradTransform>(
          [&](int i, int j) {
            Floats total = 0;
            for (int64_t part = 0; part < parts; ++part)
              total += load(sum_of(part, group, i * kTileIn + j) + input * out_row + o);
            return total;
          },
          [&](int i, int j, Floats value) {
            float* to = c.grad_w + ((group * c.out_channels + o) * c.in_channels + input) * 9 + i * 3 + j;
            for (int64_t l = 0; l < smaller(Floats::kLanes, c.out_channels - o); ++l)
              to[l * c.in_channels * 9] = value[static_cast<int>(l)];
          });
  }

  void run() {
    const Scratch scratch(static_cast<size_t>(parts * c.groups * kTileParts * part_size) * sizeof(float));
    sums = static_cast<float*>(scratch.data());
    parallel_for(parts * blocks, [&](int64_t chunk) {
      const int64_t block = chunk % blocks, group = block / (in_blocks * out_blocks);
      add_part(chunk / blocks, group, block / out_blocks % in_blocks * kBlock, block % out_blocks * kBlock);
    });
    parallel_for(c.groups * c.in_channels,
                 [&](int64_t row) { write(row / c.in_channels, row % c.in_channels); });
  }
};

bool is_tile_axis(const SlideAxis& a) {
  return a.taps == 3 && a.step == 1 && (a.apart == 1 || a.apart == -1) && a.to_step == 1;
}

}  // namespace

bool winograd_fits(const Slide& slide, int64_t in_channels, int64_t out_channels) {
  constexpr int64_t kLeastChannels = 16;
  const auto& [d, h, w] = slide.axis;
  if (d.image != 1 || d.positions != 1 || d.taps != 1) return false;
  if (!is_tile_axis(h) || !is_tile_axis(w)) return false;
  if (in_channels < kLeastChannels || out_channels < kLeastChannels) return false;
  const int64_t rows = ceil_div(h.positions, kTileOut), columns = ceil_div(w.positions, kTileOut);
  // At least half of what is computed is wanted.
  return columns <= kMostColumns && 2 * slide.positions() >= rows * columns * kTileOut * kTileOut;
}

void winograd_convolution(const ConvolutionArgs<float>& c, const Slide& slide) {
  const Tiling t(slide, c.images);
  WinogradOfFewTiles few{.c = c, .t = t};
  if (2 * few.tiles * (c.in_channels + c.out_channels) < c.in_channels * c.out_channels) return few.run();
  WinogradWeights weights{.c = c, .y = t.y, .x = t.x};
  const Scratch scratch(static_cast<size_t>(c.groups * weights.group) * sizeof(float));
  weights.data = static_cast<float*>(scratch.data());
  parallel_ranges(c.groups * c.in_channels, 64 * c.out_channels, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) weights.transform(i / c.in_channels, i % c.in_channels);
  });
  const int64_t out_blocks = ceil_div(c.out_channels, kChannels);
  const WinogradBlock block{c, t, weights};
  parallel_for(t.blocks() * c.groups * out_blocks, [&](int64_t chunk) {
    const int64_t output = chunk % out_blocks * kChannels;
    block.run(t.block(chunk / out_blocks / c.groups), chunk / out_blocks % c.groups, output,
              smaller(kChannels, c.out_channels - output));
  });
}

void winograd_weight_gradient(const WeightGradientArgs<float>& args) {
  WinogradWeightGradient{.c = args}.run();
}

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

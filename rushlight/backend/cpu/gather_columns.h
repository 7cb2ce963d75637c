// Columns of an image: for a run of positions, what each channel and tap meets there. Only for *.isa.cpp
// files.
#pragma once

#include "rushlight/backend/cpu/chunks.h"
#include "rushlight/backend/cpu/convolution.h"
#include "rushlight/backend/cpu/scratch.h"
#include "rushlight/backend/cpu/simd.h"

namespace rushlight::cpu::RUSHLIGHT_ISA {

// Where the positions [first, first + count) meet the image, in panels of `width`. It is the same for every
// channel of every image: a list of pieces for each panel and tap. Columns that no piece fills are in the
// padding.
class ColumnPlan {
 public:
  ColumnPlan(const Slide& slide, const ImageOrder& order, int64_t first, int64_t count, int64_t width)
      : slide_(slide),
        order_(order),
        width_(width),
        count_(count),
        taps_per_panel_(slide.taps()),
        most_pieces_(smaller(width, (width - 1) / slide.axis[2].positions + 2)),
        memory_(static_cast<size_t>(panels() * taps_per_panel_) *
                (sizeof(Tap) + static_cast<size_t>(most_pieces_) * sizeof(Piece))) {
    taps_ = static_cast<Tap*>(memory_.data());
    pieces_ = reinterpret_cast<Piece*>(taps_ + panels() * taps_per_panel_);
    const auto& [d, h, w] = slide.axis;
    Tap* tap = taps_;
    for (int64_t panel = 0; panel < panels(); ++panel)
      for (int64_t td = 0; td < d.taps; ++td)
        for (int64_t th = 0; th < h.taps; ++th)
          for (int64_t tw = 0; tw < w.taps; ++tw, ++tap)
            plan_tap(*tap, pieces_of(tap), first + panel * width, width_of(panel), td, th, tw);
  }

  int64_t panels() const { return ceil_div(count_, width_); }
  int64_t width_of(int64_t panel) const { return smaller(width_, count_ - panel * width_); }

  // Rows of `out`, `row` apart: of all channels from x on, and of each all taps, the rows [begin, end).
  template <class T>
  RUSHLIGHT_INLINE void gather(int64_t panel, const T* x, int64_t begin, int64_t end, T* out,
                               int64_t row) const {
    const int64_t width = width_of(panel);
    const Tap* first = taps_ + panel * taps_per_panel_;
    x += begin / taps_per_panel_ * order_.channel;
    int64_t tap = begin % taps_per_panel_;
    for (int64_t k = begin; k < end; ++k, out += row) {
      gather_tap(x, first + tap, width, out);
      if (++tap < taps_per_panel_) continue;
      tap = 0;
      x += order_.channel;
    }
  }

 private:
  // Elements that lie `step` apart in the image and side by side among the columns.
  struct Piece {
    int64_t from;
    int32_t column, count;
  };
  struct Tap {
    int32_t pieces;
    bool padded;  // there are columns that no piece fills
  };

  Piece* pieces_of(const Tap* tap) const { return pieces_ + (tap - taps_) * most_pieces_; }

  static int64_t place(const SlideAxis& axis, int64_t position, int64_t tap) {
    return position * axis.step + axis.first + tap * axis.apart;
  }

  void plan_tap(Tap& tap, Piece* piece, int64_t first, int64_t width, int64_t td, int64_t th, int64_t tw) {
    const auto& [d, h, w] = slide_.axis;
    const Piece* begin = piece;
    int64_t filled = 0;
    for (int64_t column = 0; column < width;) {
      const int64_t line = (first + column) / w.positions, position = (first + column) % w.positions;
      const int64_t run = smaller(w.positions - position, width - column);
      const int64_t z = place(d, line / h.positions, td), y = place(h, line % h.positions, th);
      if (z >= 0 && z < d.image && y >= 0 && y < h.image) {
        *piece = inside(position, run, tw);
        piece->from = (piece->from + (z * h.image + y) * w.image) * order_.pixel;
        piece->column += static_cast<int32_t>(column);
        filled += piece->count;
        if (piece->count > 0) ++piece;
      }
      column += run;
    }
    tap = {static_cast<int32_t>(piece - begin), filled < width};
  }

  // The part of a run of positions that meets the image's line.
  Piece inside(int64_t position, int64_t run, int64_t tap) const {
    const SlideAxis& w = slide_.axis[2];
    const int64_t at = place(w, position, tap);
    const int64_t skipped = smaller(run, at < 0 ? ceil_div(-at, w.step) : 0);
    const int64_t room = w.image - at;  // run elements at 0, step, 2 step ... below it
    const int64_t end = room > 0 ? smaller(run, ceil_div(room, w.step)) : 0;
    return {at + skipped * w.step, static_cast<int32_t>(skipped),
            static_cast<int32_t>(end > skipped ? end - skipped : 0)};
  }

  template <class T>
  RUSHLIGHT_INLINE void gather_tap(const T* x, const Tap* tap, int64_t width, T* out) const {
    constexpr int lanes = Vec<T>::kLanes;
    if (tap->padded)
      for (int64_t j = 0; j < width; j += lanes) store_partial(out + j, Vec<T>(0), width - j);
    const Piece* piece = pieces_of(tap);
    const int64_t step = slide_.axis[2].step * order_.pixel;
    for (const Piece* end = piece + tap->pieces; piece != end; ++piece) {
      const T* from = x + piece->from;
      T* to = out + piece->column;
      if (step == 1)
        for (int64_t j = 0; j < piece->count; j += lanes)
          store_partial(to + j, load_partial(from + j, piece->count - j), piece->count - j);
      else
        for (int64_t j = 0; j < piece->count; ++j) to[j] = from[j * step];
    }
  }

  const Slide& slide_;
  const ImageOrder order_;
  int64_t width_, count_, taps_per_panel_, most_pieces_;
  Scratch memory_;
  Tap* taps_;
  Piece* pieces_;
};

}  // namespace rushlight::cpu::RUSHLIGHT_ISA

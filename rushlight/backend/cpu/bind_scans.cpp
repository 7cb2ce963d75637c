// Scans: each element of a result is made from the elements up to it. Lines that lie side by side are scanned
// together, which hides that each waits for itself. Totals are made as the reference makes them, number by
// number.
#include <algorithm>
#include <cmath>

#include "rushlight/backend/cpu/bindings.h"
#include "rushlight/base/thread_pool.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::cpu {

namespace {

constexpr int64_t kMostLines = 64;

// Neighbouring lines along the scanned dimension of row-major memory: steps are in elements.
struct Lines {
  int64_t first, count, across;  // where line 0 begins, and how far the next line is
  int64_t along, length;
  int64_t before;  // how many whole stacks of lines are before line 0
  bool rows;       // each line is such a stack

  int64_t at(int64_t line, int64_t i) const { return first + line * across + i * along; }
  Lines reversed() const {
    Lines other = *this;
    other.first += (length - 1) * along;
    other.along = -along;
    return other;
  }
};

// scan(Lines) until all lines of the tensor along dim are scanned, in parallel.
template <class Scan>
void each_lines(const Tensor& tensor, int64_t dim, Scan scan) {
  if (tensor.numel() == 0) return;
  int64_t outer = 1, length = 1, inner = 1;
  const auto d = static_cast<int>(dim < 0 ? dim + tensor.rank() : dim);
  for (int k = 0; k < tensor.rank(); ++k) (k < d ? outer : k > d ? inner : length) *= tensor.layout().size(k);
  const bool rows = inner == 1;
  const int64_t most = rows ? 8 : kMostLines, beside = rows ? outer : inner;
  const int64_t groups = ceil_div(beside, most), all = rows ? groups : groups * outer;
  const int64_t some = std::max<int64_t>(1, (1 << 14) / (std::min(most, beside) * length));
  parallel_for(ceil_div(all, some), [&](int64_t chunk) {
    for (int64_t g = chunk * some; g < std::min(all, (chunk + 1) * some); ++g) {
      const int64_t line = g % groups * most, count = std::min(most, beside - line);
      const int64_t before = rows ? line : g / groups;
      scan(Lines{before * length * inner + (rows ? 0 : line), count, rows ? length : 1, inner, length, before,
                 rows});
    }
  });
}

// -- totals

// Halves are scanned in float32 and whole numbers in 64 bits, where they wrap as in their own.
DType scanned_type(DType dtype) { return is_floating(dtype) ? compute_type(dtype) : DType::int64; }
template <class T>
using Total = std::conditional_t<std::is_floating_point_v<T>, double, T>;
template <class Body>
void visit_scanned(DType dtype, Body body) {
  if (!with_floating(dtype, [&](auto tag) { return body(tag), true; })) body(TypeTag<uint64_t>{});
}

// An input as the result's dtype has it, in the type that is scanned.
Tensor scanned_input(const Tensor& input, DType dtype) {
  return row_major_as(input.dtype() == dtype ? input : row_major_as(input, dtype), scanned_type(dtype));
}

// y's lines: the first element, then next(total, element, line, place of the element).
template <class T, class Next>
void scan_lines(const Lines& lines, const T* x, T* y, Next next) {
  Total<T> total[kMostLines];
  for (int64_t l = 0; l < lines.count; ++l) {
    y[lines.at(l, 0)] = x[lines.at(l, 0)];
    total[l] = static_cast<Total<T>>(x[lines.at(l, 0)]);
  }
  if (lines.count == 1) {  // a total that stays in its register
    Total<T> one = total[0];
    for (int64_t i = 1, at = lines.first; i < lines.length; ++i) {
      at += lines.along;
      one = next(one, static_cast<Total<T>>(x[at]), 0, at);
      y[at] = static_cast<T>(one);
    }
    return;
  }
  const auto step = [&](int64_t l, int64_t at) {
    total[l] = next(total[l], static_cast<Total<T>>(x[at]), l, at);
    y[at] = static_cast<T>(total[l]);
  };
  for (int64_t i = 1; i < lines.length; ++i)
    if (lines.rows)
      for (int64_t l = 0; l < lines.count; ++l) step(l, lines.at(l, i));
    else
      for (int64_t l = 0, at = lines.at(0, i); l < lines.count; ++l) step(l, at + l);
}

// body(TypeTag<T>, x, y): the result is y's, cast.
template <class Body>
bool make_scanned(const KernelCall& call, Body body) {
  const Tensor& out = call.out[0];
  const DType type = scanned_type(out.dtype());
  Tensor x = scanned_input(call.in[0], out.dtype());
  Tensor y = out.dtype() == type && out.is_contiguous() ? out : empty(out.shape(), type);
  visit_scanned(type, [&](auto tag) { body(tag, x, y); });
  if (!y.is_same(out)) copy_elements(out, y);
  return true;
}

template <class Combine>
bool scan(const KernelCall& call, int64_t dim, Combine combine) {
  return make_scanned(call, [&]<class T>(TypeTag<T>, const Tensor& x, const Tensor& y) {
    each_lines(x, dim, [&](const Lines& lines) {
      scan_lines(lines, pointer<T>(x), pointer<T>(y),
                 [&](Total<T> total, Total<T> element, int64_t, int64_t) { return combine(total, element); });
    });
  });
}

// log(exp(a) + exp(b)) without overflow.
double log_of_sum(double a, double b) {
  double high = std::fmax(a, b), low = std::fmin(a, b);
  if (std::isnan(a) || std::isnan(b)) return a + b;
  return std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
}

}  // namespace

bool cumsum(const KernelCall& call) {
  return scan(call, args::Cumsum(call.attrs).dim, [](auto a, auto b) { return a + b; });
}
bool cumprod(const KernelCall& call) {
  return scan(call, args::Cumprod(call.attrs).dim, [](auto a, auto b) { return a * b; });
}
bool logcumsumexp(const KernelCall& call) {
  return scan(call, args::Logcumsumexp(call.attrs).dim, [](auto a, auto b) -> decltype(a) {
    return static_cast<decltype(a)>(log_of_sum(static_cast<double>(a), static_cast<double>(b)));
  });
}

// Between two neighbours of a line stands a factor: a stack of lines has one row of inner factors less.
bool linear_recurrence(const KernelCall& call) {
  args::LinearRecurrence a(call.attrs);
  return make_scanned(call, [&]<class T>(TypeTag<T>, const Tensor& x, const Tensor& y) {
    Tensor factors = scanned_input(call.in[1], call.out[0].dtype());
    const T* factor = pointer<T>(factors);
    each_lines(x, a.dim, [&](const Lines& lines) {
      const int64_t inner = lines.along, skipped = (lines.before + (a.reverse ? 0 : 1)) * inner;
      scan_lines(a.reverse ? lines.reversed() : lines, pointer<T>(x), pointer<T>(y),
                 [&](Total<T> total, Total<T> element, int64_t l, int64_t at) -> Total<T> {
                   return element +
                          static_cast<Total<T>>(factor[at - skipped - (lines.rows ? l : 0)]) * total;
                 });
    });
  });
}

// -- the best so far

namespace {

// The best up to each place and where it was found, the latest of equals. A NaN stays.
template <class T, class Keeps>
void best_of_lines(const Lines& lines, const T* x, T* values, int64_t* places, Keeps at_least_as_good) {
  T best[kMostLines];
  int64_t place[kMostLines];
  for (int64_t i = 0; i < lines.length; ++i)
    for (int64_t l = 0; l < lines.count; ++l) {
      const int64_t at = lines.at(l, i);
      const T element = x[at];
      if (i == 0 || element != element || (best[l] == best[l] && at_least_as_good(element, best[l]))) {
        best[l] = element;
        place[l] = i;
      }
      values[at] = best[l];
      places[at] = place[l];
    }
}

template <class Keeps>
bool running_best(const KernelCall& call, int64_t dim, Keeps at_least_as_good) {
  const Tensor &values = call.out[0], &places = call.out[1];
  if (!values.is_contiguous() || !places.is_contiguous()) return by_reference(call);
  Tensor x = row_major(call.in[0]);
  visit(x.dtype(), [&]<class T>(TypeTag<T>) {
    each_lines(x, dim, [&](const Lines& lines) {
      best_of_lines(lines, pointer<T>(x), pointer<T>(values), pointer<int64_t>(places), at_least_as_good);
    });
  });
  return true;
}

}  // namespace

bool cummax(const KernelCall& call) {
  return running_best(call, args::Cummax(call.attrs).dim, [](auto x, auto best) { return x >= best; });
}
bool cummin(const KernelCall& call) {
  return running_best(call, args::Cummin(call.attrs).dim, [](auto x, auto best) { return x <= best; });
}

}  // namespace rushlight::cpu

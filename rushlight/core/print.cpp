#include "rushlight/core/print.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace rushlight {

PrintOptions& print_options() {
  static PrintOptions options;
  return options;
}

namespace {

constexpr std::string_view kPrefix = "tensor(";

std::string print_number(const char* format, int precision, double value) {
  if (std::isnan(value)) return "nan";  // never -nan
  char text[400];                       // a double has at most 309 digits before the point
  int length = std::snprintf(text, sizeof text, format, std::min(precision, 60), value);
  return std::string(text, static_cast<size_t>(length));
}

// How all elements of one tensor are written.
class ElementFormat {
 public:
  // `each(f)` calls f(offset) for every element that will be shown.
  template <class Each>
  ElementFormat(const Tensor& tensor, Each each) : tensor_(tensor) {
    if (is_floating(tensor.dtype())) choose_mode(each);
    each([&](int64_t offset) {
      if (counts_for_width(offset)) width_ = std::max(width_, text(offset).size());
    });
  }

  size_t width() const { return width_; }
  std::string padded(int64_t offset) const {
    std::string element = text(offset);
    return std::string(width_ - std::min(width_, element.size()), ' ') + element;
  }

 private:
  enum class Mode { plain, whole, scientific };

  template <class T>
  T at(int64_t offset) const {
    return visit(tensor_.dtype(), [&](auto tag) {
      using E = typename decltype(tag)::type;
      return static_cast<T>(static_cast<const E*>(tensor_.storage()->data())[offset]);
    });
  }

  template <class Each>
  void choose_mode(Each each) {
    double least = INFINITY, most = 0;
    bool whole = true;
    each([&](int64_t offset) {
      double value = at<double>(offset);
      if (!std::isfinite(value) || value == 0) return;
      whole &= value == std::ceil(value);
      least = std::min(least, std::fabs(value));
      most = std::max(most, std::fabs(value));
    });
    bool wide = most > 0 && (most / least > 1000 || most > 1e8 || least < 1e-4);
    mode_ = print_options().scientific.value_or(wide) && most > 0 ? Mode::scientific
            : whole                                               ? Mode::whole
                                                                  : Mode::plain;
  }

  // As in PyTorch, zeros and what is not finite take the width that they find.
  bool counts_for_width(int64_t offset) const {
    if (!is_floating(tensor_.dtype())) return true;
    double value = at<double>(offset);
    return std::isfinite(value) && value != 0;
  }

  std::string text(int64_t offset) const {
    DType dtype = tensor_.dtype();
    if (dtype == DType::boolean) return at<bool>(offset) ? "True" : "False";
    if (dtype == DType::uint64) return std::to_string(at<uint64_t>(offset));
    if (is_integral(dtype)) return std::to_string(at<int64_t>(offset));
    double value = at<double>(offset);
    int precision = print_options().precision;
    switch (mode_) {
      case Mode::scientific: return print_number("%.*e", precision, value);
      case Mode::whole: return print_number("%.*f", 0, value) + (std::isfinite(value) ? "." : "");
      default: return print_number("%.*f", precision, value);
    }
  }

  const Tensor& tensor_;
  Mode mode_ = Mode::plain;
  size_t width_ = 1;
};

class Printer {
 public:
  explicit Printer(const Tensor& tensor)
      : layout_(tensor.layout()),
        summarize_(tensor.numel() > print_options().threshold),
        format_(tensor, [this](auto f) { each_shown(0, layout_.offset(), f); }) {}

  std::string text() const {
    if (layout_.numel() == 0) return "[]";
    return block(0, layout_.offset(), kPrefix.size());
  }

 private:
  // The indices of a dimension that are shown; -1 stands for the dots in the middle.
  template <class F>
  void each_index(int dim, F f) const {
    int64_t size = layout_.size(dim), edge = print_options().edge_items;
    bool cut = summarize_ && size > 2 * edge;
    for (int64_t i = 0; i < (cut ? edge : size); ++i) f(i);
    if (!cut) return;
    f(int64_t{-1});
    for (int64_t i = size - edge; i < size; ++i) f(i);
  }

  template <class F>
  void each_shown(int dim, int64_t offset, F f) const {
    if (layout_.numel() == 0) return;
    if (dim == layout_.rank()) return f(offset);
    each_index(dim, [&](int64_t i) {
      if (i >= 0) each_shown(dim + 1, offset + i * layout_.stride(dim), f);
    });
  }

  std::string block(int dim, int64_t offset, size_t indent) const {
    int inside = layout_.rank() - dim;
    if (inside == 0) return format_.padded(offset);
    if (inside == 1) return row(dim, offset, indent);
    std::string separator =
        "," + std::string(static_cast<size_t>(inside - 1), '\n') + std::string(indent + 1, ' ');
    std::string text = "[";
    each_index(dim, [&](int64_t i) {
      if (text.size() > 1) text += separator;
      text += i < 0 ? "..." : block(dim + 1, offset + i * layout_.stride(dim), indent + 1);
    });
    return text + "]";
  }

  std::string row(int dim, int64_t offset, size_t indent) const {
    size_t room =
        static_cast<size_t>(std::max<int64_t>(print_options().line_width - static_cast<int64_t>(indent), 0));
    size_t per_line = std::max<size_t>(1, room / (format_.width() + 2)), count = 0;
    std::string text = "[";
    each_index(dim, [&](int64_t i) {
      if (count) text += count % per_line ? ", " : ",\n" + std::string(indent + 1, ' ');
      text += i < 0 ? " ..." : format_.padded(offset + i * layout_.stride(dim));
      ++count;
    });
    return text + "]";
  }

  const Layout& layout_;
  bool summarize_;
  ElementFormat format_;
};

bool dtype_goes_without_saying(const Tensor& tensor) {
  DType dtype = tensor.dtype();
  if (dtype == default_dtype()) return true;
  return tensor.numel() > 0 && (dtype == DType::int64 || dtype == DType::boolean);
}

// Suffixes follow on the last line as long as they fit, else on a line of their own.
void append_suffix(std::string& text, const std::string& suffix, size_t& line_length) {
  if (line_length + suffix.size() + 2 > static_cast<size_t>(print_options().line_width)) {
    text += ",\n" + std::string(kPrefix.size(), ' ') + suffix;
    line_length = kPrefix.size() + suffix.size();
  } else {
    text += ", " + suffix;
    line_length += suffix.size() + 2;
  }
}

}  // namespace

std::string to_string(const Tensor& tensor, std::span<const std::string> suffixes) {
  if (!tensor.defined()) return "tensor(undefined)";
  if (tensor.device().type != DeviceType::cpu)
    fail(ErrorKind::runtime, "[print] the tensor is on ", tensor.device(), "; copy it to the cpu first");
  tensor.touch_elements("print");
  std::string text = Printer(tensor).text();
  size_t line_length = text.size() - (text.rfind('\n') + 1) + 2;  // PyTorch's count of the last line
  if (tensor.numel() == 0 && tensor.rank() != 1)
    append_suffix(text, join_text("size=", tensor.shape()), line_length);
  if (!dtype_goes_without_saying(tensor))
    append_suffix(text, join_text("dtype=", "rushlight.", tensor.dtype()), line_length);
  for (const std::string& suffix : suffixes) append_suffix(text, suffix, line_length);
  return std::string(kPrefix) + text + ")";
}

}  // namespace rushlight

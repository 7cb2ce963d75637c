#include "rushlight/train/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "rushlight/base/terminal.h"
#include "rushlight/base/xml.h"
#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"

namespace rushlight::train {

namespace {

void expect_scores(const char* metric, const Tensor& scores, const Tensor& labels) {
  if (scores.rank() != 2 || labels.rank() != 1 || scores.size(0) != labels.size(0) ||
      !is_integral(labels.dtype()))
    fail(ErrorKind::value, "[", metric, "] needs scores (batch, classes) and whole labels (batch,), not ",
         scores, " and ", labels);
}

double ratio(int64_t part, int64_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string name_of_class(const std::vector<std::string>& names, int64_t i) {
  return static_cast<size_t>(i) < names.size() ? names[static_cast<size_t>(i)] : join_text(i);
}

}  // namespace

void TopK::add(const Tensor& scores, const Tensor& labels) {
  NoGrad guard;
  expect_scores("TopK", scores, labels);
  const int64_t classes = scores.size(1);
  const std::vector<double> score = scores.to_vector<double>();
  const std::vector<int64_t> label = labels.to_vector<int64_t>();
  for (size_t i = 0; i < label.size(); ++i) {
    if (label[i] < 0 || label[i] >= classes)
      fail(ErrorKind::index, "[TopK] label ", label[i], " is none of the ", classes, " classes");
    const double* row = score.data() + i * static_cast<size_t>(classes);
    const double mine = row[label[i]];
    int64_t before = 0;
    for (int64_t c = 0; c < classes; ++c) before += row[c] > mine || (row[c] == mine && c < label[i]);
    right_ += before < k_ && !std::isnan(mine);
    ++count_;
  }
}

void Meter::add(double batch_loss, const Tensor& scores, const Tensor& target) {
  loss.add(batch_loss, scores.size(0));
  if (scores.rank() != 2 || target.rank() != 1 || !is_integral(target.dtype())) return;
  accuracy.add(scores.detach(), target);
  if (top_k.k() > 0) top_k.add(scores.detach(), target);
}

Measured Meter::measured() const {
  const auto share = [](const TopK& of) { return of.count() ? std::optional(of.value()) : std::nullopt; };
  return {loss.count() ? loss.value() : NAN, share(accuracy), loss.count(), share(top_k)};
}

ConfusionMatrix::ConfusionMatrix(int64_t classes) : classes_(classes) {
  if (classes < 1) fail(ErrorKind::value, "[ConfusionMatrix] needs at least one class, not ", classes);
  counts_.resize(static_cast<size_t>(classes * classes));
}

ConfusionMatrix::ConfusionMatrix(std::vector<int64_t> counts)
    : classes_(static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(counts.size()))))),
      counts_(std::move(counts)) {
  if (counts_.empty() || classes_ * classes_ != static_cast<int64_t>(counts_.size()))
    fail(ErrorKind::value, "[ConfusionMatrix] ", counts_.size(), " counts are no square of classes");
}

void ConfusionMatrix::add(const Tensor& scores, const Tensor& labels) {
  NoGrad guard;
  expect_scores("ConfusionMatrix", scores, labels);
  if (scores.size(1) != classes_)
    fail(ErrorKind::value, "[ConfusionMatrix] of ", classes_, " classes was given scores of ",
         scores.size(1));
  const std::vector<int64_t> predicted = argmax(scores, {.dim = 1}).to_vector<int64_t>();
  const std::vector<int64_t> label = labels.to_vector<int64_t>();
  for (size_t i = 0; i < label.size(); ++i) {
    if (label[i] < 0 || label[i] >= classes_)
      fail(ErrorKind::index, "[ConfusionMatrix] label ", label[i], " is none of the ", classes_, " classes");
    ++counts_[static_cast<size_t>(label[i] * classes_ + predicted[i])];
  }
}

int64_t ConfusionMatrix::at(int64_t label, int64_t prediction) const {
  return counts_.at(static_cast<size_t>(label * classes_ + prediction));
}
int64_t ConfusionMatrix::row_sum(int64_t label) const {
  int64_t sum = 0;
  for (int64_t c = 0; c < classes_; ++c) sum += at(label, c);
  return sum;
}
int64_t ConfusionMatrix::column_sum(int64_t prediction) const {
  int64_t sum = 0;
  for (int64_t c = 0; c < classes_; ++c) sum += at(c, prediction);
  return sum;
}
double ConfusionMatrix::accuracy() const {
  int64_t right = 0;
  for (int64_t c = 0; c < classes_; ++c) right += at(c, c);
  return ratio(right, std::accumulate(counts_.begin(), counts_.end(), int64_t{0}));
}
double ConfusionMatrix::recall(int64_t label) const { return ratio(at(label, label), row_sum(label)); }
double ConfusionMatrix::precision(int64_t label) const { return ratio(at(label, label), column_sum(label)); }
double ConfusionMatrix::f1(int64_t label) const {
  return ratio(2 * at(label, label), row_sum(label) + column_sum(label));
}

std::string ConfusionMatrix::to_string(const std::vector<std::string>& names) const {
  int first = 5, width = 4;
  for (int64_t c = 0; c < classes_; ++c) first = std::max(first, display_width(name_of_class(names, c)));
  for (int64_t count : counts_) width = std::max(width, display_width(join_text(count)) + 1);
  std::string text = align_right("label", first) + " |";
  for (int64_t c = 0; c < classes_; ++c)
    text += align_right(cut_to_columns(name_of_class(names, c), width - 1), width);
  text += "  recall\n";
  for (int64_t label = 0; label < classes_; ++label) {
    text += align_right(name_of_class(names, label), first) + " |";
    for (int64_t c = 0; c < classes_; ++c)
      text += align_right(at(label, c) ? join_text(at(label, c)) : "·", width);
    char recalled[16];
    std::snprintf(recalled, sizeof recalled, "%7.1f%%\n", 100 * recall(label));
    text += recalled;
  }
  return text;
}

std::string ConfusionMatrix::to_svg(const std::vector<std::string>& names) const {
  constexpr int64_t kCell = 40, kMargin = 110;
  const int64_t size = kMargin + kCell * classes_ + 20;
  std::string svg =
      join_text("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", size, " ", size,
                "\" font-family=\"sans-serif\" font-size=\"12\">\n<title>Confusion matrix</title>\n");
  for (int64_t label = 0; label < classes_; ++label) {
    const int64_t y = kMargin + label * kCell;
    const std::string name = escape_xml(name_of_class(names, label));
    svg +=
        join_text("<text x=\"", kMargin - 8, "\" y=\"", y + 25, "\" text-anchor=\"end\">", name, "</text>\n");
    svg += join_text("<text transform=\"translate(", y + 25, " ", kMargin - 8, ") rotate(-60)\">", name,
                     "</text>\n");
    for (int64_t c = 0; c < classes_; ++c) {
      const int64_t x = kMargin + c * kCell;
      const double share = ratio(at(label, c), row_sum(label));
      svg +=
          join_text("<rect x=\"", x, "\" y=\"", y, "\" width=\"", kCell, "\" height=\"", kCell, "\" fill=\"",
                    label == c ? "#2a7" : "#c43", "\" fill-opacity=\"", share, "\" stroke=\"#ddd\"/>\n");
      if (at(label, c))
        svg += join_text("<text x=\"", x + kCell / 2, "\" y=\"", y + 25, "\" text-anchor=\"middle\">",
                         at(label, c), "</text>\n");
    }
  }
  return svg + "</svg>\n";
}

}  // namespace rushlight::train

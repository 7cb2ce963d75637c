// Indexing as PyTorch reads it: views first, from left to right, then what index tensors pick from the view.
#include "rushlight/ops/indexing.h"

#include <algorithm>
#include <utility>

#include "rushlight/core/number_fits.h"
#include "rushlight/ops/nonzero.h"
#include "rushlight/ops/op_rules.h"

namespace rushlight {

namespace {

bool is_mask(const Tensor& tensor) {
  return tensor.dtype() == DType::boolean || tensor.dtype() == DType::uint8;
}

// How many dimensions of the indexed tensor an item stands for.
int64_t consumed(const IndexItem& item) {
  switch (item.kind) {
    case IndexItem::Kind::integer:
    case IndexItem::Kind::slice: return 1;
    case IndexItem::Kind::tensor: return is_mask(item.tensor) ? item.tensor.rank() : 1;
    default: return 0;
  }
}

// The view that the items make of a tensor, and the index tensors that pick from it (undefined: the whole
// dimension).
struct Selection {
  Tensor view;
  std::vector<Tensor> picks;

  Selection(const Tensor& tensor, std::span<const IndexItem> items);

 private:
  void apply(const IndexItem& item);
  void pick(const Tensor& index);
  void pick_where(const Tensor& mask);
  int64_t dim_ = 0;      // of the view: where the next item applies
  int64_t skipped_ = 0;  // dimensions that the first ellipsis stands for; others stand for none
};

Selection::Selection(const Tensor& tensor, std::span<const IndexItem> items) : view(tensor) {
  int64_t wanted = 0;
  for (const IndexItem& item : items) wanted += consumed(item);
  if (wanted > tensor.rank())
    fail(ErrorKind::index, "too many indices for tensor of dimension ", tensor.rank(), ": the index names ",
         wanted);
  skipped_ = tensor.rank() - wanted;
  for (const IndexItem& item : items) apply(item);
  if (view.is_same(tensor) && picks.empty()) view = rushlight::view(tensor, tensor.shape());
}

void Selection::apply(const IndexItem& item) {
  switch (item.kind) {
    case IndexItem::Kind::integer: {
      int64_t size = view.size(dim_);
      if (item.integer < -size || item.integer >= size)
        fail(ErrorKind::index, "index ", item.integer, " is out of bounds for dimension ", dim_,
             " with size ", size);
      view = select(view, dim_, item.integer);
      break;
    }
    case IndexItem::Kind::slice: {
      const Slice& s = item.slice;
      if (s.start || s.stop || s.step != 1)
        view = slice(view, {.dim = dim_, .start = s.start, .end = s.stop, .step = s.step});
      ++dim_;
      break;
    }
    case IndexItem::Kind::ellipsis: dim_ += std::exchange(skipped_, 0); break;
    case IndexItem::Kind::new_axis: view = unsqueeze(view, dim_++); break;
    case IndexItem::Kind::boolean:  // x[True]: a new dimension, kept or emptied
      view = unsqueeze(view, dim_);
      pick(full(item.integer ? 1 : 0, 0, {.dtype = DType::int64}));
      break;
    case IndexItem::Kind::tensor:
      if (is_mask(item.tensor))
        pick_where(item.tensor);
      else
        pick(item.tensor);
      break;
  }
}

void Selection::pick(const Tensor& index) {
  if (!is_integral(index.dtype()))
    fail(ErrorKind::index, "tensors used as indices must be long, int, short, byte or bool tensors, not ",
         index.dtype());
  picks.resize(static_cast<size_t>(dim_));
  picks.push_back(index);
  ++dim_;
}

void Selection::pick_where(const Tensor& mask) {
  if (mask.rank() == 0) return apply(IndexItem(mask.item<bool>()));
  for (int d = 0; d < mask.rank(); ++d)
    if (mask.layout().size(d) != view.size(dim_ + d))
      fail(ErrorKind::index, "The shape of the mask ", mask.shape(), " at index ", d,
           " does not match the shape of the indexed tensor ", view.shape(), " at index ", dim_ + d);
  for (const Tensor& positions : nonzero_indices("nonzero", mask)) pick(positions);
}

// `values` without the leading dimensions of size 1 that the place it goes to does not have.
Tensor without_leading_ones(Tensor values, int rank) {
  while (values.rank() > rank && values.layout().size(0) == 1) values = select(values, 0, 0);
  return values;
}

void write_view(const Tensor& view, const Tensor& values) {
  expect_number_fits("index_put", values, view.dtype());
  bool in_its_way = values.shares_storage(view) && !(values.layout() == view.layout());
  view.copy_(without_leading_ones(in_its_way ? values.clone() : values, view.rank()));
}

}  // namespace

Tensor& Tensor::operator=(const Tensor& values) && {
  if (impl_ && impl_->use_count() == 1 && storage()->use_count() == 1)
    fail(ErrorKind::runtime, "[=] ", *this,
         " is a result that nobody holds, so what is assigned to it would be lost; give it a name, or assign "
         "to an index of a tensor");
  write_view(*this, values);
  return *this;
}

Tensor Tensor::index_by(std::span<const IndexItem> items) const {
  Selection selection(*this, items);
  return selection.picks.empty() ? selection.view : rushlight::index(selection.view, selection.picks);
}

void Tensor::set_by(std::span<const IndexItem> items, const Tensor& values) const {
  Selection selection(*this, items);
  const Tensor& view = selection.view;
  if (selection.picks.empty()) return write_view(view, values);
  int picked = 0, index_rank = 0;
  for (const Tensor& pick : selection.picks) {
    if (!pick.defined()) continue;
    ++picked;
    index_rank = std::max(index_rank, pick.rank());
  }
  Tensor cast = values.is_weak() || values.dtype() == dtype() ? values : values.to(dtype());
  view.index_put_(selection.picks, without_leading_ones(cast, view.rank() - picked + index_rank));
}

}  // namespace rushlight

#include "rushlight/backend/index_plan.h"

namespace rushlight {

namespace {
// `layout` repeated to `shape`, which it broadcasts to.
Layout broadcast_layout(const Layout& layout, const Shape& shape) {
  Strides strides(shape.size(), 0);
  size_t lead = shape.size() - static_cast<size_t>(layout.rank());
  for (int d = 0; d < layout.rank(); ++d)
    if (layout.size(d) != 1) strides[lead + static_cast<size_t>(d)] = layout.stride(d);
  return Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, layout.offset());
}
}  // namespace

IndexPlan::IndexPlan(const Layout& source, Inputs indices, const char* op) : op_(op) {
  if (indices.size() > static_cast<size_t>(source.rank()))
    fail(ErrorKind::index, "[", op, "] too many indices for tensor of dimension ", source.rank(), " (got ",
         indices.size(), ")");
  bool adjacent = true, any = false;
  size_t last = 0;
  for (size_t d = 0; d < indices.size(); ++d) {
    if (!indices[d].defined()) continue;
    const Tensor& tensor = indices[d];
    if (!is_integral(tensor.dtype()))
      fail(ErrorKind::index, "[", op, "] tensors used as indices must be integer tensors, but got ",
           tensor.dtype(),
           tensor.dtype() == DType::boolean ? "; x[mask] takes masks, as does masked_fill" : "");
    IntSpan so_far(index_shape.data(), index_shape.size());
    index_shape =
        any ? broadcast_shapes(so_far, tensor.shape(), op, ErrorKind::index) : to_ints(tensor.shape());
    if (any && d != last + 1) adjacent = false;
    if (!any) index_at = d;
    any = true;
    last = d;
  }
  if (!adjacent) index_at = 0;
  Shape rest_shape;
  Strides rest_strides;
  for (int d = 0; d < source.rank(); ++d) {
    size_t at = static_cast<size_t>(d);
    if (at < indices.size() && indices[at].defined()) {
      const Tensor& tensor = indices[at];
      indexed_.push_back({d, broadcast_layout(tensor.layout(), index_shape), tensor.storage()->data(),
                          tensor.dtype(), source.size(d), source.stride(d)});
    } else {
      rest_shape.push_back(source.size(d));
      rest_strides.push_back(source.stride(d));
    }
  }
  rest = Layout({rest_shape.data(), rest_shape.size()}, {rest_strides.data(), rest_strides.size()},
                source.offset());
  for (size_t i = 0; i < index_at; ++i) result_shape.push_back(rest_shape[i]);
  for (int64_t size : index_shape) result_shape.push_back(size);
  for (size_t i = index_at; i < rest_shape.size(); ++i) result_shape.push_back(rest_shape[i]);
}

std::vector<int64_t> IndexPlan::offsets() const {
  std::vector<int64_t> offsets(
      static_cast<size_t>(checked_numel({index_shape.data(), index_shape.size()}, op_)), 0);
  for (const Indexed& indexed : indexed_) {
    visit(indexed.dtype, [&](auto tag) {
      auto* values = static_cast<const typename decltype(tag)::type*>(indexed.data);
      size_t position = 0;
      for_each_offset(indexed.layout, [&](int64_t at) {
        int64_t index = static_cast<int64_t>(values[at]);
        if (index < -indexed.size || index >= indexed.size)
          fail(ErrorKind::index, "[", op_, "] index ", index, " is out of bounds for dimension ", indexed.dim,
               " with size ", indexed.size);
        offsets[position++] += (index < 0 ? index + indexed.size : index) * indexed.stride;
      });
    });
  }
  return offsets;
}

Layout IndexPlan::index_first(const Layout& result) const {
  Shape shape;
  Strides strides;
  auto take = [&](size_t from, size_t to) {
    for (size_t d = from; d < to; ++d) {
      shape.push_back(result.size(static_cast<int>(d)));
      strides.push_back(result.stride(static_cast<int>(d)));
    }
  };
  size_t index_end = index_at + index_shape.size();
  take(index_at, index_end);
  take(0, index_at);
  take(index_end, static_cast<size_t>(result.rank()));
  return Layout({shape.data(), shape.size()}, {strides.data(), strides.size()}, result.offset());
}

}  // namespace rushlight

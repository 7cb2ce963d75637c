// The reference backend's table.
#include "rushlight/backend/reference/kernels.h"

namespace rushlight {

const Backend& reference_backend() {
  static const Backend backend = [] {
    Backend table("reference", host_allocator());
    for (int i = 0; i < op_count(); ++i) {
      OpId id = static_cast<OpId>(i);
      if (schema_of(id).kind != OpKind::map) continue;
      for (Part part : {Part::forward, Part::grad0, Part::grad1, Part::grad2})
        table.set(id, reference::map, part);
    }
    table.set(OpId::full, reference::full);
    table.set(OpId::clone, reference::copy_first);
    table.set(OpId::to, reference::copy_first);
    table.set(OpId::copy, reference::copy);
    table.set(OpId::as_strided_scatter, reference::as_strided_scatter);
    table.set(OpId::sum, reference::sum);
    table.set(OpId::max_dim, reference::max_dim);
    table.set(OpId::matmul, reference::matmul);
    table.set(OpId::index, reference::index);
    table.set(OpId::index_put, reference::index_put);
    table.set(OpId::random_key, reference::random_key);
    table.set(OpId::dropout_with_key, reference::dropout_with_key);
    table.set(OpId::adamw_step, reference::adamw_step);
    return table;
  }();
  return backend;
}

}  // namespace rushlight

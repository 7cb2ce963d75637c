#include "rushlight/ops/op_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace rushlight;

TEST_CASE("ops(): a row for each line of the list, in its order") {
  std::vector<OpRow> table = ops();
  REQUIRE(table.size() == static_cast<size_t>(op_count()));
  std::set<std::string> ids;
  for (size_t i = 0; i < table.size(); ++i) {
    CHECK(table[i].schema.id == static_cast<OpId>(i));
    CHECK_FALSE(table[i].family.empty());
    CHECK_FALSE(table[i].schema.doc.empty());
    ids.insert(table[i].schema.id_name);
  }
  CHECK(ids.size() == table.size());
}

TEST_CASE("ops(): the dtypes of elementwise ops and views") {
  std::vector<OpRow> table = ops();
  auto takes = [&](OpId id, DType dtype) {
    const auto& dtypes = table[static_cast<size_t>(id)].dtypes;
    return std::find(dtypes.begin(), dtypes.end(), dtype) != dtypes.end();
  };
  CHECK(takes(OpId::exp, DType::bfloat16));
  CHECK(takes(OpId::bitwise_and, DType::int8));
  CHECK_FALSE(takes(OpId::bitwise_and, DType::float32));
  CHECK(takes(OpId::permute, DType::boolean));
  CHECK(takes(OpId::matmul, DType::int8));
  CHECK_FALSE(takes(OpId::matmul, DType::boolean));
  CHECK_FALSE(takes(OpId::softmax, DType::int64));
  CHECK(takes(OpId::linalg_det, DType::float64));
  CHECK_FALSE(takes(OpId::linalg_det, DType::float16));
}

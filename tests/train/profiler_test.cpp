// The profiler: it sees every kernel between its beginning and its end, and its trace is what viewers read.
#include "rushlight/train/profiler.h"

#include <doctest/doctest.h>

#include <utility>

#include "rushlight/io/json.h"
#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

// A machine of round numbers.
constexpr MachineLimits kMachine{.flops = 1e12, .bytes_read = 1e11, .bytes_changed = 5e10};

const io::Json::Object& object(const io::Json& json) { return json.object("an event"); }
std::string text(const io::Json::Object& event, const char* key) { return find(event, key)->text(key); }
double number(const io::Json::Object& event, const char* key) { return find(event, key)->number(key); }

}  // namespace

TEST_CASE("profiler: what ran between its beginning and its end") {
  const Tensor a = randn({64, 32}), b = randn({32, 16});
  (void)matmul(a, b);
  train::Profiler profiler;
  (void)matmul(a, b);
  (void)matmul(a, b);
  (void)exp(a);
  profiler.stop();
  (void)matmul(a, b);
  profiler.stop();  // again: nothing happens
  REQUIRE(profiler.rows().size() == 2);
  for (const train::ProfileRow& row : profiler.rows()) {
    const bool is_product = row.name == "matmul";
    CHECK((is_product || row.name == "exp"));
    CHECK(row.cost.calls == (is_product ? 2 : 1));
    CHECK(row.cost.allocated_bytes == (is_product ? 2 * 64 * 16 * 4 : 64 * 32 * 4));
  }
  CHECK(profiler.rows()[0].cost.nanoseconds >= profiler.rows()[1].cost.nanoseconds);
  CHECK(profiler.seconds() > 0);
  CHECK(profiler.peak_bytes() >= 64 * 32 * 4);
  const std::string table = profiler.table(kMachine);
  for (const char* word : {"matmul", "exp", "between kernels", "in all", "GFLOP/s"}) CHECK(has(table, word));
  const io::Json json = io::parse_json(profiler.json(kMachine));
  CHECK(find(object(json), "ops")->array("ops").size() == 2);
}

TEST_CASE("profiler: what lies in a cache is not held against memory") {
  const Tensor x = randn({64, 64});
  train::Profiler profiler;
  (void)relu(x);
  profiler.stop();
  const auto row = [&](const MachineLimits& limits) {
    const io::Json json = io::parse_json(profiler.json(limits));
    const io::Json::Object& relu = object(find(object(json), "ops")->array("ops")[0]);
    return std::pair(number(relu, "share_of_limit"), find(relu, "in_cache")->boolean("in_cache"));
  };
  // Memory that moves a byte a second, and arithmetic that is endless: nothing came from that memory.
  MachineLimits slow{.flops = 1e30, .bytes_read = 1, .cache_bytes = 1 << 20};
  CHECK(row(slow).first < 1e-6);
  CHECK(row(slow).second);
  CHECK(has(profiler.table(slow), "0 %*"));
  CHECK(has(profiler.table(slow), "* faster than memory"));
  CHECK_FALSE(has(profiler.table(slow), ">100 %"));
  slow.cache_bytes = 1024;  // which it does not fit in
  CHECK(row(slow).first > 1);
  CHECK_FALSE(row(slow).second);
  CHECK(has(profiler.table(slow), ">100 % "));
  CHECK_FALSE(has(profiler.table(slow), "* faster"));
  CHECK(has(profiler.table(slow), ">100 %: fewer operations"));
  const MachineLimits fast{.flops = 1e30, .bytes_read = 1e30, .cache_bytes = 1 << 20};
  CHECK_FALSE(row(fast).second);
  for (const char* word : {"*", ">100"}) CHECK_FALSE(has(profiler.table(fast), word));
}

TEST_CASE("profiler: the time line holds each kernel inside of its span") {
  const Tensor x = randn({8, 8});
  train::Profiler profiler(train::TimeLine::kept);
  {
    train::Profiler::Span span(profiler, "a \"quoted\" part");
    (void)exp(x);
  }
  profiler.stop();
  const io::Json trace = io::parse_json(profiler.chrome_trace());
  const io::Json::Array& events = find(object(trace), "traceEvents")->array("events");
  REQUIRE(events.size() == 3);
  const auto &kernel = object(events[0]), &memory = object(events[1]), &span = object(events[2]);
  CHECK(text(kernel, "name") == "exp");
  CHECK(text(kernel, "ph") == "X");
  CHECK(text(object(*find(kernel, "args")), "inputs") == "float32 (8, 8)");
  CHECK(text(memory, "ph") == "C");
  CHECK(text(span, "name") == "a \"quoted\" part");
  CHECK(number(span, "ts") <= number(kernel, "ts"));
  CHECK(number(span, "ts") + number(span, "dur") >= number(kernel, "ts") + number(kernel, "dur"));
  CHECK(number(kernel, "tid") == number(span, "tid"));
}

TEST_CASE("machine limits: the least time of work and bytes") {
  CHECK(kMachine.seconds(1e12, 0) == doctest::Approx(1));
  CHECK(kMachine.seconds(1, 1e11) == doctest::Approx(1));
  CHECK(kMachine.seconds(3e12, 1e11) == doctest::Approx(3));
  CHECK(MachineLimits().seconds(1e12, 1e12) == 0);  // nothing is known
  const MachineLimits here = LimitsProbe().measure();
  CHECK(here.bytes_read > 1e8);
  CHECK(here.bytes_changed > 1e8);
#ifdef RUSHLIGHT_CPU
  CHECK(here.flops > 1e8);
#endif
}

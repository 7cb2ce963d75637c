#include "rushlight/jit/trace.h"

#include <doctest/doctest.h>

#include <thread>

#include "rushlight/core/watch.h"
#include "rushlight/engine/backward.h"
#include "rushlight/engine/context.h"
#include "rushlight/ops/operators.h"

using namespace rushlight;

namespace {

Tensor row(std::initializer_list<float> values) {
  return from_values(std::span<const float>(values.begin(), values.size()),
                     static_cast<int64_t>(values.size()));
}
std::vector<float> list(const Tensor& tensor) { return tensor.to_vector<float>(); }
using Floats = std::vector<float>;

// The message of the trace error that `call` throws; empty if it throws none.
template <class F>
std::string trace_error(F call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::trace);
    CHECK(watch() == nullptr);  // nothing stays behind
    CHECK(context().interpreter == nullptr);
    return error.what();
  }
  return {};
}
// The same for the second call of a function of one tensor: the first that is recorded.
template <class F>
std::string recording_error(F function) {
  auto traced = trace(std::move(function));
  Tensor x = row({1, 2});
  (void)traced(x);
  return trace_error([&] { (void)traced(x); });
}
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the function runs three times, then its graph does") {
  int runs = 0;
  auto traced = trace([&](const Tensor& x, const Tensor& y) {
    ++runs;
    return x * y + 1.0;
  });
  for (float i = 0; i < 7; ++i) CHECK(list(traced(row({i, 2}), row({3, i}))) == Floats{3 * i + 1, 2 * i + 1});
  CHECK(runs == 3);
  CHECK(traced.replay_count() == 4);
}

TEST_CASE("results are fresh at every replay") {
  auto traced = trace([](const Tensor& x) { return std::vector<Tensor>{x + 1.0, full({2}, 5.0)}; });
  std::vector<std::vector<Tensor>> kept;
  for (float i = 0; i < 6; ++i) kept.push_back(traced(row({i})));
  for (float i = 0; i < 6; ++i) CHECK(list(kept[static_cast<size_t>(i)][0]) == Floats{i + 1});
  CHECK_FALSE(kept[4][1].shares_storage(kept[5][1]));
}

TEST_CASE("arguments of another shape or dtype have graphs of their own") {
  auto traced = trace([](const Tensor& x) { return x * 2.0; });
  for (int i = 0; i < 5; ++i) {
    CHECK(list(traced(row({1, 2}))) == Floats{2, 4});
    CHECK(list(traced(row({1, 2, 3}))) == Floats{2, 4, 6});
    CHECK(traced(full({2}, 3.0, {.dtype = DType::float64})).dtype() == DType::float64);
  }
  CHECK(traced.replay_count() == 6);
}

TEST_CASE("an argument may be another part of a larger tensor at each call") {
  Tensor data = row({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  auto traced =
      trace([](const Tensor& x, const Tensor& y) { return sum(x * slice(y, {.start = 1, .end = 2})); });
  for (int64_t i = 0; i < 6; ++i) {
    Tensor x = slice(data, {.start = 2 * i, .end = 2 * i + 2});
    CHECK(list(traced(x, row({0, 2}))) == Floats{static_cast<float>(8 * i + 2)});
  }
  CHECK(traced.replay_count() == 3);
}

TEST_CASE("captured tensors are read anew, also where they got other memory") {
  Tensor weight = row({1, 1});
  auto traced =
      trace([&](const Tensor& x) { return x * reshape(transpose(weight.view({1, 2}), 0, 1), {2}); });
  for (float i = 1; i < 9; ++i) {
    if (i == 5) weight.data<float>()[0] = 10;
    if (i == 7) weight.set_data(row({100, 1}));
    float expected = i >= 7 ? 100 : i >= 5 ? 10 : 1;
    CHECK(list(traced(row({i, i}))) == Floats{expected * i, i});
  }
  CHECK(traced.replay_count() == 5);
}

TEST_CASE("tensors that share memory otherwise than in the recording are seen") {
  auto call = [](auto& function, bool same, float i) {
    Tensor x = row({i}), y = same ? x : row({i});
    return list(function(x, y));
  };
  SUBCASE("arguments") {
    auto function = [](const Tensor& x, const Tensor& y) {
      x.add_(1.0);
      return x * y;
    };
    auto traced = trace(function);
    for (int i = 0; i < 12; ++i) CHECK(call(traced, i % 3 == 2, 5) == call(function, i % 3 == 2, 5));
    CHECK(traced.replay_count() == 7);
  }
  SUBCASE("captured tensors") {
    Tensor a = row({1}), b = row({2});
    auto traced = trace([&](const Tensor& x) {
      a.add_(x);
      return a * b;
    });
    for (int i = 0; i < 4; ++i) CHECK(list(traced(row({1}))) == Floats{2.0f * static_cast<float>(i + 2)});
    b.set_data(a);
    for (int i = 0; i < 4; ++i)
      CHECK(list(traced(row({1}))) == Floats{static_cast<float>((i + 6) * (i + 6))});
    CHECK(traced.replay_count() == 3);
  }
  SUBCASE("a view made before") {
    Tensor w = row({1, 2}), shown = slice(w, {.end = 1});
    auto traced = trace([&](const Tensor& x) { return x * w + shown; });
    for (int i = 0; i < 4; ++i) CHECK(list(traced(row({1, 1}))) == Floats{2, 3});
    w.set_data(row({5, 5}));
    for (int i = 0; i < 4; ++i) CHECK(list(traced(row({1, 1}))) == Floats{6, 6});
  }
  SUBCASE("the untracked twin of a tensor") {
    Tensor w = row({1}).requires_grad_();
    auto traced = trace([&](const Tensor& x) {
      w.data().add_(x);
      return w * x;
    });
    for (float i = 1; i < 6; ++i) CHECK(list(traced(row({2}))) == Floats{2 * (1 + 2 * i)});
    CHECK(list(w.data()) == Floats{11});
  }
}

TEST_CASE("grad mode and backend are part of what a graph takes for granted") {
  Tensor w = row({2}).requires_grad_();
  auto traced = trace([&](const Tensor& x) {
    w.set_grad({});
    Tensor y = w * x;
    if (is_grad_enabled()) y.backward();
    return y;
  });
  for (float i = 0; i < 8; ++i) {
    Scoped<bool> mode(context().grad_mode, static_cast<int>(i) % 2 == 0);
    CHECK(list(traced(row({i}))) == Floats{2 * i});
    CHECK(w.grad().defined() == is_grad_enabled());
  }
  uint64_t before = traced.replay_count();
  Scoped<const Backend*> other(context().host_backend, &reference_backend());
  CHECK(list(traced(row({3}))) == Floats{6});
  CHECK(traced.replay_count() == before + (host_backends().size() == 1));
}

TEST_CASE("a graph is of one default dtype") {
  auto traced = trace([](const Tensor& x) { return x + zeros({2}); });
  const Tensor x = row({1, 2});
  struct Restore {
    ~Restore() { set_default_dtype(DType::float32); }
  } restore;
  for (DType dtype : {DType::float64, DType::float32, DType::float64}) {
    set_default_dtype(dtype);
    for (int i = 0; i < 5; ++i) CHECK(traced(x).dtype() == dtype);
  }
  CHECK(traced.replay_count() > 8);
}

TEST_CASE("a replay lets go of its arguments and results") {
  auto traced = trace([](const Tensor& x) { return x * 2.0; });
  Tensor x = row({1}), y;
  for (int i = 0; i < 5; ++i) y = traced(x);
  CHECK(x.storage()->use_count() == 1);
  CHECK(y.storage()->use_count() == 1);
}

TEST_CASE("views and in-place writes replay as they are") {
  Tensor state = row({0, 0, 0, 0});
  auto function = [](const Tensor& held, const Tensor& x) {
    Tensor grid = view(held, {2, 2});
    select(grid, 0, 1).add_(x);  // through a view of a view
    Tensor y = grid * 2.0;
    y.mul_(select(grid, 0, 1));  // y anew, broadcast
    select(y, 1, 0).copy_(transpose(grid, 0, 1).select(0, 1));
    return y + transpose(y, 0, 1);
  };
  Tensor eager_state = row({0, 0, 0, 0});
  auto traced = trace([&](const Tensor& x) { return function(state, x); });
  for (float i = 1; i < 8; ++i) {
    Tensor x = row({i, -i * i});
    uint32_t version = state.version();
    CHECK(list(traced(x)) == list(function(eager_state, x)));
    CHECK(list(state) == list(eager_state));
    CHECK(state.version() == version + 1);
  }
  CHECK(traced.replay_count() == 4);
}

TEST_CASE("an argument that is written in place is the caller's") {
  auto traced = trace([](const Tensor& x) { x.add_(1.0); });
  for (float i = 0; i < 6; ++i) {
    Tensor x = row({i});
    traced(x);
    CHECK(list(x) == Floats{i + 1});
  }
}

TEST_CASE("constants made by host code are kept, and made anew where the graph writes to them") {
  auto traced = trace([](const Tensor& x) {
    Tensor table = row({1, 2});
    Tensor y = x + table;
    table.mul_(x);
    return y * table;
  });
  for (int i = 0; i < 6; ++i) CHECK(list(traced(row({3, 4}))) == Floats{12, 48});
  auto copying = trace([](const Tensor& x) {
    Tensor buffer = empty({2}, DType::float32);
    buffer.copy_(x);
    return buffer;
  });
  for (float i = 0; i < 6; ++i) CHECK(list(copying(row({i, 1}))) == Floats{i, 1});
}

TEST_CASE("gradients are left behind as without the trace") {
  SUBCASE("made anew where the function drops them first") {
    Tensor w = row({2}).requires_grad_();
    auto traced = trace([&](const Tensor& x) {
      w.set_grad({});
      sum(w * x).backward();
    });
    std::vector<Tensor> kept;
    for (float i = 0; i < 6; ++i) {
      if (i == 4) w.set_grad({});  // no matter
      traced(row({i}));
      kept.push_back(w.grad());
    }
    for (float i = 0; i < 6; ++i) CHECK(list(kept[static_cast<size_t>(i)]) == Floats{i});
    CHECK(traced.replay_count() == 3);
  }
  SUBCASE("added to where they were there before, dropped outside from time to time") {
    Tensor w = row({2}).requires_grad_();
    auto traced = trace([&](const Tensor& x) { sum(w * x).backward(); });
    float expected = 0;
    for (float i = 1; i < 20; ++i) {
      if (static_cast<int>(i) % 4 == 0) {
        w.set_grad({});
        expected = 0;
      }
      Tensor before = w.grad();
      traced(row({i}));
      expected += i;
      CHECK(list(w.grad()) == Floats{expected});
      if (before.defined()) CHECK(before.shares_storage(w.grad()));  // in place
    }
    CHECK(traced.replay_count() == 14);
  }
  SUBCASE("dropped at the end") {
    Tensor w = row({2}).requires_grad_();
    auto traced = trace([&](const Tensor& x) {
      sum(w * x).backward();
      Tensor twice = w.grad() * 2.0;
      w.set_grad({});
      return twice;
    });
    for (float i = 0; i < 6; ++i) {
      CHECK(list(traced(row({i}))) == Floats{2 * i});
      CHECK_FALSE(w.grad().defined());
    }
    CHECK(traced.replay_count() == 3);
  }
  SUBCASE("of an argument") {
    auto traced = trace([](const Tensor& x) { sum(x * x).backward(); });
    for (float i = 0; i < 6; ++i) {
      Tensor x = row({i}).requires_grad_();
      traced(x);
      CHECK(list(x.grad()) == Floats{2 * i});
    }
  }
}

TEST_CASE("random numbers go on as without the trace") {
  Generator eager(7), traced_generator(7);
  auto draw = [](const Tensor& x, const Generator& generator) {
    return dropout(x, {.p = 0.5, .generator = generator});
  };
  auto traced = trace([&](const Tensor& x) { return draw(x, traced_generator); });
  Tensor x = full({50}, 1.0);
  for (int i = 0; i < 6; ++i) CHECK(list(traced(x)) == list(draw(x, eager)));
  CHECK(eager.state().counter == traced_generator.state().counter);
}

TEST_CASE("a traced function inside a traced function is a plain function") {
  Tensor w = row({3}).requires_grad_();
  auto inner = trace([&](const Tensor& x) { return w * x; });
  auto outer = trace([&](const Tensor& x) {
    w.set_grad({});
    Tensor y = sum(inner(x));
    y.backward();
    return y;
  });
  for (float i = 0; i < 6; ++i) {
    CHECK(list(outer(row({i}))) == Floats{3 * i});
    CHECK(list(w.grad()) == Floats{i});
  }
  CHECK(inner.replay_count() == 0);
}

TEST_CASE("two threads trace side by side, and take turns at one trace") {
  auto chain = [](const Tensor& x) {
    Tensor y = x;
    for (int i = 0; i < 20; ++i) y = tanh(y + x);
    return y;
  };
  auto shared = trace(chain);
  auto work = [&](float start, bool& right) {
    auto own = trace(chain);
    for (float i = start; i < start + 200; ++i) {
      Tensor x = full({500}, i / 100, {.dtype = DType::float32});
      Floats expected = list(chain(x));
      right &= list(own(x)) == expected;
      right &= list(shared(x)) == expected;
    }
  };
  bool first = true, second = true;
  std::thread other([&] { work(0, first); });
  work(1000, second);
  other.join();
  CHECK(first);
  CHECK(second);
  CHECK(shared.replay_count() == 397);
}

TEST_CASE("looking at elements inside says where") {
  std::string said =
      recording_error([](const Tensor& x) { return sum(exp(x)).item<float>() > 1 ? x : x * 2.0; });
  CHECK(contains(said, "item()"));
  CHECK(contains(said, "[sum]"));
  CHECK(contains(said, "float32 ()"));
  CHECK(contains(recording_error([](const Tensor& x) { return x * exp(x).to_vector<float>()[0]; }),
                 "to_vector()"));
  CHECK(contains(recording_error([](const Tensor& x) { return x * *exp(x).data<float>(); }), "data()"));
  CHECK(contains(recording_error([](const Tensor& x) { return x * x.span<float>()[0]; }), "an argument"));
  Tensor outside = row({1});
  CHECK(contains(recording_error([&](const Tensor& x) { return x * outside.item<float>(); }),
                 "outside the function"));
  CHECK(contains(recording_error([](const Tensor& x) {
                   Tensor table = row({1, 2});
                   Tensor y = x * table;
                   table.data<float>()[0] = 5;
                   return y * table;
                 }),
                 "constant"));
}

TEST_CASE("a tensor that outlives the call is refused") {
  Tensor kept;
  std::string said = recording_error([&](const Tensor& x) {
    kept = exp(x);
    return x * 2.0;
  });
  CHECK(contains(said, "[exp]"));
  CHECK(contains(said, "outlives"));
  std::vector<Tensor> history;
  CHECK(contains(recording_error([&](const Tensor& x) {
                   history.push_back(row({1}));
                   return x * history.back();
                 }),
                 "host code"));
  Tensor weight = row({1, 1});
  CHECK(contains(recording_error([&](const Tensor& x) {
                   weight.set_data(row({2, 2}));
                   return x * weight;
                 }),
                 "another memory"));
}

TEST_CASE("what changes between the recordings is named") {
  auto third_call = [](auto function) {
    auto traced = trace(std::move(function));
    Tensor x = row({1, 2});
    (void)traced(x);
    (void)traced(x);
    return trace_error([&] { (void)traced(x); });
  };
  double number = 0;
  std::string said = third_call([&](const Tensor& x) { return exp(x) * (number += 0.5); });
  CHECK(contains(said, "op 1"));
  CHECK(contains(said, "mul"));
  CHECK(contains(said, "was 1.0 and is now 1.5"));
  double slope = 0;
  said = third_call([&](const Tensor& x) { return leaky_relu(x, {.negative_slope = slope += 0.5}); });
  CHECK(contains(said, "leaky_relu"));
  CHECK(contains(said, "'negative_slope' was 1.0 and is now 1.5"));
  Tensor w = row({1}).requires_grad_();
  double rate = 0;
  said = third_call([&](const Tensor& x) {
    w.set_grad({});
    sum(w * x).backward();
    NoGrad guard;
    sgd_step({w}, {w.grad()}, rate += 0.5);
    return x * 1.0;
  });
  CHECK(contains(said, "'lr' was 1.0 and is now 1.5"));
  CHECK(contains(said, "Slot"));
  said = third_call([](const Tensor& x) { return x + rand({2}, {.generator = Generator(1)}); });
  CHECK(contains(said, "another Generator"));
  float content = 0;
  CHECK(contains(third_call([&](const Tensor& x) { return x + row({content += 1, 2}); }), "content changed"));
  int runs = 0;
  CHECK(contains(third_call([&](const Tensor& x) { return ++runs < 3 ? exp(x) : tanh(x); }),
                 "the second time it is tanh"));
  runs = 0;
  CHECK(contains(third_call([&](const Tensor& x) { return ++runs < 3 ? exp(x) : exp(tanh(x)); }), "tanh"));
  runs = 0;
  Tensor a = row({1}), b = row({2});
  CHECK(contains(third_call([&](const Tensor& x) { return x * (++runs < 3 ? a : b); }), "p0"));
}

TEST_CASE("an argument with a history is refused") {
  auto traced = trace([](const Tensor& x) { return x * 2.0; });
  Tensor w = row({1}).requires_grad_();
  (void)traced(w * 1.0);
  CHECK(contains(trace_error([&] { (void)traced(w * 1.0); }), "detach()"));
}

TEST_CASE("a function whose every call needs another graph gives up in the end") {
  auto traced = trace([](const Tensor& x) { return x * 2.0; });
  std::string said = trace_error([&] {
    for (int64_t n = 1; n < 100; ++n)
      for (int k = 0; k < 2; ++k) (void)traced(full({n}, 1.0));
  });
  CHECK(contains(said, "the shape of an argument"));
}

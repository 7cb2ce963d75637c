// Whole training steps have the same bits on any number of threads.
#include <cstring>

#include "bench/workloads/cnn.h"
#include "bench/workloads/mlp.h"
#include "bench/workloads/nanogpt.h"
#include "bench/workloads/tinyvit.h"
#include "rushlight/jit/trace.h"
#include "tests/backend/cpu_testing.h"

using namespace rushlight;

namespace {

// The losses of two steps, and all weights after them.
template <class Training>
std::vector<float> train_twice() {
  Training training;
  std::vector<float> numbers;
  for (int i = 0; i < 2; ++i) {
    Tensor loss = training.step(training.inputs, training.targets);
    numbers.push_back(loss.item<float>());
  }
  for (const Tensor& p : training.model.parameters()) {
    auto values = p.detach().contiguous().to_vector<float>();
    numbers.insert(numbers.end(), values.begin(), values.end());
  }
  return numbers;
}

}  // namespace

TEST_CASE("cpu: a CNN trains to the same bits on any number of threads" * doctest::test_suite("slow")) {
  cpu::check_same_for_all_thread_counts(train_twice<workloads::CnnTraining>);
}
TEST_CASE("cpu: a TinyViT trains to the same bits on any number of threads") {
  cpu::check_same_for_all_thread_counts(train_twice<workloads::TinyVitTraining>);
}

TEST_CASE("cpu: multilayer perceptrons train to the same bits on any number of threads") {
  cpu::check_same_for_all_thread_counts(train_twice<workloads::PointTraining>);
  cpu::check_same_for_all_thread_counts(train_twice<workloads::DigitTraining>);
}
TEST_CASE("cpu: GPTs train to the same bits on any number of threads" * doctest::test_suite("slow")) {
  cpu::check_same_for_all_thread_counts(train_twice<workloads::SmallGptTraining>);
  cpu::check_same_for_all_thread_counts(
      train_twice<workloads::GptTraining<1, 6, 384, 256, 2>>);  // a large one's layer
}

TEST_CASE("cpu: replayed steps of a CNN on channels-last images are the eager ones, bit for bit" *
          doctest::test_suite("slow")) {
  workloads::CnnTraining eager, recorded;
  auto step = trace([&](const Tensor& x, const Tensor& y) { return recorded.step(x, y); });
  for (int i = 0; i < 4; ++i) {
    float expected = eager.step(eager.inputs, eager.targets).item<float>();
    CHECK(step(recorded.inputs, recorded.targets).item<float>() == expected);
  }
}

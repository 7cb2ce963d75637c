// The cpu backend under stress: several user threads at once, threads that come and go, batches of every
// size. A full run (RUSHLIGHT_TEST_SIZE=full) storms 10,000 times.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "bench/workloads/mlp.h"
#include "tests/backend/cpu_testing.h"
#include "tests/base/resident_memory.h"

using namespace rushlight;

namespace {

bool is_full_run() {
  const char* size = std::getenv("RUSHLIGHT_TEST_SIZE");
  return size && std::strcmp(size, "full") == 0;
}

// Ops of most families, with gradients; which shapes follows from the seed.
double storm(int64_t seed) {
  const int64_t rows = 3 + seed % 7, width = 16 + seed % 5 * 8;
  Generator generator(static_cast<uint64_t>(seed));
  auto numbers = [&](const IntList& shape) { return randn(shape, {.generator = generator}); };
  Tensor x = numbers({rows, width}).requires_grad_(), w = numbers({2 * width, width}).requires_grad_();
  Tensor h = gelu(linear(layer_norm(x, width), w));
  Tensor heads = h.view({1, 2, rows, width});
  h = h + scaled_dot_product_attention(heads, heads, heads, {.is_causal = true}).reshape({rows, 2 * width});
  Tensor image = numbers({1, 4, rows, width}), filters = numbers({8, 4, 3, 3}).requires_grad_();
  Tensor pooled = max_pool2d(conv2d(image, filters, {.padding = 1}), 2);
  Tensor order = argsort(h.detach().select(0, 0));
  Tensor picked = cumsum(index_select(h, 1, order), 1).sum() + topk(h, 3).values.sum();
  Tensor loss = cross_entropy(h, arange(rows)) + picked * 1e-3 + pooled.mean();
  loss.backward();
  return loss.item<double>() + x.grad().sum().item<double>() + w.grad().sum().item<double>() +
         filters.grad().sum().item<double>();
}

}  // namespace

TEST_CASE("cpu: four user threads at once compute what one computes alone") {
  constexpr int64_t kSeeds = 35;
  const int64_t storms = is_full_run() ? 10'000 : 200;
  std::vector<double> alone;
  for (int64_t seed = 0; seed < kSeeds; ++seed) alone.push_back(storm(seed));
  std::atomic<int64_t> next{0}, wrong{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user)
    users.emplace_back([&] {
      for (int64_t i; (i = next++) < storms;)
        wrong += storm(i % kSeeds) != alone[static_cast<size_t>(i % kSeeds)];
    });
  for (std::thread& user : users) user.join();
  CHECK(wrong == 0);
}

#ifdef RUSHLIGHT_MEMORY_IS_FREED
TEST_CASE("cpu: batches of random sizes leave resident memory flat") {
  workloads::DigitTraining digits;
  NoGrad guard;
  double growth = growth_over(10'000, [&](int64_t i) {
    Tensor batch = full({1 + (i * 7919) % 64, 784}, 0.5);
    (void)digits.model.forward(batch);
  });
  CHECK(growth < 0.02);
}

TEST_CASE("cpu: threads that come and go leave resident memory flat") {
  double growth = growth_over(1000, [](int64_t i) { std::thread([=] { storm(i % 35); }).join(); });
  CHECK(growth < 0.02);
}
#endif

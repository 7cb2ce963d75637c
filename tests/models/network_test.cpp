// Networks by name: those that are built in, and perceptrons of any size; other words are refused.
#include "rushlight/models/network.h"

#include <doctest/doctest.h>

#include "rushlight/rushlight.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using models::Network;

TEST_CASE("perceptrons of the sizes that their name says") {
  const Network network = Network::make("mlp:2-8-3:tanh");
  CHECK(network.architecture() == "mlp:2-8-3:tanh");
  CHECK(network.module().count_parameters() == 2 * 8 + 8 + 8 * 3 + 3);
  CHECK(network(ones({5, 2})).size(1) == 3);
  CHECK(has(network.module().to_string(), "Tanh"));
  CHECK(has(Network::make("mlp:4-2").module().to_string(), "Linear"));
  CHECK(Network::make("mlp").module().count_parameters() == 101770);
}

TEST_CASE("what is no architecture is refused") {
  for (const char* words :
       {"mlp:", "mlp:2", "mlp:2-", "mlp:-2", "mlp:2--3", "mlp:2-x", "mlp:0-3", "mlp:2-3 ", "mlp:65536-65536",
        "mlp:99999999999999999999-2", "mlp:2-3-2:sigmoid", "mlp:2-3-2:", "mlp2-3", ""}) {
    CAPTURE(words);
    CHECK(error_of([&] { (void)Network::make(words); }) != "");
  }
  CHECK(fails_with(ErrorKind::value, {"tinyvti", "\"tinyvit\""}, [] { (void)Network::make("tinyvti"); }));
}

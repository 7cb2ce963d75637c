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

TEST_CASE("a description says what is other than usual") {
  const Network cnn = Network::make(R"({"model": "cnn", "classes": 3, "image": 16, "widths": [8, 16]})");
  CHECK(cnn.input().channels == 3);
  CHECK(cnn.input().size == 16);
  CHECK(cnn(ones({2, 3, 16, 16})).size(1) == 3);
  const Network vit = Network::make(R"({"model": "tinyvit", "image": 8, "depth": 2, "pooling": "cls"})");
  CHECK(vit.module().submodule("blocks.1").kind() == "VitBlock");
  CHECK(vit(ones({2, 1, 8, 8})).size(1) == 10);
  CHECK(Network::make(R"({"model": "mlp", "sizes": [5, 2]})").input().channels == 5);
  for (const char* name : {"mlp", "tinyvit", "cnn"}) {
    const Network fitting = Network::make(models::architecture_for(name, {3, 32}, 7));
    CHECK(fitting(ones({1, 3, 32, 32})).size(1) == 7);
  }
}

TEST_CASE("a description that makes no sense is refused, before anything large is made") {
  const auto refused = [](const char* description, const char* word) {
    CAPTURE(description);
    CHECK(has(error_of([&] { (void)Network::make(description); }), word));
  };
  refused("{", "byte 1");
  refused("{}", "\"model\"");
  refused(R"({"model": 3})", "model");
  refused(R"({"model": "tinyvti"})", "\"tinyvit\"");
  refused(R"({"model": "burn_mnist_cnn"})", "architecture");
  refused(R"({"model": "cnn", "clases": 3})", "\"classes\"");
  refused(R"({"model": "cnn", "classes": 0})", "classes");
  refused(R"({"model": "cnn", "classes": 1.5})", "classes");
  refused(R"({"model": "cnn", "widths": 8})", "widths");
  refused(R"({"model": "cnn", "image": 2})", "halved");
  std::string many = "1";
  for (int i = 1; i < 64; ++i) many += ", 1";
  refused((R"({"model": "cnn", "image": 65536, "widths": [)" + many + "]}").c_str(), "halved");
  refused((R"({"model": "cnn", "widths": [)" + many + ", 1]}").c_str(), "at most 64");
  refused(R"({"model": "tinyvit", "depth": 65536, "dim": 1, "heads": 1, "mlp": 1})", "blocks");
  refused(R"({"model": "tinyvit", "patch": 5})", "patches");
  refused(R"({"model": "tinyvit", "heads": 7})", "heads");
  refused(R"({"model": "mlp", "sizes": []})", "Mlp");
  refused(R"({"model": "mlp", "sizes": [65536, 65536]})", "weights");
  refused(R"({"model": "tinyvit", "dim": 65536, "depth": 65536})", "weights");
  refused(R"({"model": "tinyvit", "image": 65536, "patch": 1})", "weights");
  refused(R"({"model": "cnn", "widths": [65536, 65536]})", "weights");
}

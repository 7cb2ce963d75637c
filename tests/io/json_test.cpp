// JSON: what RFC 8259 allows is read, all else refused; weights keep every bit.
#include "rushlight/io/json.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>

#include "rushlight/base/files.h"
#include "rushlight/io/json_weights.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/io/malformed.h"
#include "tests/io/named_samples.h"

using namespace rushlight;
using namespace rushlight::io;

namespace {

std::string again(std::string_view text) {
  std::string json;
  append_json(json, parse_json(text));
  return json;
}

std::string nested(int levels) {
  return std::string(static_cast<size_t>(levels), '[') + std::string(static_cast<size_t>(levels), ']');
}

// Each is JSON that somebody could write, and is none.
const std::vector<Malformed> kNoJson = {{"nothing", ""},
                                        {"blanks", " \n"},
                                        {"two values", "1 2"},
                                        {"a word", "nul"},
                                        {"a longer word", "nulll"},
                                        {"a capital", "True"},
                                        {"not a number", "NaN"},
                                        {"an infinity", "-Infinity"},
                                        {"a plus", "+1"},
                                        {"a minus alone", "-"},
                                        {"a zero at the front", "01"},
                                        {"no digit before the point", ".5"},
                                        {"no digit after the point", "1."},
                                        {"no exponent", "1e"},
                                        {"only its sign", "1e+"},
                                        {"hexadecimal", "0x1f"},
                                        {"an open string", "\"abc"},
                                        {"a single quote", "'abc'"},
                                        {"a new line in a string", "\"a\nb\""},
                                        {"a zero byte in a string", std::string("\"a\0b\"", 5)},
                                        {"an unknown escape", "\"\\x41\""},
                                        {"an escape at the end", "\"\\"},
                                        {"three hexadecimal digits", "\"\\u12\""},
                                        {"no hexadecimal digits", "\"\\u12g4\""},
                                        {"a signed hexadecimal number", "\"\\u-123\""},
                                        {"a first surrogate alone", "\"\\ud83d\""},
                                        {"a second surrogate alone", "\"\\udd25\""},
                                        {"two first surrogates", "\"\\ud83d\\ud83d\""},
                                        {"an open list", "[1, 2"},
                                        {"a comma at the end", "[1,]"},
                                        {"two commas", "[1,,2]"},
                                        {"no comma", "[1 2]"},
                                        {"the wrong bracket", "[1}"},
                                        {"an open object", "{\"a\": 1"},
                                        {"a key without quotes", "{a: 1}"},
                                        {"a key that is a number", "{1: 1}"},
                                        {"no colon", "{\"a\" 1}"},
                                        {"no value", "{\"a\":}"},
                                        {"a comma at an object's end", "{\"a\": 1,}"},
                                        {"a key twice", "{\"a\": 1, \"b\": 2, \"a\": 3}"},
                                        {"a key twice, once escaped", "{\"a\": 1, \"\\u0061\": 3}"},
                                        {"a comment", "[1 /* one */]"},
                                        {"a byte order mark", "\xef\xbb\xbf[]"},
                                        {"no UTF-8", "\"\xff\""},
                                        {"an overlong form", "\"\xc0\xaf\""},
                                        {"an overlong form of three bytes", "\"\xe0\x9f\xaf\""},
                                        {"an overlong form of four bytes", "\"\xf0\x8f\xbf\xbf\""},
                                        {"a surrogate in UTF-8", "\"\xed\xa0\x80\""},
                                        {"a code point too large", "\"\xf4\x90\x80\x80\""},
                                        {"half a code point", "\"\xe2\x82\""},
                                        {"a list too deep", nested(kMostJsonDepth + 2)},
                                        {"a list far too deep", std::string(1'000'000, '[')},
                                        {"objects too deep", [] {
                                           std::string text;
                                           for (int i = 0; i < 100'000; ++i) text += "{\"a\":";
                                           return text;
                                         }()}};

}  // namespace

TEST_CASE("JSON is read and written") {
  CHECK(again("  {\"b\" : [1, -2.50e+3 ,true,false , null ] , \"a\":{} , \"\":[ ]}\n") ==
        R"({"b":[1,-2.50e+3,true,false,null],"a":{},"":[]})");
  CHECK(again(R"("\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\udd25")") ==
        "\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009é€🔥\"");
  CHECK(again(nested(kMostJsonDepth + 1)) == nested(kMostJsonDepth + 1));
  const Json json = parse_json(R"({"n": 12, "x": 0.5, "big": 9223372036854775808})");
  const Json::Object& object = json.object("it");
  CHECK(find(object, "n")->integer("n") == 12);
  CHECK(find(object, "x")->number("x") == 0.5);
  CHECK(find(object, "y") == nullptr);
  CHECK(fails_with(ErrorKind::value, {"x should be an integer", "0.5"},
                   [&] { (void)find(object, "x")->integer("x"); }));
  CHECK(fails_with(ErrorKind::value, {"9223372036854775808"},
                   [&] { (void)find(object, "big")->integer("big"); }));
  CHECK(fails_with(ErrorKind::value, {"n should be a list", "a number"},
                   [&] { (void)find(object, "n")->array("n"); }));
  CHECK(fails_with(ErrorKind::value, {"string"}, [&] { (void)json.text("it"); }));
  CHECK(fails_with(ErrorKind::value, {"true or false"}, [&] { (void)json.boolean("it"); }));
}

TEST_CASE("what is no JSON is refused, and the byte is named") {
  check_malformed(parse_json, kNoJson);
  check_cut_short(parse_json, R"({"a": [1, {"b": "\u20ac"}], "c": true})");
  CHECK(fails_with(ErrorKind::value, {"byte 3", "',' or ']'", "'2'"}, [] { (void)parse_json("[1 2]"); }));
  CHECK(fails_with(ErrorKind::value, {"\"a\" twice"}, [] { (void)parse_json("{\"a\":1,\"a\":1}"); }));
}

TEST_CASE("JSON weights keep the bits of every float32") {
  const TemporaryFolder folder;
  const std::string path = folder / "weights.json";
  std::vector<float> values = {0.0f, -0.0f, 0.1f, 1e-45f, 1.17549435e-38f, 3.40282347e38f, -16777217.0f};
  for (uint32_t bits = 1; values.size() < 4096; bits = bits * 1664525 + 1013904223)
    if (const auto value = std::bit_cast<float>(bits); std::isfinite(value)) values.push_back(value);
  const Tensor many = from_values<float>(values, {64, 1, 64});
  const NamedTensors tensors = {{"many", many},
                                {"turned \"é\"\n", many.transpose(0, 2)},
                                {"scalar", many(3, 0, 5)},
                                {"empty", empty({2, 0}, DType::float32)}};
  save_json_weights(path, tensors);
  CHECK(same(load_json_weights(path), tensors));

  save_json_weights(path, {{"half", counted({3}, DType::bfloat16)}});
  CHECK(same(load_json_weights(path), {{"half", counted({3}, DType::float32)}}));
  const int64_t count = 1 << 24;
  const uint64_t most = uint64_t{1} << 63;
  save_json_weights(path, {{"count", from_values<int64_t>({&count, 1}, {})},
                           {"most", from_values<uint64_t>({&most, 1}, {})},
                           {"small", counted({3}, DType::int8)}});
  CHECK(same(load_json_weights(path), {{"count", full({}, 16777216.0)},
                                       {"most", full({}, 9223372036854775808.0)},
                                       {"small", counted({3}, DType::float32)}}));
  CHECK(same(parse_json_weights("{\"w\": [1e-50, 1, -2.5]}"),
             {{"w", from_values<float>(std::vector{0.0f, 1.0f, -2.5f}, {3})}}));
}

TEST_CASE("JSON weights that are none are refused") {
  const auto refuses = [](const char* text, std::initializer_list<const char*> words) {
    return fails_with(ErrorKind::value, words, [&] { (void)parse_json_weights(text); });
  };
  CHECK(refuses("[1]", {"an object", "a list"}));
  CHECK(refuses(R"({"w": [[1, 2], [3]]})", {"\"w\" is ragged", "2", "1"}));
  CHECK(refuses(R"({"w": [[1], 2]})", {"\"w\" is ragged", "a number"}));
  CHECK(refuses(R"({"w": [1, [2]]})", {"\"w\"", "a list"}));
  CHECK(refuses(R"({"w": [[], [1]]})", {"ragged"}));
  CHECK(refuses(R"({"w": "text"})", {"\"w\"", "a string"}));
  CHECK(refuses(R"({"w": null})", {"null"}));
  CHECK(refuses(R"({"w": [true]})", {"a bool"}));
  CHECK(refuses(R"({"w": {"deeper": [1]}})", {"an object"}));
  CHECK(refuses(R"({"w": [1e39]})", {"1e39", "float32"}));
  CHECK(refuses(R"({"w": [1e999]})", {"1e999", "float32"}));
  CHECK(refuses(R"({"w": [1], "w": [2]})", {"twice"}));
  check_cut_short(parse_json_weights, R"({"w": [[1, 2], [3, 4.5e1]]})");

  const TemporaryFolder folder;
  const std::string path = folder / "weights.json";
  const auto refuses_to_save = [&](const NamedTensors& tensors, std::initializer_list<const char*> words) {
    return fails_with(ErrorKind::value, words, [&] { save_json_weights(path, tensors); });
  };
  CHECK(refuses_to_save({{"w", full({2}, std::nan(""))}}, {"\"w\"", "nan"}));
  CHECK(refuses_to_save({{"w", counted({2}, DType::float64)}}, {"\"w\"", "float64", ".safetensors"}));
  for (const int64_t wide : {(int64_t{1} << 24) + 1, INT64_MAX, INT64_MIN + 1})
    CHECK(refuses_to_save({{"w", from_values<int64_t>({&wide, 1}, {1})}},
                          {"\"w\"", std::to_string(wide).c_str(), ".safetensors"}));
  CHECK(
      refuses_to_save({{"w", counted({2}, DType::float32)}, {"w", counted({2}, DType::float32)}}, {"\"w\""}));
  CHECK(refuses_to_save({{"w", Tensor()}}, {"undefined"}));
  CHECK(refuses_to_save({{"\xff", full({2}, 1.0)}}, {"UTF-8"}));
  CHECK(folder.count_files() == 0);
}

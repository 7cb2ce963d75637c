// rushlight_demo [FOLDER]: what the library does, in half a minute.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "examples/demo/demo.h"
#include "rushlight/base/error.h"
#include "rushlight/base/terminal.h"

void print_title(const char* title) {
  const bool colour = rushlight::inspect_terminal(stdout).colour;
  std::printf("\n%s%s%s\n\n", colour ? "\x1b[1m" : "", title, colour ? "\x1b[0m" : "");
  std::fflush(stdout);
}

void write_file(const std::string& path, const std::string& contents) {
  std::ofstream file(path, std::ios::binary);
  file << contents;
  file.close();
  if (!file) rushlight::fail(rushlight::ErrorKind::runtime, "[demo] can't write ", path);
  std::printf("  %s\n", path.c_str());
}

int main(int argc, char** argv) {
  if (argc > 1 && argv[1][0] == '-') {
    std::puts(
        "usage: rushlight_demo [FOLDER]\n\nWatch small networks learn. Pictures go to FOLDER, or next to the "
        "program.");
    return std::string_view(argv[1]) == "--help" || std::string_view(argv[1]) == "-h" ? 0 : 2;
  }
  try {
    const std::filesystem::path program(argv[0]);
    const std::string folder = argc > 1 ? argv[1] : program.parent_path().string();
    const bool graph_drawn = draw_a_graph(folder);
    const bool moons_learned = learn_moons(folder);
    const bool xor_learned = learn_xor();
    return graph_drawn && moons_learned && xor_learned ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

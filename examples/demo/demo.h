// The acts of the demo. Each tells its story on the terminal, and returns whether it ended well.
#pragma once

#include <string>

// Draws the graph of a small expression, and writes it to `folder`.
bool draw_a_graph(const std::string& folder);

// Trains a network of Values on two moons, and writes the map of its decisions to `folder`.
bool learn_moons(const std::string& folder);

// Trains a small network of tensors on XOR.
bool learn_xor();

void print_title(const char* title);
void write_file(const std::string& path, const std::string& contents);  // and prints its path

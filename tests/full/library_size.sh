#!/usr/bin/env bash
# The engine with the reference backend alone, as a shared object without symbols: at most 2 MB.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
most=2000000
build=build/reference_only
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DRUSHLIGHT_CPU=OFF -DRUSHLIGHT_LAYERS=OFF -DRUSHLIGHT_COMMAND=OFF -DRUSHLIGHT_TESTS=OFF \
  -DRUSHLIGHT_EXAMPLES=OFF -DRUSHLIGHT_BENCH=OFF >/dev/null
ninja -C "$build" -j "${RUSHLIGHT_JOBS:-$(nproc)}" --quiet rushlight
strip -o "$build/stripped.so" "$(readlink -f "$build/librushlight.so")"
bytes=$(stat -c %s "$build/stripped.so")
echo "reference-only engine, stripped: $bytes bytes (at most $most)"
((bytes <= most))

#!/usr/bin/env bash
# A release build of the library on two cores from nothing (aim: 4 minutes), and again after a change of one family of ops
# (aim: 20 s). Machines are busy and differ, so only twice the first and three times the second is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CCACHE_DISABLE=1
build=build/timed
family=rushlight/ops/matmul.cpp

# seconds COMMAND...: how long it took, by the clock.
seconds() {
  local started
  started=$(date +%s%N)
  "$@" >/dev/null
  echo $((($(date +%s%N) - started) / 1000000000))
}
# within FIGURE AIM MOST NAME
within() {
  echo "$4: $1 s (aim: $2 s)"
  (($1 <= $3))
}

rm -rf "$build"
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DRUSHLIGHT_CCACHE=OFF -DRUSHLIGHT_TESTS=OFF \
  -DRUSHLIGHT_EXAMPLES=OFF -DRUSHLIGHT_BENCH=OFF >/dev/null
within "$(seconds ninja -C "$build" -j 2 --quiet rushlight)" 240 480 "a clean release build of the library"
touch -c "$family"
within "$(seconds ninja -C "$build" -j 2 --quiet rushlight)" 20 60 "after touching $family"
rm -rf "$build"

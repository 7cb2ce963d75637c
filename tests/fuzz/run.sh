#!/usr/bin/env bash
# The readers of files against files that libFuzzer makes up: `tests/fuzz/run.sh SECONDS JOBS`, from the root, after a
# release build (for its generated headers). Prints what each target has tried and reached; ends with 1 on a find,
# which stays in build/fuzz/finds. A third word names the targets that run: tests/fuzz/csv.cpp.
set -euo pipefail
seconds=$1 jobs=$2
room=build/fuzz
compiler=clang++-19
command -v ccache >/dev/null && compiler="ccache $compiler"
flags=(-std=c++20 -O1 -g1 -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS -I. -Ibuild/release/generated)
sanitizers=address,undefined

# Images are read where the release build reads them.
mapfile -t images < <(grep -ohE -m1 -e '-DRUSHLIGHT_HAS_(PNG|JPEG)' build/release/compile_commands.json | sort -u)
flags+=("${images[@]}")
libraries=(-lz)
[[ ${images[*]} != *PNG* ]] || libraries+=(-lpng)
[[ ${images[*]} != *JPEG* ]] || libraries+=(-ljpeg)

# The readers need nothing above core, so that all of it is compiled with the sanitizers in a minute.
objects() {
  local source
  for source in rushlight/{base,core,io}/*.cpp rushlight/data/{cifar,csv,csv_reader,file_bytes,idx,image_file}.cpp \
    rushlight/models/model_metadata.cpp rushlight/train/run_log.cpp; do
    printf '%s\0%s\0' "$source" "$room/$(tr / _ <<<"${source%.cpp}").o"
  done
}
compile() {
  objects | xargs -0 -n 2 -P "$jobs" sh -c \
    "$compiler ${flags[*]} -fsanitize=fuzzer-no-link,$sanitizers -fno-sanitize-recover=all -c \"\$0\" -o \"\$1\""
  rm -f $room/readers.a
  ar rcs $room/readers.a $room/*.o
}

# fuzz NAME: runs of many files each second, longer ones as it goes.
fuzz() {
  local name=$1 log=$room/$1.log status=0
  $compiler "${flags[@]}" -fsanitize=fuzzer,$sanitizers -fno-sanitize-recover=all "tests/fuzz/$name.cpp" \
    $room/readers.a "${libraries[@]}" -o "$room/$name" || return 1  # `set -e` sleeps in a function behind `||`
  mkdir -p "$room/corpus/$name" "$room/seeds/$name" $room/finds
  "$room/$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1100 \
    -print_final_stats=1 -artifact_prefix="$room/finds/$name-" "$room/corpus/$name" "$room/seeds/$name" \
    >"$log" 2>&1 || status=$?
  awk -v name="$name" '
    / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1); else if ($i == "ft:") ft = $(i + 1) }
    /number_of_executed_units/ { runs = $2 }
    END { printf "%-14s %10d files, %6d branches reached, %6d features\n", name, runs, cov, ft }' "$log"
  if ((status != 0)); then
    grep -E -m3 'ERROR|runtime error|Test unit written' "$log" || tail -5 "$log"
  fi
  return $status
}

mkdir -p $room
.venv/bin/python tests/fuzz/seeds.py $room/seeds
compile
failed=0
for target in ${3:-tests/fuzz/*.cpp}; do
  fuzz "$(basename "$target" .cpp)" || failed=1
done
exit $failed

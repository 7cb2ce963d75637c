# The tests, from the inner loop to everything.
# shellcheck shell=bash disable=SC2034,SC2154  # `wanted_steps` is steps.sh's, `root`, `jobs` and `python` are ./dev's

kernel_tests='*tests/backend/*'  # about half of the time of all C++ tests

build_quietly() { build "$1" --quiet "${@:2}"; }

# cpp_tests PRESET [DOCTEST OPTIONS]: at their usual size, as sanitizers and lower instruction sets run them too.
# (Without a word on the test that doctest skips: another one runs it, in a process of its own.)
cpp_tests() { RUSHLIGHT_TEST_SIZE=usual "build/$1/rushlight_tests" --no-skipped-summary "${@:2}"; }
# Every float through the vector functions of all instruction sets, and ten thousand storms: half an hour.
long_cpp_tests() { build/release/rushlight_tests --source-file="*vector_functions_test.cpp,*storm_test.cpp" --no-skipped-summary; }

# pytest summarises why tests were skipped (-rs), the absence of PyTorch above all.
python_tests() { in_package -m pytest -q -rs -p no:cacheprovider "$@"; }

asan_options=detect_stack_use_after_return=1:check_initialization_order=1:strict_string_checks=1:allocator_may_return_null=1

# sanitizer_tests PRESET [DOCTEST OPTIONS]
sanitizer_tests() {
  export ASAN_OPTIONS=$asan_options:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
  # TSan of gcc 12 finds its shadow memory taken where addresses are randomised widely.
  local plainly=()
  [[ $1 == tsan ]] && setarch --addr-no-randomize true 2>/dev/null && plainly=(setarch --addr-no-randomize)
  RUSHLIGHT_TEST_SIZE=usual "${plainly[@]}" "build/$1/rushlight_tests" --no-skipped-summary "${@:2}"
}
# The tests use one core most of the time.
sanitizer_tests_in_halves() {
  side_by_side "sanitizer_tests $1 --source-file='$kernel_tests'" "sanitizer_tests $1 --source-file-exclude='$kernel_tests'"
}

# The usual ASan build has kernels of v3 only.
build_other_levels() {
  cmake --preset asan -B build/asan_levels "-DRUSHLIGHT_ISA_VARIANTS=v2;v4" >/dev/null
  ninja -C build/asan_levels -j "$jobs" --quiet rushlight_tests
}
sanitized_kernel_tests() {
  export ASAN_OPTIONS=$asan_options:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
  cpu_kernel_tests asan_levels
}

# CI has no time for them.
build_sanitized_programs() {
  cmake --preset asan -DRUSHLIGHT_COMMAND=ON -DRUSHLIGHT_EXAMPLES=ON >/dev/null
  ninja -C build/asan -j "$jobs" --quiet
}

# in_sanitized_package ARGS: Python with the package that is built under ASan + UBSan. The interpreter itself leaks.
in_sanitized_package() {
  local name libraries=()
  for name in libasan.so libstdc++.so; do libraries+=("$(g++ -print-file-name=$name)"); done
  ASAN_OPTIONS=$asan_options:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
    LD_PRELOAD="${libraries[*]}" PYTHONPATH="$root/build/asan/python" "$python" "$@"
}

# What ASan says goes past pytest to the terminal: the process that could show it is gone.
sanitized_python_tests() {
  RUSHLIGHT_TEST_SIZE=quick in_sanitized_package -m pytest -q -rs -p no:cacheprovider --capture=sys tests
}

outside_project() {
  local room=build/outside_$1 prefix=$root/build/outside_package/prefix
  rm -rf "$room"
  if [[ $1 == package ]]; then
    cmake --install build/release --prefix "$prefix" >/dev/null
    cmake -G Ninja -S tests/outside_project -B "$room/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
  else
    cmake -G Ninja -S tests/outside_project -B "$room/build" -DRUSHLIGHT_FROM_SOURCE="$root" >/dev/null
  fi
  ninja -C "$room/build" -j "$jobs" --quiet
  "$room/build/outside"
  [[ $1 != package ]] || small_program "$room/build/predict" 3000000
}

# small_program PROGRAM BYTES: it is at most so large, and needs no library that is not on every machine.
small_program() {
  strip "$1"
  local bytes needs
  bytes=$(stat -c %s "$1")
  needs=$(ldd "$1" | awk '{ print $1 }' | grep -vE '^(linux-vdso|libc|libm|libgcc_s|libstdc\+\+|libz|/lib.*/ld-linux.*)\.so' || true)
  echo "${1##*/}, stripped: $bytes bytes (at most $2)${needs:+; it needs $needs}"
  ((bytes <= $2)) && [[ -z $needs ]]
}

clang_tidy() {
  run-clang-tidy-19 -quiet -extra-arg=-Wno-ignored-gch -p build/release -j "$jobs" "^$root/(rushlight|python|tools)/.*\.cpp$" 2>&1 | grep -v "warnings generated"
}

with_clang() {
  if command -v "$2" >/dev/null; then
    step "$1" "${@:3}"
  else
    skip_step "$1" "there is no $2 here (./dev setup)"
  fi
}

# Each reader of files against files that libFuzzer makes up, for a minute.
fuzz_files() {
  local name="files that libFuzzer makes up"
  if command -v clang++-19 >/dev/null && have_fuzzer; then
    with_torch "$name" tests/fuzz/run.sh 60 "$jobs"
  else
    skip_step "$name" "there is no clang++-19 with libclang-rt-19-dev here (./dev setup)"
  fi
}

# with_torch NAME COMMAND...: PyTorch is the judge.
with_torch() {
  if have_torch; then
    step "$@"
  else
    skip_step "$1" "PyTorch is not in .venv (./dev setup installs it)"
  fi
}

release_steps() {
  step "release build (g++)" build_quietly release
  step "C++ and Python tests" cpp_and_python_tests
  have_torch || skip_step "PyTorch as a judge" "PyTorch is not in .venv (./dev setup installs it)"
}

# on_lower_levels NAME COMMAND...: once for each instruction set below the one that this machine would choose.
on_lower_levels() {
  local flags level
  local -A wider=([v2]=avx2 [v3]=avx512vl)
  flags=$(grep -m1 '^flags' /proc/cpuinfo)
  for level in v2 v3; do
    [[ $flags != *${wider[$level]}* ]] || RUSHLIGHT_ISA=$level step "$1, instruction set $level" "${@:2}"
  done
}

cpu_kernel_tests() { cpp_tests "$1" --source-file="$kernel_tests"; }

# usual_steps [HOSTILE_CALLS]
usual_steps() {
  release_steps
  on_lower_levels "C++ tests of kernels" cpu_kernel_tests release
  checks
  step "outside project, installed package" outside_project package
  with_clang "clang 19, syntax only" clang++-19 "$python" tools/clang_syntax.py build/release "$jobs"
  step "ASan + UBSan build" build_quietly asan
  step "ASan + UBSan tests" sanitizer_tests_in_halves asan
  with_torch "ASan + UBSan, hostile calls" in_sanitized_package tests/conformance/hostile.py --count "${1:-100000}"
  with_torch "6 mutants" in_package tests/mutants/mutants.py --count 6 --seed 1 --jobs "$jobs"
}

full_steps() {
  local script
  usual_steps 1000000
  step "C++ tests, every float and long storms" long_cpp_tests
  on_lower_levels "conformance" python_tests tests/conformance
  step "AVX2 build with vectors of 64 bytes" build_quietly wide
  step "C++ tests of kernels, vectors of 64 bytes" cpu_kernel_tests wide
  step "ASan + UBSan build of the command and the examples" build_sanitized_programs
  with_torch "ASan + UBSan, Python tests" sanitized_python_tests
  step "ASan + UBSan build, the other instruction sets" build_other_levels
  step "ASan + UBSan tests of kernels, the other instruction sets" sanitized_kernel_tests
  RUSHLIGHT_ISA=v2 step "ASan + UBSan tests of kernels, instruction set v2" sanitized_kernel_tests
  step "TSan build" build_quietly tsan
  step "TSan tests" sanitizer_tests_in_halves tsan
  step "outside project, FetchContent" outside_project source
  with_clang "clang-tidy" clang-tidy-19 clang_tidy
  fuzz_files
  step "Python tests, the large ones" python_tests -m full tests
  for script in tests/full/*.sh; do
    [[ ! -e $script ]] || step "$script" bash "$script"
  done
}

# The inner loop: both test programs at the same time, and without the tests that take seconds each.
quick_steps() {
  step "release build (g++)" build_quietly release
  step "short C++ and Python tests" cpp_and_python_tests --test-suite-exclude=slow "-m 'not (slow or full)'"
  have_torch || skip_step "PyTorch as a judge" "PyTorch is not in .venv (./dev setup installs it)"
}

# cpp_and_python_tests [DOCTEST OPTION] [PYTEST OPTIONS]: at once. Each of them uses one core most of the time; those of
# C++ are halved, as alone they would be the last by far.
cpp_and_python_tests() {
  local cpp="cpp_tests release ${1:-}" pytest="python_tests ${2:-}" conformance=()
  have_torch && conformance=("$pytest tests/conformance")
  side_by_side "$cpp --source-file='$kernel_tests'" "$cpp --source-file-exclude='$kernel_tests'" \
    "${conformance[@]}" "$pytest --ignore=tests/conformance tests"
}

# side_by_side COMMAND...: all at once; what they print comes one after the other, as soon as the last is done.
side_by_side() {
  local log command process running=() logs=() failed=0
  for command in "$@"; do
    log=$(mktemp)
    (eval "$command") >"$log" 2>&1 &
    running+=($!) logs+=("$log")
  done
  for process in "${running[@]}"; do wait "$process" || failed=1; done
  cat "${logs[@]}"
  rm -f "${logs[@]}"
  return $failed
}

named_steps() {
  step "release build (g++)" build_quietly release
  step "C++ tests named *$1*" cpp_tests release --test-case="*$1*"
  step "Python tests named *$1*" python_tests_named "$1"
}

# That no test has the name is no failure (5): it may be a name of the other language, as one with spaces surely is.
python_tests_named() {
  if [[ $1 =~ ^[A-Za-z0-9_]+$ ]]; then
    python_tests -k "$1" tests || (($? == 5))
  else
    echo "No Python test can have such a name."
  fi
}

# value_of OPTION VALUE...: what follows an option.
value_of() {
  [[ -n ${2:-} ]] || die "$1 needs a value (./dev --help)"
  printf '%s' "$2"
}
number_of() {
  [[ ${2:-} =~ ^[0-9]+$ ]] || die "$1 needs a number (./dev --help)"
  printf '%s' "$2"
}

run_tests() {
  local size=usual name="" mutants="" seed=1 fuzz="" setup_options=()
  while (($#)); do
    case "$1" in
      --quick | --full) size=${1#--} ;;
      -k)
        name=$(value_of "$@")
        shift
        ;;
      --mutants)
        mutants=$(number_of "$@")
        shift
        ;;
      --seed)
        seed=$(number_of "$@")
        shift
        ;;
      --fuzz) fuzz=1 ;;
      --steps)
        wanted_steps=$(value_of "$@")
        shift
        ;;
      --no-torch) setup_options=(--no-torch) ;;
      *) die "test does not know '$1' (./dev --help)" ;;
    esac
    shift
  done
  need_python "${setup_options[@]}"
  # A backend that lacks a kernel shall fail the test, not warn.
  export RUSHLIGHT_TEST_SIZE=$size RUSHLIGHT_FALLBACK=error
  if [[ -n $name ]]; then
    named_steps "$name"
  elif [[ -n $mutants ]]; then
    step "release build (g++)" build_quietly release
    with_torch "$mutants mutants, seed $seed" in_package tests/mutants/mutants.py --count "$mutants" --seed "$seed" --jobs "$jobs"
  elif [[ -n $fuzz ]]; then
    step "release build (g++)" build_quietly release
    with_torch "hostile calls" in_package tests/conformance/hostile.py --count 1000000 --seed "$seed"
    fuzz_files
  else
    "${size}_steps"
  fi
  summary
}

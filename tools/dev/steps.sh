# Steps of a run: each with a heading, its time and a one-line result; at the end a table and the sum of all test runners.
# shellcheck shell=bash

step_rows=()
wanted_steps="" # a regular expression: only steps with such a name run
total_passed=0 total_failed=0 total_skipped=0

heading() { printf '\n== %s\n' "$1"; }

# count_tests LOG: "passed failed skipped" summed over the summary lines of doctest and pytest; nothing where there are none.
count_tests() {
  awk '
    /^\[doctest\] test cases:/ || (/ in [0-9.]+s/ && /[0-9] (passed|failed|skipped|errors?|deselected)/) {
      found = 1
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^passed/) passed += $(i - 1)
        if ($i ~ /^(failed|error)/) failed += $(i - 1)
        if ($i ~ /^skipped/) skipped += $(i - 1)
      }
    }
    END { if (found) print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# step NAME COMMAND...: runs the command. One without a test runner counts as one test. A failure is remembered; the run goes on.
# Must not be called from a condition: bash would then ignore failures inside of COMMAND.
step() {
  local name=$1 log status started=$SECONDS passed failed skipped result
  [[ $name =~ $wanted_steps ]] || return 0
  log=$(mktemp)
  heading "$name"
  set +e
  (
    set -e
    "${@:2}"
  ) 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  set -e
  read -r passed failed skipped <<<"$(count_tests "$log")"
  rm -f "$log"
  if [[ -z $passed ]]; then
    result="ok"
    passed=$((status == 0)) failed=0 skipped=0
  else
    result="ok: $passed passed"
    ((skipped == 0)) || result+=", $skipped skipped"
  fi
  ((status == 0 || failed > 0)) || failed=1
  if ((failed > 0)); then result="FAILED: $failed failed, $passed passed (exit status $status)"; fi
  record "$name" "$result" $((SECONDS - started)) "$passed" "$failed" "$skipped"
}

# skip_step NAME REASON
skip_step() {
  [[ $1 =~ $wanted_steps ]] || return 0
  heading "$1"
  record "$1" "skipped: $2" 0 0 0 1
}

record() {
  printf -- '-- %s: %s (%d s)\n' "$1" "$2" "$3"
  step_rows+=("$(printf '%6d s  %-34s %s' "$3" "$1" "$2")")
  total_passed=$((total_passed + $4)) total_failed=$((total_failed + $5)) total_skipped=$((total_skipped + $6))
}

# The table and, as the last line, the sum; fails where a step failed.
summary() {
  ((${#step_rows[@]})) || die "no step has a name like '$wanted_steps'"
  heading "Summary"
  printf '%s\n' "${step_rows[@]}" "$(printf '%6d s' "$SECONDS")  in all" ""
  printf '%d passed, %d failed, %d skipped\n' "$total_passed" "$total_failed" "$total_skipped"
  ((total_failed == 0))
}

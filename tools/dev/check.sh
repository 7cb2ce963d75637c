# What a person should not have to check. Each is one step.
# shellcheck shell=bash

cpp_files() { git ls-files -co --exclude-standard --deduplicate -- '*.h' '*.cpp' '*.inc' | xargs -r ls -d 2>/dev/null; }

# One complaint per file is enough: ./dev check --fix mends them all.
check_format() { cpp_files | xargs -r clang-format-19 --dry-run -Werror --ferror-limit=1; }

checks() {
  local scripts=(dev .ci/run tools/dev/*.sh)
  if command -v clang-format-19 >/dev/null; then
    step "check: format" check_format
  else
    skip_step "check: format" "there is no clang-format-19 here"
  fi
  step "check: include directions" python3 tools/check_includes.py
  step "check: file sizes and names" python3 tools/check_file_sizes.py
  step "check: op lists" python3 tools/check_op_names.py
  step "check: generated files" python3 tools/check_generated.py
  step "check: links" python3 tools/check_links.py
  step "check: stages" python3 tools/check_stages.py
  step "check: roadmap" python3 tools/roadmap.py --check
  if command -v shellcheck >/dev/null; then
    step "check: shell scripts" shellcheck --external-sources "${scripts[@]}"
  else
    skip_step "check: shell scripts" "there is no shellcheck here"
  fi
  if [[ -d build/release/CMakeFiles ]]; then
    step "check: weak symbols" python3 tools/check_weak_symbols.py build/release
  else
    skip_step "check: weak symbols" "there is no release build"
  fi
}

run_check() {
  case "$*" in
    "") ;;
    --fix)
      cpp_files | xargs -r clang-format-19 -i
      ;;
    *) die "check knows --fix, not '$*'" ;;
  esac
  checks
  summary
}

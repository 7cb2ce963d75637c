#!/usr/bin/env bash
# Does what docs/adding-an-op.md says in a copy of the tree, and sees that the ops work everywhere that it says they do.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
proof=$root/tests/full/adding_an_op
copy=$root/build/adding_an_op
jobs=${RUSHLIGHT_JOBS:-$(nproc)}
# A compiler cache then takes the copy for the original.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root/..} CCACHE_NOHASHDIR=1

# The copy keeps what an earlier run built: only the sources are laid down anew.
mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
cd "$root"
git ls-files -coz --exclude-standard --deduplicate | while IFS= read -r -d '' file; do
  [[ ! -f $file ]] || cp --parents --preserve=timestamps "$file" "$copy"
done
[[ ! -e .venv ]] || ln -s "$(readlink -f .venv)" "$copy/.venv"

cd "$copy"
python3 "$proof/follow.py" .
RUSHLIGHT_JOBS=$jobs ./dev build release --quiet librushlight.a _C_stub rushlight_tests

echo "-- in C++"
flags=(-std=c++20 -O1 -Wall -Wextra -Werror -I. -Ibuild/release/generated)
g++ "${flags[@]}" "$proof/works.cpp" build/release/librushlight.a -pthread -ldl -o build/works
build/works
build/release/rushlight_tests --no-skipped-summary --source-file='*tests/math/*,*tests/scalar/*'

echo "-- in Python, the table of ops, the stub and a trace"
PYTHONPATH=build/release/python .venv/bin/python "$proof/works.py" build/release/python/rushlight/_C.pyi

if .venv/bin/python -c 'import torch' 2>/dev/null; then
  echo "-- in the conformance suite"
  for op in quirk scaled_quirk; do
    PYTHONPATH=build/release/python .venv/bin/python tests/conformance/run.py --op "$op" --count 20000 --jobs 1 | tee build/row
    # columns: op, calls, shown, forward, gradient, gradcheck, gradgradcheck
    awk -v op="$op" '$1 == op { good = $2 >= 20 && $6 >= 4 && $7 >= 4 && $NF == "ok" } END { exit !good }' build/row
  done
else
  echo "The conformance suite is skipped: PyTorch, its judge, is not in .venv"
fi
echo "docs/adding-an-op.md is true"

# Finds what is missing on this machine, says so, and installs it: tools with apt, Python packages into .venv.
# shellcheck shell=bash disable=SC2154  # `python` is ./dev's

# program:package. The build needs the first; the others widen the tests, and what lacks them is skipped.
needed_tools=(cmake:cmake ninja:ninja-build g++:g++ nm:binutils git:git python3:python3)
helpful_tools=(ccache:ccache clang++-19:clang-19 clang-format-19:clang-format-19 clang-tidy-19:clang-tidy-19
  shellcheck:shellcheck curl:curl)
torch="torch==2.13.0+cpu"
torch_wheels="https://download.pytorch.org/whl/cpu"

# packages_of PROGRAM:PACKAGE...: the packages of the programs that are not there.
packages_of() {
  local pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
  done
}

# libFuzzer is no program, but a library of clang's.
have_fuzzer() { compgen -G '/usr/lib/llvm-19/lib/clang/19/lib/*/libclang_rt.fuzzer*' >/dev/null; }
missing_helpful_tools() {
  packages_of "${helpful_tools[@]}"
  have_fuzzer || echo libclang-rt-19-dev
}

missing_tools() {
  packages_of "${needed_tools[@]}"
  [[ -e /usr/include/CLI/CLI.hpp || -e /usr/local/include/CLI/CLI.hpp ]] || echo libcli11-dev
  [[ -e /usr/include/zlib.h || -e /usr/local/include/zlib.h ]] || echo zlib1g-dev
  [[ -e /usr/include/doctest/doctest.h || -e /usr/local/include/doctest/doctest.h ]] || echo doctest-dev
  python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
  python3 - 2>/dev/null <<'PYTHON' || echo python3-dev
import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())
PYTHON
}

# Libraries that read image files; the build leaves out what is not there.
missing_image_formats() {
  [[ -e /usr/include/png.h || -e /usr/local/include/png.h ]] || echo libpng-dev
  [[ -e /usr/include/jpeglib.h || -e /usr/local/include/jpeglib.h ]] || echo libjpeg-dev
}

# The packages of requirements.txt, and PyTorch, that .venv lacks.
missing_packages() {
  if [[ ! -x $python ]]; then
    grep -v '^#' tools/dev/requirements.txt
    echo "$torch"
    return
  fi
  "$python" - "$torch" <<'PYTHON'
import importlib.metadata, pathlib, re, sys
for line in [*pathlib.Path("tools/dev/requirements.txt").read_text().splitlines(), *sys.argv[1:]]:
    if line.startswith("#"):
        continue
    try:
        importlib.metadata.version(re.match(r"[\w.-]+", line)[0])
    except importlib.metadata.PackageNotFoundError:
        print(line)
PYTHON
}

have_torch() { [[ -x $python ]] && ! missing_packages | grep -qxF "$torch"; }
have_all_but_torch() { [[ -x $python ]] && ! missing_packages | grep -qvxF "$torch"; }

apt() {
  local as_root=()
  command -v apt-get >/dev/null || die "this is no Debian or Ubuntu. Install what they call: $missing"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "neither root nor sudo here. Ask an administrator for: apt-get install $missing"
    as_root=(sudo)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

install_tools() {
  local missing="$*"
  apt update
  apt install -y --no-install-recommends "$@"
}

# Some systems lack some of them, and not everyone is root: no failure.
install_helpful_tools() {
  local missing="$*" tool
  apt update
  for tool in "$@"; do
    apt install -y --no-install-recommends "$tool" || echo "There is no $tool: what needs it will be skipped."
  done
}

# All that can be had, also where some can not.
install_packages() {
  local package status=0
  [[ -x $python ]] || python3 -m venv .venv || return
  for package in "$@"; do
    if [[ $package == "$torch" ]]; then
      install_torch || status=1
    else
      "$python" -m pip install -q "$package" || status=1
    fi
  done
  return $status
}

# Never PyTorch's default build, which brings gigabytes of CUDA: no other build has "+cpu" in its version.
install_torch() {
  "$python" -m pip install -q "$torch" || "$python" -m pip install -q --index-url "$torch_wheels" "$torch" ||
    {
      echo "PyTorch could not be installed: the tests that it judges will be skipped."
      return 1
    }
}

setup() {
  local tools helpful packages without=""
  case "$*" in
    "") ;;
    --no-torch) without=$torch ;;
    *) die "setup knows --no-torch, not '$*'" ;;
  esac
  mapfile -t tools < <(missing_tools)
  mapfile -t helpful < <(missing_helpful_tools; missing_image_formats)
  mapfile -t packages < <(missing_packages | grep -vxF "$without")
  if ((${#tools[@]} + ${#helpful[@]} + ${#packages[@]} == 0)); then
    echo "Everything is there."
    return
  fi
  echo "Will install"
  ((${#tools[@]} == 0)) || echo "  with apt: ${tools[*]}"
  ((${#helpful[@]} == 0)) || echo "  with apt, where it has them (for checks and faster builds): ${helpful[*]}"
  ((${#packages[@]} == 0)) || echo "  into .venv: ${packages[*]}"
  ((${#tools[@]} == 0)) || install_tools "${tools[@]}"
  ((${#helpful[@]} == 0)) || (install_helpful_tools "${helpful[@]}") || echo "What needs them will be skipped."
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
}

need_tools() {
  local tools
  mapfile -t tools < <(missing_tools)
  ((${#tools[@]} == 0)) && return
  echo "Will install with apt: ${tools[*]}"
  install_tools "${tools[@]}"
}

# need_python [--no-torch]: all of setup on a fresh machine; later on, PyTorch may stay away.
need_python() {
  need_tools
  have_all_but_torch || setup "$@" || echo "Going on with what there is."
}

#!/usr/bin/env bash
# All the set-up, from a clean clone on Debian 12 or Raspberry Pi OS (64 bit) with Python 3.11.
#   tools/setup.sh run    what the demo and a device or server need
#   tools/setup.sh test   that, and what the tests need
# Does nothing, quickly, when everything is there.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:?run or test}
python=${PYTHON:-python3}

say() { printf 'setup: %s\n' "$*" >&2; }

install_packages() {
  mkdir -p .setup
  local missing=() kind package
  while read -r kind package; do
    [[ -z $kind || $kind == '#'* ]] && continue
    [[ $kind == test && $purpose != test ]] && continue
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done <requirements/debian.txt
  ((${#missing[@]})) || return 0
  say "system packages missing: ${missing[*]}"
  local root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      say "these need root; run: apt-get install ${missing[*]}"
      exit 1
    }
    root=(sudo)
  fi
  # Debian starts a mosquitto of its own on install; ours are started by us, on ports of our own.
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >.setup/apt.log 2>&1 || {
    cat .setup/apt.log >&2
    exit 1
  }
}

check_python() {
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Python 3.11 or newer is needed, $("$python" --version) found; set PYTHON=/path/to/python3.11"
    exit 1
  }
}

install_environment() {
  local stamp=.setup/environment wanted
  wanted=$(cat requirements/*.txt pyproject.toml | sha256sum | cut -d' ' -f1)
  [[ -x .venv/bin/choba-server && -f $stamp && $(<"$stamp") == "$wanted" ]] && return 0
  say "virtual environment .venv"
  [[ -x .venv/bin/python ]] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements/bootstrap.txt
  # uv is quick; where it can't reach the index that pip is configured for, pip does the same work
  .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  mkdir -p .setup
  printf '%s' "$wanted" >"$stamp"
}

install_packages
check_python
install_environment

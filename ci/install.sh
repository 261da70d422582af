#!/usr/bin/env bash
# Install Ferrule with its locked dependencies into a virtual environment, $FERRULE_HOME. Install QEMU by apt if missing.
set -euo pipefail
trap 'exit 3' ERR # a failure of this script is no regression
if [ -z "${FERRULE_HOME:-}" ]; then
    echo "install.sh: FERRULE_HOME: name the folder to install into" >&2
    exit 2
fi
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

missing=()
command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
command -v "${CC:-cc}" >/dev/null || missing+=(gcc)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
    as_root apt-get -q update
    as_root apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

python3 -m venv "$FERRULE_HOME"
pip() { "$FERRULE_HOME/bin/python" -m pip --disable-pip-version-check install -q "$@"; }
pip --require-hashes -r "$source/requirements/bench.lock"
pip --no-deps --no-build-isolation "$source"
"$FERRULE_HOME/bin/ferrule" --version

#!/bin/sh
# Bring an environment to its lock file: requirements/install.sh FOLDER LOCK [LARGER_LOCK]
# Does nothing while the folder holds LOCK unchanged, or LARGER_LOCK, which contains it.
set -eu
cd "$(dirname "$0")/.."
folder=$1 lock=requirements/$2.txt larger=${3:+requirements/$3.txt}
installed=$folder/.installed

say() { echo "$*" >&2; }
fail() { say "$*"; exit 1; }
hash() { "$python" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

find_python() {
    for python in python3.11 python3; do
        "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && return
    done
    fail "Headwaters needs Python 3.11: install it (on Debian 12: apt-get install python3.11)."
}

install_uv() {
    [ "$(cat .build/uv/.installed 2>/dev/null)" = "$(hash requirements/uv.txt)" ] && return
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "Headwaters needs Python's venv module: install it (on Debian 12: apt-get install python3.11-venv)."
    say "Installing the installer (uv) into .build/uv …"
    rm -rf .build/uv
    "$python" -m venv .build/uv
    .build/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
    hash requirements/uv.txt >.build/uv/.installed
}

command -v git >/dev/null || fail "Headwaters needs git: install it (on Debian: apt-get install git)."
find_python
mkdir -p .build
if command -v flock >/dev/null; then
    exec 9>.build/lock
    flock 9
fi
if [ "$folder" = uv ]; then
    install_uv
    exit
fi
have=$(cat "$installed" 2>/dev/null || true)
[ "$have" = "$(hash "$lock")" ] && exit
[ -n "$larger" ] && [ "$have" = "$(hash "$larger")" ] && exit

install_uv
say "Installing $lock into $folder …"
export UV_PYTHON_DOWNLOADS=never
[ -x "$folder/bin/python" ] || .build/uv/bin/uv venv --quiet --clear --python "$("$python" -c 'import sys; print(sys.executable)')" "$folder"
rm -f "$installed"
.build/uv/bin/uv pip sync --quiet --require-hashes --python "$folder/bin/python" "$lock"
hash "$lock" >"$installed"

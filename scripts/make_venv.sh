#!/bin/sh
# Make the virtual environment with pinned packages: make_venv.sh PYTHON FOLDER
set -eu
python=$1
venv=$2
say() { echo "setup: $*" >&2; }

if ! command -v "$python" >/dev/null 2>&1; then
    say "no program named $python; install Python 3.10 or newer, or name one: make PYTHON=/path/to/python3 ..."
    exit 69
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    say "$("$python" --version) is too old; name Python 3.10 or newer: make PYTHON=/path/to/python3 ..."
    exit 69
fi
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    # Debian keeps the module behind `python -m venv` in a package of its own.
    if ! "$python" -m venv --clear "$venv" 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
            "$python" -m venv --clear "$venv"
        else
            say "python -m venv does not work; try: sudo apt-get install python3-venv"
            exit 69
        fi
    fi
fi
say "installing pinned packages into $venv (about two minutes)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'

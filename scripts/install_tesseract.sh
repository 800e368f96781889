#!/bin/sh
# Install Tesseract with Russian and English through apt where that is allowed; without it memes are read, too, but worse.
set -eu
ready() {
    command -v tesseract >/dev/null 2>&1 && langs=$(tesseract --list-langs 2>&1) &&
        echo "$langs" | grep -qx rus && echo "$langs" | grep -qx eng
}
packages="tesseract-ocr tesseract-ocr-rus tesseract-ocr-eng"

ready && exit 0
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        as_root="no"
    fi
    if [ "$as_root" != no ]; then
        echo "setup: installing $packages" >&2
        { $as_root apt-get update -qq &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages >/dev/null; } ||
            echo "setup: apt-get failed" >&2
    fi
fi
if ! ready; then
    echo "setup: going on without Tesseract: memes are read by our own recogniser alone. With it they are read better;" >&2
    echo "setup: as root: apt-get install $packages (macOS: brew install tesseract tesseract-lang)" >&2
fi

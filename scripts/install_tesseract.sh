#!/bin/sh
# Make sure that Tesseract with Russian and English is there; install it through apt where that is allowed.
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
        $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages >/dev/null
    fi
fi
if ! ready; then
    echo "setup: Tesseract with Russian and English is missing; as root: apt-get install $packages" >&2
    echo "setup: (macOS: brew install tesseract tesseract-lang)" >&2
    exit 69
fi

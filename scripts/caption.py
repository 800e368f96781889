"""Describe pictures; the same as `memecap caption`."""

import sys

from memecap.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "caption")
    main()

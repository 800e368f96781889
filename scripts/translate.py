"""Translate a corpus into Russian; the same as `memecap translate`.

Example: python scripts/translate.py data/corpora/flickr30k --to data/corpora/flickr30k_ru
"""

import sys

from memecap.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "translate")
    main()

"""Train a captioner; the same as `memecap train`.

Example: python scripts/train.py configs/train/memes_read.yaml
"""

import sys

from memecap.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "train")
    main()

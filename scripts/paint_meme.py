"""Paint the meme that the documents open with: docs/pictures/meme.png, in the words and strokes of the demo's painter.

python scripts/paint_meme.py [FILE]
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from memecap.demo.grammar import Meme, Scene
from memecap.demo.painter import paint

OUT = Path(__file__).parents[1] / "docs" / "pictures" / "meme.png"
SCENES = (
    Scene(kind="cat", colour="orange", wears="glasses", mood="smile", side="centre", sky="sun", place="sea"),
    Scene(kind="cat", colour="orange", wears="", mood="cry", side="centre", sky="", place="room"),
)
MEME = Meme("comic", SCENES, ("когда до отпуска остался один день", "и начальник вспомнил про отчёт"))


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    paint(MEME, random.Random(5)).quantize(64).save(out, optimize=True)


if __name__ == "__main__":
    main()

"""Paint the badges of the README, docs/pictures/badges/*.svg: what pyproject.toml and the package say, nothing remote.

python scripts/paint_badges.py [FOLDER]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import memecap

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "pictures" / "badges"
LETTER, PADDING, HEIGHT = 6.6, 14, 20  # pixels; a letter of Verdana 11 is about so wide
GREY, GREEN = "#444444", "#1a6b2f"  # white letters on them: contrast 9.7 and 6.6


def facts() -> dict[str, tuple[str, str]]:
    """file name → (what, how): each is read off the project."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    def said(key: str) -> str:
        found = re.search(rf'^{key} = "(.*)"$', project, flags=re.MULTILINE)
        if found is None:
            raise SystemExit(f"pyproject.toml does not say {key}")
        return found[1]

    return {
        "version": ("version", memecap.__version__),
        "python": ("python", said("requires-python").replace(">=", "≥ ")),
        "licence": ("licence", said("license")),
        "typed": ("types", "mypy --strict" if re.search(r"^strict = true$", project, flags=re.MULTILINE) else "some"),
        "tests": ("tests", "offline, no GPU"),
    }


def badge(what: str, how: str) -> str:
    left, right = (round(len(words) * LETTER + PADDING) for words in (what, how))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" '
        f'aria-label="{what}: {how}"><title>{what}: {how}</title>'
        f'<rect width="{left}" height="{HEIGHT}" fill="{GREY}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{GREEN}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{what}</text><text x="{left + right / 2}" y="14">{how}</text></g></svg>\n'
    )


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.mkdir(parents=True, exist_ok=True)
    for name, (what, how) in facts().items():
        (out / f"{name}.svg").write_text(badge(what, how), encoding="utf-8")


if __name__ == "__main__":
    main()

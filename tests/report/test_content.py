"""What the page says, as plain values: the verdict names every floor that is not beaten."""

from __future__ import annotations


def record(system: str, kind: str, **scores: tuple[float, float, float]) -> dict:
    """A row of scores.json: by metric its score, the captioner's difference from it, and p."""
    return {
        "system": system,
        "kind": kind,
        "scores": {name: score for name, (score, _, _) in scores.items()},
        "intervals": {name: [score - 1, score + 1] for name, (score, _, _) in scores.items()},
        "compared": {"minus_this": {n: {"difference": d, "p_holm": p} for n, (_, d, p) in scores.items()}},
    }


def test_the_verdict_names_every_floor_that_is_not_beaten():
    """The figures of a captioner that a floor of two parts beats; the caption, the scene and the quotes each count."""
    from memecap.report.content import verdict

    ours = record("m", "captioner", chrf2=(41.5, 0, 1), scene_chrf2=(21.2, 0, 1), quoted_recall=(0.708, 0, 1))
    composite = record(
        "template_constant",
        "floor",
        chrf2=(43.2, -1.7, 0.01),
        scene_chrf2=(24.9, -3.7, 0.01),
        quoted_recall=(0.704, 0.004, 0.4),
    )
    template = record(
        "template", "floor", chrf2=(34.5, 7.0, 0.01), scene_chrf2=(6.5, 14.7, 0.01), quoted_recall=(0.704, 0.004, 0.4)
    )
    del ours["compared"]
    whole, scene, quotes = verdict([ours, template, composite]).split("\n")
    label = "Прочитанный текст после лучшей постоянной сцены"
    assert whole == f"chrF2 41.5 (95 %: 40.5–42.5): значимо выше ориентиров — 1 из 2; значимо ниже: «{label}» (43.2)."
    assert scene.startswith("Сцена: chrF2 21.2") and f"значимо ниже: «{label}» (24.9)" in scene
    assert quotes.startswith("Цитаты: полнота 0.708")
    assert f"0 из 2; не выше: «Шаблон с прочитанным текстом» (0.704), «{label}» (0.704)" in quotes
    assert (
        verdict(
            [
                ours,
                record(
                    "constant",
                    "floor",
                    chrf2=(25, 16.5, 0.01),
                    scene_chrf2=(20, 1.2, 0.01),
                    quoted_recall=(0, 0.7, 0.01),
                ),
            ]
        ).count("значимо выше каждого ориентира.")
        == 3
    )


def test_fewer_inventions_are_the_better_ones():
    from memecap.report.content import verdict

    ours = record("m", "captioner", invented=(0.3, 0, 1))
    del ours["compared"]
    more = record("random_caption", "floor", invented=(0.8, -0.5, 0.01))
    fewer = record("constant", "floor", invented=(0.1, 0.2, 0.01))
    assert verdict([ours, more]).endswith("значимо лучше каждого ориентира.")
    assert "значимо лучше ориентиров — 0 из 1; значимо хуже:" in verdict([ours, fewer])

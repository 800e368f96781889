import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from drawn_scenes import scene
from PIL import Image, ImageOps

from memecap.errors import DataError, MissingFileError
from memecap.memory import index
from memecap.memory.entry import Entry
from memecap.memory.memory import Memory
from memecap.memory.recollection import RememberedLine

N = 6


def entry(seed: int, **more) -> Entry:
    lines = (RememberedLine("подпись", (20, 10, 120, 40)),)
    told = {"image_id": f"{seed:064x}", "group_id": f"g{seed}", "corpus": "drawn", "split": "train", "lines": lines}
    return Entry(**{**told, "captions": (f"сцена {seed}",), **more})


def items(seeds):
    return [(entry(seed), scene(seed), ()) for seed in seeds]


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    made = Memory.create(tmp_path_factory.mktemp("memory"))
    assert made.add(items(range(N))) == []
    made.save()
    return made


def ids(found):
    return [int(each.image_id, 16) for each in found]


def changed(seed: int, way: str) -> Image.Image:
    image = scene(seed)
    if way == "cropped":
        return image.crop((70, 50, 330, 250))
    if way == "bordered":
        return ImageOps.expand(image, (10, 90, 10, 30), "white")
    if way == "smaller":
        return image.resize((220, 171))
    if way == "recoloured":
        red, green, blue = image.split()
        return Image.merge("RGB", (blue.point(lambda v: v * 0.8), red, green.point(lambda v: 20 + v * 0.7)))
    if way == "turned":
        return image.rotate(6, expand=True, fillcolor="white")
    assert way == "mirrored"
    return ImageOps.mirror(image)


@pytest.mark.parametrize("way", ["cropped", "bordered", "smaller", "recoloured", "turned", "mirrored"])
def test_a_changed_picture_is_known(memory, way):
    found = memory.ask(changed(3, way))
    assert ids(found)[0] == 3 and set(ids(found)) == {3}
    assert found[0].mirrored == (way == "mirrored")
    assert found[0].captions == ("сцена 3",) and found[0].confidence > 0.9


def test_what_was_never_seen_is_new(memory):
    assert [memory.ask(scene(seed)) for seed in (100, 101)] == [[], []]
    assert memory.ask(Image.new("RGB", (300, 200), "white")) == []
    assert memory.ask(Image.new("RGB", (1, 1))) == []


def test_transform_and_lines_are_in_pixels_of_the_asked_picture(memory):
    left, top, zoom = 40, 100, 1.5
    asked = Image.new("RGB", (700, 620), "white")
    asked.paste(scene(2).resize((540, 420), Image.Resampling.BICUBIC), (left, top))
    found = memory.ask(asked)[0]
    a, b, c, d, e, f = found.transform
    x, y = 300, 400
    assert (a * x + b * y + c, d * x + e * y + f) == pytest.approx(((x - left) / zoom, (y - top) / zoom), abs=1.0)
    assert found.lines[0].box == pytest.approx((20 * zoom + left, 10 * zoom + top, 120 * zoom + left, 160), abs=3)
    assert left - 25 <= found.box[0] <= left + 60 and 540 - 60 <= found.box[2] - left <= 540 + 25


def test_the_transform_of_a_mirrored_picture_leads_from_its_own_pixels(memory):
    found = memory.ask(ImageOps.mirror(scene(4)))[0]
    a, b, c, d, e, f = found.transform
    assert (a * 50 + b * 80 + c, d * 50 + e * 80 + f) == pytest.approx((359 - 50, 80), abs=1.0)
    assert found.lines[0].box == pytest.approx((360 - 120, 10, 360 - 20, 40), abs=3)


def test_panels_are_known_each(memory):
    comic = Image.new("RGB", (360, 580), "white")
    comic.paste(scene(1), (0, 0))
    comic.paste(scene(5), (0, 300))
    found = memory.ask(comic)
    assert set(ids(found)) == {1, 5}
    tops = {int(each.image_id, 16): each.box for each in found}
    assert tops[1][3] <= 300 and tops[5][1] >= 270


def test_an_inserted_head_differs(memory):
    image = scene(0)
    head = scene(77, (110, 110))
    image.paste(head, (130, 90))
    found = memory.ask(image)[0]
    assert int(found.image_id, 16) == 0
    assert len(found.differs) == 1
    left, top, right, bottom = found.differs[0]
    overlap = max(0, min(right, 240) - max(left, 130)) * max(0, min(bottom, 200) - max(top, 90))
    assert overlap > 0.6 * (right - left) * (bottom - top) and overlap > 0.3 * 110 * 110
    assert memory.ask(scene(0))[0].differs == ()


def test_text_in_boxes_is_not_looked_at(memory):
    """A scene that is covered by a box, on an unknown ground, is not known by what lies below the box."""
    asked = scene(200, (400, 400))
    asked.paste(scene(3).resize((180, 140)), (20, 30))
    assert ids(memory.ask(asked)) == [3]
    assert memory.ask(asked, [(20, 30, 200, 170)]) == []


def test_a_line_as_large_as_the_picture_hides_nothing(memory):
    assert ids(memory.ask(scene(3), [(0, 0, 360, 280)])) == [3]


def marked(image: Image.Image) -> Image.Image:
    """With a small sign in a corner that all pictures of a community bear."""
    image.paste(scene(500, (64, 40)), (image.width - 66, image.height - 42))
    return image


def test_a_sign_that_many_pictures_bear_is_no_scene(tmp_path):
    made = Memory.create(tmp_path)
    made.add([(entry(seed), marked(scene(seed)), ()) for seed in range(N)])
    assert made.ask(marked(scene(100))) == []
    assert made.ask(marked(scene(101).crop((0, 0, 230, 180)))) == []  # where it is larger
    assert [ids(made.ask(marked(ImageOps.mirror(scene(seed))))) for seed in (2, 3)] == [[2], [3]]


def test_neither_itself_nor_its_group_is_found(memory):
    for name in (f"{3:064x}", "g3"):
        assert memory.ask(scene(3), exclude={name}) == []
    assert ids(memory.ask(scene(3), exclude={f"{2:064x}", "g1"})) == [3]


def test_the_same_answers_in_any_order_and_after_loading(tmp_path, memory):
    other = Memory.create(tmp_path / "other")
    other.add(items(reversed(range(3, N))))
    other.ask(scene(0))  # an index is built in between
    other.add(items(reversed(range(3))))
    other.save()
    joined = Memory.create(tmp_path / "joined")
    for name, part in (("b", range(2, N)), ("a", range(4))):  # 2 and 3 in both
        half = Memory.create(tmp_path / name)
        half.add(items(part))
        joined.join(half)
    reopened = Memory.open(tmp_path / "other")
    for seed, way in ((1, "cropped"), (5, "mirrored")):
        expected = memory.ask(changed(seed, way))
        assert expected and expected == other.ask(changed(seed, way)) == reopened.ask(changed(seed, way))
        assert expected == joined.ask(changed(seed, way))
    assert memory.identity == other.identity == joined.identity == reopened.identity
    elsewhere = list(other.ask_many([(changed(1, "cropped"), (), set()), (scene(100), (), set())]))
    assert elsewhere == [memory.ask(changed(1, "cropped")), []]


def test_a_large_index_gives_the_same_pictures_in_any_order(tmp_path, memory, monkeypatch):
    monkeypatch.setattr(index, "EXACT", 1000)
    answers = []
    for name, seeds in (("a", range(N)), ("b", reversed(range(N)))):
        made = Memory.create(tmp_path / name)
        made.add(items(seeds))
        made.save()
        answers.append([Memory.open(tmp_path / name).ask(changed(seed, "cropped")) for seed in (0, 4)])
    assert answers[0] == answers[1]
    assert [ids(found) for found in answers[0]] == [[0], [4]]


def test_new_words_replace_old_ones(tmp_path):
    made = Memory.create(tmp_path)
    made.add(items([1]))
    before = made.identity
    made.add([(replace(entry(1), captions=("лучше",), written_by="correction"), scene(1), ())])
    found = made.ask(scene(1))
    assert len(made) == 1 and made.identity != before
    assert (found[0].captions, found[0].written_by) == (("лучше",), "correction")
    assert [(each.width, each.height) for each in made.entries()] == [(360, 280)]


def test_what_is_held(memory):
    assert memory.holds({f"{1:064x}", "g2", "unknown"}) == {f"{1:064x}", "g2"}
    assert memory.splits() == {"drawn": {"train": N}}
    assert [int(each.image_id, 16) for each in memory.entries()] == list(range(N))


def test_a_picture_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    made = Memory.create(tmp_path / "memory")
    failed = made.add([(entry(1), tmp_path / "broken.jpg", ()), *items([2])])
    assert [image_id for image_id, _ in failed] == [f"{1:064x}"] and len(made) == 1


def test_an_empty_memory_knows_nothing(tmp_path):
    made = Memory.create(tmp_path)
    made.save()
    assert Memory.open(tmp_path).ask(scene(1)) == []


def test_errors(tmp_path, memory):
    with pytest.raises(MissingFileError, match="no memory there"):
        Memory.open(tmp_path / "absent")
    (tmp_path / "memory.sqlite").write_bytes(b"not a database, though long enough to be taken for one" * 50)
    with pytest.raises(DataError, match="damaged"):
        Memory.open(tmp_path)
    shutil.copytree(memory.folder, tmp_path / "old")
    with sqlite3.connect(tmp_path / "old" / "memory.sqlite") as database:
        database.execute("UPDATE about SET value = 'sift-0'")
    with pytest.raises(DataError, match="another version"):
        Memory.open(tmp_path / "old")


@pytest.mark.parametrize("name", ["codebook.faiss", "codebook.json", "shard-00000.faiss", "shard-00000.npz"])
def test_a_damaged_index_is_made_anew(tmp_path, memory, name):
    shutil.copytree(memory.folder, tmp_path / "copy")
    (tmp_path / "copy" / "index" / name).write_bytes(b"torn")
    opened = Memory.open(tmp_path / "copy")
    assert ids(opened.ask(scene(1))) == [1]
    opened.save()
    assert ids(Memory.open(tmp_path / "copy").ask(scene(1))) == [1]
    (tmp_path / "copy" / "index" / name).unlink()
    assert ids(Memory.open(tmp_path / "copy").ask(scene(1))) == [1]


def test_an_index_of_another_memory_is_not_taken(tmp_path, memory):
    other = Memory.create(tmp_path / "other")
    other.add(items([21]))
    other.save()
    shutil.copytree(memory.folder / "index", tmp_path / "copy" / "index")
    shutil.copy(tmp_path / "other" / "memory.sqlite", tmp_path / "copy")
    assert ids(Memory.open(tmp_path / "copy").ask(scene(21))) == [21]


def test_no_picture_is_kept(memory):
    """75 bytes a feature and the words, nothing that a picture could be made of."""
    size = (memory.folder / "memory.sqlite").stat().st_size
    assert size < 100_000 + sum(75 * 1000 for _ in range(N))
    assert np.all([each.captions for each in memory.entries()])

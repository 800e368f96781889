"""The API as a client sees it."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from memecap.web import openapi
from tests.web.conftest import READER, Open
from tests.web.known_reader import LINES
from tests.web.pictures import archive, picture

FILE = {"picture": ("meme.png", picture(), "image/png")}


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


class TestCaption:
    def test_the_template_comes_first_and_all_describe(self, client: TestClient) -> None:
        answer = client.post("/v1/caption", files=FILE)
        record = answer.json()
        assert answer.status_code == 200
        assert (record["file"], record["width"], record["height"]) == ("meme.png", 400, 300)
        assert [said["model"] for said in record["captions"]] == ["template", "attentive"]
        assert [line["text"] for line in record["reading"]["lines"]] == [line.text for line in LINES]

    def test_a_form_base64_and_a_data_address_say_the_same(self, client: TestClient) -> None:
        encoded = base64.b64encode(picture()).decode()
        answers = [client.post("/v1/caption", files=FILE, data={"models": "template"})]
        images = (encoded, f"data:image/png;base64,{encoded}")
        answers += [client.post("/v1/caption", json={"image": image, "models": "template"}) for image in images]
        captions = [answer.json()["captions"][0]["caption"] for answer in answers]
        assert len(set(captions)) == 1

    def test_segments_are_the_caption_and_quotes_know_their_lines(self, client: TestClient) -> None:
        said = client.post("/v1/caption", files=FILE, data={"models": "template"}).json()["captions"][0]
        assert "".join(segment["text"] for segment in said["segments"]) == said["caption"]
        by_number = {segment["quote"]: segment["text"] for segment in said["segments"] if segment["quote"] is not None}
        assert by_number == {number: quote["text"] for number, quote in enumerate(said["quotes"])}
        assert [quote["lines"] for quote in said["quotes"]] == [[0], [1], [2]]
        assert [quote["sure"] for quote in said["quotes"]] == ["sure", "likely", "doubtful"]
        assert [quote["language"] for quote in said["quotes"]] == ["ru", "ru", "en"]

    def test_alt_text_is_a_style(self, client: TestClient) -> None:
        encoded = base64.b64encode(picture()).decode()
        asked = {"image": encoded, "models": ["template"], "style": "alt"}
        told = client.post("/v1/caption", json=asked).json()["captions"][0]
        assert told["caption"].startswith("Надпись сверху: «Когда понедельник")
        assert all(quote["text"] in told["caption"] for quote in told["quotes"])
        refused = client.post("/v1/caption", json=asked | {"style": "loud"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")

    def test_greedy_and_sampled_side_by_side_once_for_who_does_not_search(self, client: TestClient) -> None:
        data = {"decodings": "greedy,nucleus"}
        said = client.post("/v1/caption", files=FILE, data=data).json()["captions"]
        found = [(one["model"], one["decoding"]) for one in said]
        assert found == [("template", "greedy"), ("attentive", "greedy"), ("attentive", "nucleus")]

    def test_attention_is_a_share_a_cell_a_word(self, client: TestClient) -> None:
        said = client.post("/v1/caption", files=FILE, data={"attention": "true"}).json()["captions"]
        assert said[0]["attention"] is None
        attention = said[1]["attention"]
        assert len(attention["words"]) == len(attention["weights"])
        assert all(max(max(row) for row in word) == 1.0 for word in attention["weights"])
        assert attention["seen"].startswith("data:image/png;base64,")

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"models": "nobody"}, (400, "unknown_model")),
            ({"models": "a,b,c,d,e"}, (400, "too_many_models")),
            ({"decodings": "magic"}, (400, "unknown_decoding")),
        ],
    )
    def test_what_there_is_not_is_refused(self, client: TestClient, data: dict, expected: tuple[int, str]) -> None:
        assert code(client.post("/v1/caption", files=FILE, data=data)) == expected

    def test_two_pictures_belong_to_a_batch(self, client: TestClient) -> None:
        files = [("picture", ("a.png", picture())), ("picture", ("b.png", picture()))]
        assert code(client.post("/v1/caption", files=files)) == (413, "too_many_pictures")

    def test_addresses_are_off_unless_allowed(self, client: TestClient) -> None:
        assert code(client.post("/v1/caption", json={"url": "https://example.org/a.png"})) == (403, "urls_off")

    def test_a_private_address_is_refused_where_they_are_allowed(self, open_client: Open) -> None:
        asked = open_client(urls=True).post("/v1/caption", json={"url": "http://127.0.0.1/a.png"})
        assert code(asked) == (400, "url_not_public")


def test_reading_alone(client: TestClient) -> None:
    record = client.post("/v1/read", files=FILE).json()
    assert "captions" not in record
    assert [line["box"] for line in record["reading"]["lines"]] == [list(line.box) for line in LINES]


class TestBatch:
    def lines(self, client: TestClient, files: list, **data: str) -> list[dict]:
        answer = client.post("/v1/batch", files=files, data={"models": "template", **data})
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.text.splitlines()]

    def test_a_line_each_in_order_broken_ones_with_their_code(self, client: TestClient) -> None:
        zipped = archive({"in/c.png": picture(), "in/d.txt": b"no picture", "__MACOSX/x": b"", "in/.hidden": b""})
        files = [("picture", (n, c)) for n, c in [("a.png", picture()), ("b.png", b"broken"), ("z.zip", zipped)]]
        found = [(one["file"], one["error"] and one["error"]["code"]) for one in self.lines(client, files)]
        assert found == [
            ("a.png", None), ("b.png", "not_a_picture"), ("z.zip/in/c.png", None), ("z.zip/in/d.txt", "not_a_picture"),
        ]  # fmt: skip

    def test_more_than_go_together_stay_in_order(self, client: TestClient) -> None:
        files = [("picture", (f"{n}.png", picture(colour="red" if n % 2 else "blue"))) for n in range(21)]
        assert [one["file"] for one in self.lines(client, files)] == [f"{n}.png" for n in range(21)]

    def test_as_a_zip_of_txt_csv_and_jsonl(self, client: TestClient) -> None:
        files = [("picture", ("=a.png", picture())), ("picture", ("b.png", b"broken"))]
        answer = client.post("/v1/batch?format=zip", files=files, data={"models": "template"})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
            assert sorted(made.namelist()) == ["captions.csv", "captions.jsonl", "txt/=a.txt"]
            rows = list(csv.DictReader(io.StringIO(made.read("captions.csv").decode("utf-8-sig"))))
            records = [json.loads(line) for line in made.read("captions.jsonl").decode().splitlines()]
            assert made.read("txt/=a.txt").decode().strip() == records[0]["caption"] == rows[0]["caption"]
        assert [row["error"] for row in rows] == ["", "not_a_picture"]
        assert rows[0]["file"] == "'=a.png"  # no formula in anybody's spreadsheet

    def test_json_too(self, client: TestClient) -> None:
        images = [{"name": "a", "image": base64.b64encode(picture()).decode()}, {"name": "b", "image": "***"}]
        answer = client.post("/v1/batch", json={"images": images, "models": ["template"]})
        found = [json.loads(line)["error"] for line in answer.text.splitlines()]
        assert found[0] is None and found[1]["code"] == "bad_base64"

    def test_nothing_to_describe(self, client: TestClient) -> None:
        assert code(client.post("/v1/batch", json={})) == (400, "no_picture")

    def test_what_the_page_shows_comes_home_with_edits(self, client: TestClient) -> None:
        records = [{"file": "../../a.png", "caption": "Кот.", "model": "m"}, {"file": "a.png", "caption": "Пёс."}]
        answer = client.post("/v1/archive", json={"records": records})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as made:
            assert made.namelist()[:2] == ["txt/a.txt", "txt/a-2.txt"]
            assert made.read("txt/a-2.txt").decode() == "Пёс.\n"


class TestCorrections:
    def test_they_are_kept_only_where_asked(self, client: TestClient) -> None:
        assert code(client.post("/v1/corrections", files=FILE, data={"caption": "Кот."})) == (403, "corrections_off")

    def test_they_are_added_and_become_a_corpus(self, open_client: Open, tmp_path: Path) -> None:
        from memecap.corpora.build.build import build
        from memecap.corpora.corrections import Corrections, Settings

        kept, client = tmp_path / "kept", open_client(corrections=tmp_path / "kept")
        for caption, colour in (("Кот.", "red"), ("Пёс.", "blue"), ("Кот спит.", "red")):
            files = {"picture": ("a.png", picture(colour=colour))}
            told = {"caption": caption, "before": "было", "model": "m"}
            assert client.post("/v1/corrections", files=files, data=told).status_code == 201
        assert len((kept / "corrections.jsonl").read_text(encoding="utf-8").splitlines()) == 3
        corpus = build(Corrections(Settings(source=kept)), tmp_path / "corpus")
        captions = sorted(row.captions[0] for split in corpus.counts for row in corpus.rows(split))
        assert captions == ["Кот спит.", "Пёс."]

    @pytest.mark.parametrize(("caption", "expected"), [(" \n ", "empty_correction"), ("а" * 5000, "bad_request")])
    def test_no_empty_and_no_endless_ones(self, open_client: Open, tmp_path: Path, caption: str, expected: str) -> None:
        client = open_client(corrections=tmp_path / "kept")
        assert code(client.post("/v1/corrections", files=FILE, data={"caption": caption}))[1] == expected
        assert not (tmp_path / "kept").exists()


class TestWhoMayAsk:
    def test_a_token_is_asked_for_where_there_is_one(self, open_client: Open) -> None:
        client = open_client(token="слово-7")
        assert code(client.get("/v1/models")) == (401, "token")
        assert code(client.get("/v1/models", headers={"Authorization": b"Bearer wrong"})) == (401, "token")
        right = {"Authorization": "Bearer слово-7".encode()}
        assert client.get("/v1/models", headers=right).status_code == 200
        assert client.get("/metrics").status_code == 401
        assert [client.get(path).status_code for path in ("/", "/healthz", "/readyz")] == [200, 200, 200]

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.nip.io", "10.0.0.5", ""])
    def test_a_host_that_is_not_ours(self, client: TestClient, host: str) -> None:
        assert code(client.get("/v1/models", headers={"Host": host})) == (421, "foreign_host")

    @pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "127.0.0.2"])
    def test_a_host_that_is(self, client: TestClient, host: str) -> None:
        assert client.get("/v1/models", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
    )
    def test_a_page_of_another_site(self, client: TestClient, headers: dict[str, str]) -> None:
        assert code(client.post("/v1/caption", files=FILE, headers=headers)) == (403, "foreign_page")

    def test_its_own_page(self, client: TestClient) -> None:
        headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
        assert client.post("/v1/read", files=FILE, headers=headers).status_code == 200


class TestWhatWatches:
    def test_models_tell_what_they_can(self, client: TestClient) -> None:
        told = client.get("/v1/models").json()
        names = [(model["name"], model["decodes"], model["attention"]) for model in told["models"]]
        assert names == [("template", False, False), ("attentive", True, True)]

    def test_health_and_metrics(self, client: TestClient) -> None:
        before = client.get("/metrics").text
        client.post("/v1/read", files={"picture": ("a", b"x")})
        after = client.get("/metrics").text
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").status_code == 200
        line = 'memecap_requests_total{route="/v1/read",status="415"}'
        assert line in after and after.count("\n") >= before.count("\n")
        assert 'memecap_refusals_total{code="not_a_picture"}' in after

    def test_while_captioners_load(self, attentive: Path) -> None:
        from memecap.web.app import create_app
        from memecap.web.settings import Settings

        app = create_app(Settings(models=(str(attentive),), loading={"reader": READER}))
        client = TestClient(app, base_url="http://127.0.0.1")  # not entered: nothing is loaded
        assert client.get("/readyz").status_code == 503
        assert code(client.get("/v1/models")) == (503, "loading")
        assert client.get("/healthz").status_code == 200

    def test_openapi_has_an_example_of_everything(self, client: TestClient) -> None:
        told = client.get("/openapi.json").json()
        for path in ("/v1/caption", "/v1/read", "/v1/batch"):
            post = told["paths"][path]["post"]
            body = post["requestBody"]["content"]["application/json"]["example"]
            assert client.post(path, json=body).status_code == 200
            assert post["responses"]["200"]["content"]
            assert "429" in post["responses"]
        real = client.post("/v1/caption", files=FILE, data={"models": "template"}).json()
        assert shape(openapi.CAPTION) == shape(real)

    def test_unknown_paths_and_methods_have_codes(self, client: TestClient) -> None:
        assert code(client.get("/nowhere")) == (404, "not_found")
        assert code(client.get("/v1/caption")) == (405, "no_method")


def shape(value: object) -> object:
    """The keys of a record, of the first of its lists too."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if isinstance(inner, dict | list) or key}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None

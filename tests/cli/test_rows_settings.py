"""Rows of docs/features.md about settings, help, output and exit codes, each on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

import memecap
from memecap.cli import app, settings
from memecap.cli import verbs as _verbs  # (each verb adds itself)
from memecap.core import progress, strict_yaml
from memecap.core.config import ENVIRONMENT_PREFIX
from memecap.errors import EXIT_CODES, MemecapError
from memecap.inference.load import load_captioner

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder and a user without settings, and afterwards a process without wishes."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    for name in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(name)


def run(*arguments: str) -> Any:
    assert _verbs
    try:
        return CliRunner().invoke(app, list(arguments))
    finally:
        progress.as_usual()


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a process, at no terminal."""
    code = "from memecap.cli import main; main()"
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env)


def leaves() -> list[tuple[tuple[str, ...], Any]]:
    """Every verb that does something, with its path."""
    group = typer.main.get_command(app)
    return [(path, command) for path, command in settings.verbs(group) if not hasattr(command, "commands")]


def sources(*more: str) -> dict[str, tuple[Any, str]]:
    found = run("config", "show", "--json", *more)
    assert found.exit_code == 0, found.output
    return {row["key"]: (row["value"], row["source"]) for row in json.loads(found.stdout)}


def test_row_precedence() -> None:
    user = settings.user_file()
    user.parent.mkdir(parents=True)
    user.write_text("caption: {model: of-user, batch_size: 2, reader: none}\nevery: {device: cpu}\n")
    assert sources()["caption.model"] == ("of-user", str(user))
    assert sources()["evaluate.device"] == ("cpu", str(user))
    settings.PROJECT.write_text("caption: {model: of-project, batch_size: 3}\n")
    assert sources()["caption.model"] == ("of-project", "memecap.yaml")
    assert sources()["caption.reader"] == ("none", str(user))
    said = run("caption", "nowhere.jpg", "--dry-run", "--json")
    assert json.loads(said.stdout)["reads"] == ["of-project"]
    Path("given.yaml").write_text("model: of-file\ntargets: [nowhere.jpg]\n")
    asked = ["caption", "-c", "given.yaml", "--dry-run", "--json"]
    assert json.loads(run(*asked).stdout)["reads"] == ["of-file"]
    os.environ["MEMECAP_CAPTION_MODEL"] = "of-environment"  # `own_folder` deletes it
    try:
        assert json.loads(run(*asked).stdout)["reads"] == ["of-environment"]
        assert sources()["caption.model"] == ("of-environment", "MEMECAP_CAPTION_MODEL")
        assert json.loads(run(*asked, "--model", "of-flag").stdout)["reads"] == ["of-flag"]
    finally:
        del os.environ["MEMECAP_CAPTION_MODEL"]


def test_row_precedence_config_init() -> None:
    assert run("config", "init").exit_code == 0
    assert settings.defaults(typer.main.get_command(app)) == {}  # all of it is commented out
    text = settings.PROJECT.read_text(encoding="utf-8")
    opened = "\n".join(
        line[1:] if line.startswith("#  ") else line.removeprefix("# ") for line in text.splitlines()[3:]
    )
    told = strict_yaml.load(opened)
    assert told["caption"]["model"] == "template" and told["corpus"]["build"]["on"] == "here"
    settings.PROJECT.write_text(yaml.safe_dump({key: told[key] for key in ("caption", "corpus", "score")}))
    with pytest.raises(MemecapError, match="trust_code"):  # a folder's file may have come with somebody's data
        settings.defaults(typer.main.get_command(app))
    again = run("config", "init")
    assert isinstance(again.exception, MemecapError) and "config" not in again.stdout


def test_row_same_names() -> None:
    """What a flag is called, a file calls it, and Python where it is an argument there."""
    by_verb = {" ".join(path): settings.options(command) for path, command in leaves()}
    for verb, function in (("evaluate", _evaluate()), ("caption", load_captioner)):
        given = function.__kwdefaults__.keys() | set(function.__code__.co_varnames[: function.__code__.co_argcount])
        shared = {"reader", "memory", "decoding", "precision", "device", "trust_code"}
        assert shared <= by_verb[verb].keys() and shared <= given
    for verb, known in by_verb.items():
        for key, param in known.items():
            if param.param_type_name == "option":
                flags = {flag.lstrip("-").replace("-", "_") for flag in param.opts}
                assert key in flags, verb


def _evaluate() -> Any:
    from memecap.evaluation.evaluate import evaluate

    return evaluate


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["captoin", "x.jpg"], "caption"),
        (["caption", "x.jpg", "--jsn"], "--json"),
        (["caption", "x.jpg", "--reader", "none", "--decoding", "bem"], "beam"),
        (["score", "x.jsonl", "-f", "jsn"], "json"),
        (["parts", "captoiners"], "captioners"),
        (["evaluate", "template", "c", "-o", "o", "--precision", "bf61"], "bf16"),
        (["completion", "bsh"], "bash"),
        (["models", "fetch", "qwen3-vl-2"], "qwen3-vl-2b"),
    ],
)
def test_row_did_you_mean(arguments: list[str], meant: str) -> None:
    Path("x.jpg").write_bytes(b"")
    Path("x.jsonl").write_text("")
    found = run(*arguments)
    said = found.stderr + (str(found.exception) if isinstance(found.exception, MemecapError) else "")
    assert meant in said and ("did you mean" in said.casefold() or "Possible options" in said), said
    assert getattr(found.exception, "exit_code", found.exit_code) == 2


def test_row_doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("vk1.a.secret")
    secret.chmod(0o644)
    monkeypatch.setenv("MEMECAP_VK_TOKEN_FILE", str(secret))
    found = run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(found.stdout)}
    assert {"disk here", "disk of cache", "font", "VK token", "Hub token", "network"} <= checks.keys()
    assert "GB free" in checks["disk here"]["found"]
    assert not checks["VK token"]["ok"] and "chmod 600" in checks["VK token"]["fix"]
    assert "vk1.a.secret" not in found.output


def test_row_quiet_and_json_everywhere() -> None:
    silent = {"completion"}  # its answer is a script, and nothing else
    for path, command in leaves():
        keys = settings.options(command)
        assert {"quiet", "progress"} <= keys.keys(), path
        assert path[-1] in silent or "json" in keys, path
    loud, quiet = program("config", "show"), program("config", "show", "-q")
    assert "nothing is set" in loud.stderr and quiet.stderr == ""
    assert program("-q", "config", "show").stderr == "" == program("config", "show", MEMECAP_QUIET="1").stderr
    failed = program("read", "none.jpg", "-q")
    assert failed.returncode == 74 and "no such picture" in failed.stderr  # what went wrong is said


def test_row_progress_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.showing("json"):
        assert list(progress.track([1, 2, 3], "numbers")) == [1, 2, 3]
        progress.say("мем")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["progress", "message"]
    assert (lines[0]["task"], lines[0]["done"], lines[0]["total"]) == ("numbers", 3, 3)
    with progress.showing("plain"):
        list(progress.track([1, 2], "numbers"))
    assert capsys.readouterr().err == "numbers: 2/2, 0 s\n"
    failed = program("read", "none.jpg", "--progress", "json")
    assert json.loads(failed.stderr)["exit_code"] == failed.returncode == 74


def test_row_silence_when_piped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(progress.track([1, 2, 3], "numbers")) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")
    done = program("parts", "metrics")
    assert done.stderr == "" and "\x1b" not in done.stdout
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert progress.console().no_color


def test_row_exit_codes() -> None:
    said = " ".join(run("--help").stdout.split())
    document = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in said
        assert f"| {code} |" in document
    raised = {error.exit_code for error in _errors(MemecapError)}
    assert raised <= EXIT_CODES.keys()
    assert run("caption").exception.exit_code == 2  # nothing to do
    assert run("corpus", "check", "nowhere").exception.exit_code == 74


def _errors(root: type[MemecapError]) -> list[type[MemecapError]]:
    return [root, *(error for child in root.__subclasses__() for error in _errors(child))]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_row_completion(shell: str) -> None:
    assert "_MEMECAP_COMPLETE" in run("completion", shell).stdout
    asked = {"_MEMECAP_COMPLETE": f"complete_{shell}"}
    if shell == "bash":
        asked |= {"COMP_WORDS": "memecap evalu", "COMP_CWORD": "1"}
    else:
        asked |= {"_TYPER_COMPLETE_ARGS": "memecap evalu", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert "evaluate" in program(**asked).stdout


def test_row_help_and_version_are_fast() -> None:
    """Counted, not timed: modules that a start imports."""
    assert program("--version").stdout.strip() == memecap.__version__ == run("--version").stdout.strip()
    count = (
        "import sys; before = len(sys.modules); sys.argv = ['memecap', sys.argv[1]]\n"
        "from memecap.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'PIL', 'pydantic', 'httpx', 'yaml', 'transformers', 'rich.progress', 'asyncio'}\n"
        "print(len(sys.modules) - before, sorted(heavy & sys.modules.keys()), file=sys.stderr)"
    )
    for flag, most in (("--version", 170), ("--help", 260)):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", count, flag], capture_output=True, text=True, env=environment)
        number, _, heavy = done.stderr.strip().partition(" ")
        assert heavy == "[]" and int(number) < most, done.stderr


def test_row_xdg_and_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from memecap.core import storage

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert storage.cache_folder() == tmp_path / "cache" / "memecap"
    assert settings.user_file() == tmp_path / "user" / "memecap" / "config.yaml"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    told = {check["name"]: check["found"] for check in json.loads(run("doctor", "--json").stdout)}
    assert "offline" in told["network"].casefold() or "from this disk" in told["network"]


def test_row_actionable_errors() -> None:
    failed = program("corpus", "check", "nowhere")
    assert failed.returncode == 74 and failed.stdout == ""
    what, where, fix = failed.stderr.splitlines()
    assert what.startswith("error: ") and "nowhere" in where and "memecap corpus build" in fix


def test_row_settings_files_name_their_mistakes() -> None:
    settings.PROJECT.write_text("caption: {modle: x}\n")
    assert "did you mean 'model'" in str(run("parts").exception)
    settings.PROJECT.write_text("caption: {reader: my.module}\n")  # code that would be imported
    assert "cannot be set for a whole folder" in str(run("parts").exception)

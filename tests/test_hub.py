"""`seqgen push` and `seqgen pull` against a stand-in for the hub: folders instead of a network, and hostile ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest
from fake_hub import (
    FILES,
    SECRET,
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    Hub,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    install,
)

from seqgen.files import storage
from seqgen.heads import Categorical
from seqgen.models import hub
from seqgen.models.card import with_header
from seqgen.models.model import Model
from seqgen.models.pretrained import from_pretrained, save_pretrained
from seqgen.nn.network import Network
from seqgen.shell.cli import main
from seqgen.spec import Discrete

MODEL = Model(Network(Discrete(7), layers=1, units=4, embedding=3), Categorical(7))
Told = Callable[[], tuple[str, str]]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    there = install(tmp_path / "hub", monkeypatch)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return there


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    params = MODEL.init(jax.random.key(0))
    return save_pretrained(
        tmp_path_factory.mktemp("made") / "model", domain="text", codec={}, model=MODEL, params=params
    )


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "model"))


@pytest.fixture
def pushed(there: Hub, model: Path) -> Path:
    """A repository with a sound model."""
    hub.push(model, "ann/prose")
    return there.root / "ann" / "prose"


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: tuple(capsys.readouterr())  # type: ignore[return-value]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_refused(told: Told, arguments: list[str], code: int, message: str) -> None:
    """One line, without a secret, and nothing left behind."""
    told()
    before = sorted(Path.cwd().rglob("*"))
    assert main(arguments) == code
    out, err = told()
    assert (out, err.count("\n")) == ("", 1) and err.startswith("seqgen: error: ") and SECRET not in err
    assert message in err, err
    assert sorted(Path.cwd().rglob("*")) == before


# There and back


def test_a_model_comes_back_as_it_went(there: Hub, model: Path, told: Told) -> None:
    before = contents(model)
    assert main(["push", str(model), "ann/prose"]) == 0
    assert told() == ("", "seqgen: pushed to https://hub.example/ann/prose\n")
    assert contents(model) == before and there.private is True
    repository = there.root / "ann" / "prose"
    assert set(contents(repository)) == {*FILES, ".gitattributes"}

    assert main(["pull", "ann/prose"]) == 0
    out = Path("prose").resolve()
    assert told() == ("", f"seqgen: wrote {out}\n")
    assert list(Path.cwd().iterdir()) == [out]
    card = (repository / "README.md").read_bytes()
    assert contents(out) == {**before, "README.md": card}
    assert not any(path.is_symlink() for path in out.iterdir())
    assert from_pretrained(out).config == from_pretrained(model).config
    assert main(["verify", "prose"]) == 0

    assert main(["pull", "ann/prose", "--revision", "main"]) == 0
    assert main(["pull", "ann/prose", "--out", "some/where"]) == 0
    assert contents(Path("prose-2")) == contents(Path("some/where")) == contents(out)


def test_only_what_belongs_to_a_model_is_sent(there: Hub, model: Path) -> None:
    (model / "diary.txt").write_text("private", encoding="utf-8")
    (model / ".cache").mkdir()
    hub.push(model, "ann/prose", public=True)
    assert set(contents(there.root / "ann" / "prose")) == {*FILES, ".gitattributes"} and there.private is False


def test_a_run_and_a_shipped_model_are_sent_by_name(there: Hub, model: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    model.rename(tmp_path / "run" / "model")
    hub.push(tmp_path / "run", "ann/prose")
    sent = (there.root / "ann" / "prose" / "model.safetensors").read_bytes()
    assert sent == (tmp_path / "run" / "model" / "model.safetensors").read_bytes()
    hub.push("shakespeare", "ann/plays")
    card = (there.root / "ann" / "plays" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlanguage: en\nlicense: apache-2.0\n") and "\n---\n# shakespeare\n" in card
    assert "\nlibrary_name: seqgen\n" in card and "unknown" not in card
    assert from_pretrained(hub.pull("ann/plays")).domain == "text"


def test_a_newer_model_replaces_the_older_in_one_commit(there: Hub, pushed: Path, model: Path) -> None:
    save_pretrained(model, domain="text", codec={}, model=MODEL, params=MODEL.init(jax.random.key(1)))
    there.calls.clear()
    hub.push(model, "ann/prose", public=True)
    assert there.calls == ["create_repo", "model_info", "create_commit"] and there.private is True
    out = hub.pull("ann/prose")
    assert (out / "model.safetensors").read_bytes() == (model / "model.safetensors").read_bytes()


# Cards


def test_a_model_without_a_card_gets_one(pushed: Path) -> None:
    card = (pushed / "README.md").read_text(encoding="utf-8")
    head = '---\nlibrary_name: seqgen\ntags: ["lstm", "jax", "text"]\nlicense: unknown\n---\n\n# prose\n'
    assert card.startswith(head) and "seqgen pull ann/prose" in card


FIELDS = {"library_name": "seqgen", "tags": "[a]", "license": "unknown"}
ALL = "library_name: seqgen\ntags: [a]\nlicense: unknown\n"
CARDS = {
    "no header": ("# Prose\n", f"---\n{ALL}---\n\n# Prose\n"),
    "empty": ("", f"---\n{ALL}---\n\n"),
    "part of a header": (
        "---\nlicense: mit\ntags:\n- b\n---\n# Prose\n",
        "---\nlicense: mit\ntags:\n- b\nlibrary_name: seqgen\n---\n# Prose\n",
    ),
    "whole header": (f"---\n{ALL}---\n# Prose\n", f"---\n{ALL}---\n# Prose\n"),
    "somebody's own": ("---\nlibrary_name: x\ntags: []\nlicense : y\n---\n",) * 2,
    "empty header": ("---\n---\n# Prose\n", f"---\n{ALL}---\n# Prose\n"),
    "header without end": ("---\nlicense: mit\n", f"---\n{ALL}---\n\n---\nlicense: mit\n"),
    "nested key": ("---\nmodel:\n  license: mit\n---\n", f"---\nmodel:\n  license: mit\n{ALL}---\n"),
    "rule further down": (
        "# Prose\n\n---\nlicense: mit\n---\n",
        f"---\n{ALL}---\n\n# Prose\n\n---\nlicense: mit\n---\n",
    ),
    "byte order mark": ("\ufeff---\nlicense: mit\n---\n", "---\nlicense: mit\nlibrary_name: seqgen\ntags: [a]\n---\n"),
    "Windows": ("---\r\nlicense: mit\r\n---\r\nA", "---\nlicense: mit\r\nlibrary_name: seqgen\ntags: [a]\n---\nA"),
}


@pytest.mark.parametrize("kind", CARDS)
def test_a_header_gets_what_it_lacks(kind: str) -> None:
    before, after = CARDS[kind]
    assert with_header(before.encode(), FIELDS).decode() == after


def test_a_card_is_sent_with_its_header_and_kept_as_it_is(there: Hub, model: Path) -> None:
    (model / "README.md").write_text("# Prose\n", encoding="utf-8")
    sums = "".join(f"{storage._sha256(path)}  {path.name}\n" for path in sorted(model.iterdir()) if path.suffix)
    (model / storage.SUMS).write_text(sums, encoding="utf-8")  # of the card as well
    before = contents(model)
    hub.push(model, "ann/prose")
    assert contents(model) == before
    sent = contents(there.root / "ann" / "prose")
    assert sent["README.md"].endswith(b"\nlicense: unknown\n---\n\n# Prose\n")
    assert b"README.md" not in sent["SHA256SUMS"]
    (there.root / "ann" / "prose" / "README.md").write_text("edited on the hub", encoding="utf-8")
    assert (hub.pull("ann/prose") / "README.md").read_text(encoding="utf-8") == "edited on the hub"


def test_a_card_may_be_missing(pushed: Path) -> None:
    (pushed / "README.md").unlink()
    assert set(contents(hub.pull("ann/prose"))) == FILES - {"README.md"}


# Repositories of strangers


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def listed(repository: Path, name: str) -> None:
    with (repository / storage.SUMS).open("a", encoding="utf-8") as file:
        file.write(f"{'0' * 64}  {name}\n")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def no_model(repository: Path) -> None:
    (repository / "model.safetensors").write_bytes(b"\xff" * 100)
    (repository / storage.SUMS).unlink()
    for path in repository.iterdir():
        if path.name not in FILES:
            path.unlink()
    storage._seal(repository)


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "weights changed": (
        lambda r: flip(r / "model.safetensors"),
        "is not pulled: model.safetensors is damaged or edited",
    ),
    "config changed": (lambda r: flip(r / "config.json"), "is not pulled: config.json is damaged or edited"),
    "sums changed": (
        lambda r: (r / "SHA256SUMS").write_text("?"),
        "SHA256SUMS is damaged: it is no list of SHA-256 sums",
    ),
    "weights a link": (lambda r: link(r / "model.safetensors"), "model.safetensors is a link"),
    "card a link": (lambda r: link(r / "README.md"), "README.md is a link"),
    "sums name a file outside": (lambda r: listed(r, "../evil"), "../evil leads out of its folder"),
    "sums name another file": (lambda r: listed(r, "evil.py"), "evil.py is missing"),
    "card's sum is wrong": (lambda r: listed(r, "README.md"), "README.md is damaged or edited"),
    "no model in sound files": (no_model, "model.safetensors is not a safetensors file"),
    "no config": (
        lambda r: (r / "config.json").unlink(),
        "no model of seqgen's: there is no config.json in it; name one",
    ),
    "no weights": (lambda r: (r / "model.safetensors").unlink(), "there is no model.safetensors in it"),
    "no sums": (lambda r: (r / "SHA256SUMS").unlink(), "there is no SHA256SUMS in it"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_repository_leaves_nothing_here(kind: str, pushed: Path, told: Told) -> None:
    spoil, message = HOSTILE[kind]
    spoil(pushed)
    check_refused(told, ["pull", "ann/prose"], 1, message)


TOLD: dict[str, tuple[str, int | None, str]] = {
    "weights": ("model.safetensors", 1 << 33, "takes 8589934592 bytes, more than the 4294967296 it may"),
    "config": ("config.json", 1 << 24, "config.json takes 16777216 bytes, more than the 8388608"),
    "card": ("README.md", 1 << 21, "README.md takes 2097152 bytes"),
    "unknown": ("model.safetensors", None, "model.safetensors takes ? bytes"),
}


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_too_large_is_not_fetched(kind: str, there: Hub, pushed: Path, told: Told) -> None:
    name, size, message = TOLD[kind]
    there.told, there.calls = {name: size}, []
    check_refused(told, ["pull", "ann/prose"], 1, message)
    assert there.calls == ["model_info"]


def test_what_is_larger_than_it_was_said_to_be_is_not_kept(there: Hub, pushed: Path, told: Told) -> None:
    (pushed / "README.md").write_bytes(b" " * (hub.MAX_TEXT + 1))
    there.told = {"README.md": 10}
    check_refused(told, ["pull", "ann/prose"], 1, "README.md is a link, no file, or more than 1048576 bytes")


def test_other_files_stay_where_they_are(there: Hub, pushed: Path) -> None:
    (pushed / "setup.py").write_text("raise SystemExit", encoding="utf-8")
    there.told = {"../../evil": 3, "/etc/passwd": 3, "sub/config.json": 3, "pytorch_model.bin": 1 << 40}
    there.calls = []
    assert set(contents(hub.pull("ann/prose"))) == FILES
    assert there.calls == ["model_info", *(f"download {name}" for name in hub._LIMITS)]
    assert list(Path.cwd().rglob("*evil*")) == []


# What cannot be done

NAMES = [
    "prose",
    "a/b/c",
    "../prose",
    "ann/..",
    "ann/.git",
    "ann/-x",
    "ann/a--b",
    "ann/b.git",
    "ann/ü",
    "ann/",
    "a b/c",
]


@pytest.mark.parametrize(
    "name", [*NAMES, "ann/" + "x" * 97, "https://hub.example/ann/prose", "ann/prose\n", "\x1b[2J/a"]
)
def test_names_that_cannot_be(name: str, there: Hub, model: Path, told: Told) -> None:
    for arguments in (["push", str(model), name], ["pull", name]):
        check_refused(told, arguments, 2, " cannot be on the hub; give OWNER/NAME, of letters, digits, - _ and .")
    assert there.calls == []


FAILURES: dict[str, tuple[BaseException, int, str]] = {
    "missing": (
        RepositoryNotFoundError(),
        2,
        "no model ann/prose on the hub, or it is private; check the name, or log in",
    ),
    "gated": (GatedRepoError(403), 1, "ann/prose is open to some only; ask for access on its page"),
    "forbidden": (HfHubHTTPError(403), 1, "does not let you do that with ann/prose; log in with a token that may"),
    "unknown": (HfHubHTTPError(401), 1, "log in with a token that may: hf auth login"),
    "no token": (LocalTokenNotFoundError(SECRET), 1, "log in with a token that may: hf auth login"),
    "busy": (HfHubHTTPError(503), 1, "the hub answered with HTTP 503; try again later"),
    "no network": (HTTPError(f"[Errno -2]\n{SECRET}"), 1, "cannot reach the hub; check the network and try again"),
    "no network, in between": (
        LocalEntryNotFoundError("?"),
        1,
        "cannot reach the hub; check the network and try again",
    ),
    "offline": (OfflineModeIsEnabled("?"), 1, "HF_HUB_OFFLINE forbids asking the hub; unset it"),
    "a bug of theirs": (RuntimeError(SECRET), 1, "huggingface_hub failed with RuntimeError; try again, or pip install"),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_is_one_line(kind: str, there: Hub, pushed: Path, model: Path, told: Told) -> None:
    error, code, message = FAILURES[kind]
    for verb, calls in (("push", ("create_repo", "create_commit")), ("pull", ("model_info", "download config.json"))):
        for call in calls:
            there.fail = {call: error}
            check_refused(told, [verb, *([str(model)] if verb == "push" else []), "ann/prose"], code, message)


def test_a_failure_behind_another_is_told(there: Hub, pushed: Path, told: Told) -> None:
    error = LocalEntryNotFoundError("cannot find it in the cache")
    error.__cause__ = HfHubHTTPError(500)
    there.fail = {"download SHA256SUMS": error}
    check_refused(told, ["pull", "ann/prose"], 1, "the hub answered with HTTP 500; try again later")


def test_a_revision_that_is_not_there(pushed: Path, told: Told) -> None:
    check_refused(
        told, ["pull", "ann/prose", "--revision", "v9"], 2, "ann/prose has no revision 'v9'; name a branch, tag"
    )


def test_a_stopped_pull_leaves_nothing(there: Hub, pushed: Path) -> None:
    there.fail = {"download model.safetensors": KeyboardInterrupt()}
    assert main(["pull", "ann/prose"]) == 130
    assert list(Path.cwd().iterdir()) == []


def test_what_is_here_already_is_left_alone(there: Hub, pushed: Path, told: Told) -> None:
    Path("used").mkdir()
    Path("used", "notes.txt").write_text("mine", encoding="utf-8")
    there.calls.clear()
    check_refused(told, ["pull", "ann/prose", "--out", "used"], 2, "used is in use; name another folder with --out")
    assert there.calls == []
    check_refused(told, ["pull", "ann/prose", "--out", "used/notes.txt/x"], 2, "cannot write ")
    there.fail = {"download model.safetensors": OSError(28, "No space left on device")}
    check_refused(
        told, ["pull", "ann/prose", "--out", "new"], 2, "new: No space left on device; free some space or name"
    )


def test_models_that_are_not_sent(there: Hub, model: Path, told: Told) -> None:
    check_refused(told, ["push", "shakespear", "ann/prose"], 2, "did you mean 'shakespeare'?")
    check_refused(told, ["push", str(Path.cwd()), "ann/prose"], 1, "holds no model (yet)")
    (model / "README.md").symlink_to("/etc/hostname")
    check_refused(
        told, ["push", str(model), "ann/prose"], 1, "README.md is a link or no file; put the card itself there"
    )
    (model / "README.md").unlink()
    (model / "README.md").write_bytes(b" " * hub.MAX_TEXT)
    check_refused(told, ["push", str(model), "ann/prose"], 2, "README.md takes more than 1048576 bytes; make the card")
    (model / "README.md").unlink()
    flip(model / "model.safetensors")
    check_refused(told, ["push", str(model), "ann/prose"], 1, "model.safetensors is damaged or edited")
    assert there.calls == []


def test_a_repository_of_another_library_is_not_overwritten(there: Hub, model: Path, told: Told) -> None:
    (there.root / "ann" / "bert").mkdir(parents=True)
    (there.root / "ann" / "bert" / "config.json").write_text("{}", encoding="utf-8")
    check_refused(told, ["push", str(model), "ann/bert"], 2, "ann/bert holds a model that is not seqgen's; name a new")
    assert "create_commit" not in there.calls


def test_without_the_extra_it_is_named(model: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for arguments in (["push", str(model), "ann/prose"], ["pull", "ann/prose"]):
        check_refused(
            told, arguments, 1, "huggingface_hub, which reaches the hub, is missing: pip install 'seqgen[hub]'"
        )

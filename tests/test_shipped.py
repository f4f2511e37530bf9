"""What ships: every model has a card that says what it writes and on which terms, and together they stay small."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from seqgen import registry
from seqgen.errors import SeqgenError
from seqgen.models import shipped as shelf
from seqgen.models.card import CARD, header
from seqgen.models.info import describe
from seqgen.models.shipped import megabytes, shipped
from seqgen.shell.cli import main

ROOT = Path(__file__).parent.parent
BINARIES = 45.0  # MB of all that ships and is no text
BUDGETS = {  # MB of a model's folder
    "hands": 5.0,
    "recogniser": 2.0,
    "shakespeare": 6.0,
    "speeches": 4.0,
    "python": 5.0,
    "chorales": 5.0,
    "bach": 3.0,
    "songs": 4.0,
    "english-french": 6.0,
    "pronunciation": 2.0,
    "captions": 2.5,
    "voice": 2.5,
}
COUNTS_AS = {
    "two-hands": "hands",
    "english-phonemes": "pronunciation",
    "alto": "voice",
    "shapes": "captions",
    "emoji": "captions",
}
TOO_LARGE = {
    "english-french": "6.4 MB of weights in 8 bits, and 0.4 MB to name 8,000 sub-words",
    "alto": "2.6 MB of weights in 8 bits, and 0.4 MB for its words and its aligner",
    "emoji": "2.5 MB of weights in 8 bits; its encoder sees 48 pixels a side, and the shapes are beside it",
    "shapes": "0.3 MB, which count together with those of emoji",
    "speeches": "4.0 MB of weights in 8 bits, and 0.4 MB to name its sub-words",
    "english-phonemes": "2.3 MB of weights in 8 bits, two layers of 256",
}
MODELS = {folder.name: folder for folder in shipped() if folder.is_relative_to(ROOT)}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.xfail(reason=TOO_LARGE[name], strict=True)] if name in TOO_LARGE else [])
        for name in MODELS
    ],
)
def test_a_model_keeps_to_its_budget(name: str) -> None:
    budget = COUNTS_AS.get(name, name)
    assert budget in BUDGETS, f"the model {name!r} has no budget: add its MB to BUDGETS, or what it counts as"
    together = [other for other in MODELS if COUNTS_AS.get(other, other) == budget]
    assert sum(megabytes(MODELS[other]) for other in together) <= BUDGETS[budget], together


def test_all_binaries_together_stay_small() -> None:
    def is_binary(path: Path) -> bool:
        with path.open("rb") as file:
            return b"\0" in file.read(1 << 13)

    parts = [ROOT / name for name in ("seqgen", "domains", "datasets")]
    files = [path for part in parts for path in part.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    binaries = {path.resolve() for path in files if is_binary(path)}
    assert {(folder / "model.safetensors").resolve() for folder in MODELS.values()} <= binaries
    assert sum(path.stat().st_size for path in binaries) <= BINARIES * 1e6


@pytest.mark.parametrize("name", MODELS)
def test_a_card_says_what_it_writes_and_on_which_terms(name: str) -> None:
    said = header((MODELS[name] / CARD).read_bytes())
    assert said["license"] == "apache-2.0" and said["data_license"] and said["writes"]
    assert max(map(len, said.values())) <= shelf.WIDEST, "a line of `seqgen models` would be cut"


def test_the_listing_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    heading, *lines = out.splitlines()
    assert heading.split() == ["name", "domain", "MB", "writes", "terms", "needs"] and err == ""
    assert [line.split()[0] for line in lines] == [folder.name for folder in shipped()]
    (chorales,) = (line for line in lines if line.startswith("chorales "))
    assert "music" in chorales and " 4.0  chorales for four voices in the manner of Bach  " in chorales
    assert chorales.endswith("  apache-2.0; data cc-by-4.0                      nothing")


CARDS = {
    "---\nwrites: limericks\nlicense: mit\nneeds: seqgen[hub]\n---\n# Rhymes\n": ("limericks", "mit", "seqgen[hub]"),
    '---\nwrites: "a: b"\n---\n': ("a: b", "-", "nothing"),
    "---\nwrites: \x1b[2J\u202efile\nlicense: x\n---\n": ("\\x1b[2J\\u202efile", "x", "nothing"),
    "---\nwrites:\n- a list\n---\nlicense: mit\n": ("-", "-", "nothing"),
    f"---\nwrites: {'long ' * 40}\n---\n": (f"{'long ' * 4}lon...ng {'long ' * 4}".rstrip(), "-", "nothing"),
    "# No header\n": ("-", "-", "nothing"),
    "": ("-", "-", "nothing"),
}


@pytest.mark.parametrize("card", [*CARDS, None])
def test_models_of_other_packages_are_listed_too(
    card: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "limericks"
    folder.mkdir()
    (folder / "config.json").write_bytes(b"{}" * 500_000)
    if card is not None:
        (folder / CARD).write_text(card, encoding="utf-8")
    monkeypatch.setattr(registry, "_newcomers", {})
    registry.register(dataclasses.replace(registry.domain("text"), name="verse", shipped=tmp_path))
    assert shipped()[folder] == "verse"
    (line,) = (line for line in shelf.listing().splitlines() if line.startswith("limericks "))
    assert line.isprintable()
    words = [word.strip() for word in line.split("  ") if word.strip()]
    assert tuple(words) == ("limericks", "verse", "1.0", *CARDS.get(card or "", ("-", "-", "nothing")))


def test_a_domain_that_does_not_import_takes_no_other_models_away(monkeypatch: pytest.MonkeyPatch) -> None:
    found = registry.domain

    def broken(name: str) -> object:
        if name == "music":
            raise SeqgenError("the domain 'music' does not import")
        return found(name)

    monkeypatch.setattr(registry, "domain", broken)
    assert "chorales" not in {folder.name for folder in shipped()}
    assert describe("shakespeare").startswith("shakespeare: a model of text, ")

"""What `--help` shows works: every verb of text, music and handwriting has an example, on lines to copy, that parses, and runs as typed."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqgen import registry
from seqgen.shell.cli import build_parser, main

ROOT = Path(__file__).parent.parent


def verbs() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for name in ("text", "music", "handwriting"):
        parser = argparse.ArgumentParser(f"seqgen {name}")
        registry.command(name).add(parser)
        (action,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
        yield from ((f"{name} {verb}", own) for verb, own in action.choices.items())


VERBS = dict(verbs())


def examples(verb: str) -> list[str]:
    return re.findall(rf"(seqgen {verb}\b.*)", VERBS[verb].format_help().partition("\nexample:")[2])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example_to_copy(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = examples(verb)
    assert shown
    for line in shown:
        build_parser().parse_args(shlex.split(line)[1:])  # a line that was broken would lack something, or end in -


# Those that need no model of one's own and no minutes, in an order in which each finds what another made.
RUN = (
    "handwriting write", "handwriting read", "handwriting score", "handwriting inspect", "handwriting convert",
    "handwriting continue", "music sample", "music score", "music inspect", "music convert", "text sample", "text score",
    "text prepare", "text verify", "text compress", "text decompress",
)  # fmt: skip


def test_examples_run_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("play.txt").write_text("ROMEO:\nBut soft, what light!\n")
    Path("books").mkdir()
    Path("books", "one.txt").write_text("Once upon a time there was a king.\n" * 40)
    Path("letter.txt").write_text((ROOT / "examples" / "texts" / "letter.txt").read_text())
    for folder in ("my_ink", "my_midi_folder"):
        Path(folder).mkdir()
    for verb in RUN:
        for line in examples(verb):
            assert main(shlex.split(line)[1:]) == 0, line
    assert Path("again.txt").read_bytes() == Path("play.txt").read_bytes()
    assert {"hello.svg", "note.gcode", "more.svg", "chorale.musicxml", "more.musicxml", "play.txt.sgz"} <= {
        path.name for path in tmp_path.iterdir()
    }

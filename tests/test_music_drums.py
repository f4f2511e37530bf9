"""Drums on channels where the file does not say so: guessed, switched, said; and a bass that plays the same pitches."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqgen.domains import music
from seqgen.domains.music import DRUMS, Note, Score
from seqgen.domains.music.drums import as_drums
from seqgen.domains.music.files import read
from seqgen.errors import UnknownName
from seqgen.shell.cli import main

BAR = ((36, 42), (42,), (38, 42), (42,))
BEAT = Score([Note(0.25 * i, pitch, 0.1) for i in range(32) for pitch in BAR[i % 4]])
BASS = Score([Note(0.25 * i, (36, 38, 40, 42, 44, 46)[i % 6], 0.25) for i in range(32)])
PIANO = Score([Note(0.25 * i, pitch, 0.25) for i in range(16) for pitch in (36, 60 + i)])


@pytest.mark.parametrize(
    ("score", "how", "drums"),
    [
        *((BEAT, "guess", True), (BASS, "guess", False), (PIANO, "guess", False)),
        *((BEAT, "channel10", False), (BASS, "all", True)),
        (Score(BASS.notes[:4], names=["Drum Kit"]), "guess", True),
        (Score(PIANO.notes, names=["Steel drums"]), "guess", True),
        (Score([note._replace(program=32) for note in BEAT.notes]), "guess", False),  # the file says: a bass
    ],
)
def test_what_is_a_kit(score: Score, how: str, drums: bool) -> None:
    found, parts = as_drums(score, how)
    assert parts == [0] * drums and {n.program == DRUMS for n in found.notes} == {drums}
    assert [n[:3] for n in sorted(found.notes)] == [n[:3] for n in score.notes]


def test_the_guess_is_said_and_can_be_switched_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    BEAT.save(tmp_path / "beat.mid")
    BASS.save(tmp_path / "bass.mid")
    assert main(["music", "inspect", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "drums (drums: a guess)" in said and said.count("a guess") == 1
    assert main(["music", "inspect", str(tmp_path), "--drums", "channel10"]) == 0
    assert "guess" not in capsys.readouterr().out
    parts = read(str(tmp_path), drums="guess")
    programs = [{note.program for note in score.notes} for score in (*parts.train, *parts.valid)]
    assert {DRUMS} in programs and {0} in programs
    assert "beat.mid: parts that look like a drum kit are read as drums" in capsys.readouterr().err
    with pytest.raises(UnknownName, match="channel10"):
        music.train(str(tmp_path), tmp_path / "run", drums="some")

"""Data sets of music: their splits, their readers of ABC, and what is said when something is missing."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from seqgen.datasets import (
    bach_cc0,
    bach_chorales,
    downloads,
    folk_tunes,
    free_chorales,
    groove,
    js_fakes,
    jsb_chorales,
)
from seqgen.datasets.by_melody import incipit, split_by_melody
from seqgen.domains.music.formats.abc import score_from_abc, split_abc
from seqgen.domains.music.formats.grid_json import score_from_grid
from seqgen.domains.music.formats.midi_writing import write_midi
from seqgen.domains.music.presets import fit_chorale
from seqgen.domains.music.score import Meter, Note, Score, Tempo
from seqgen.errors import DataError


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data folder, an empty cache, no music21."""
    monkeypatch.delenv("SEQGEN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packages")])
    monkeypatch.delitem(sys.modules, "music21", raising=False)
    return tmp_path


def music21(folder: Path, files: dict[str, bytes]) -> None:
    """A package of this name that cannot be imported, with a corpus."""
    package = folder / "packages" / "music21"
    for name, content in {"__init__.py": b"raise AssertionError('imported')", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def chorale(voices: int, first: int) -> bytes:
    notes = "".join(
        f"<note><pitch><step>C</step><octave>{first}</octave></pitch><duration>4</duration><voice>{voice}</voice></note>"
        "<backup><duration>4</duration></backup>"
        for voice in range(1, voices + 1)
    )
    text = f"<score-partwise><part id='P'><measure>{notes}</measure></part></score-partwise>"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.xml", text)
    return target.getvalue()


# By melody.


def test_settings_of_one_melody_stay_together() -> None:
    line = [60, 60, 62, 64, 64, 65, 67, -1]
    grids = [[[pitch, 55 + i, 52, 48] for pitch in line for _ in range(8)] for i in range(3)]
    settings = [score_from_grid(grid) for grid in grids]
    variants = [*settings, settings[0].transposed(5), settings[1].stretched(1.7)]
    assert len({incipit(score) for score in variants}) == 1
    assert incipit(settings[0]).split()[:17:8] == [b"0", b"0", b"2"]
    assert sorted(map(len, split_by_melody(variants))) == [0, 0, 5]
    assert incipit(score_from_grid([[61, *step[1:]] if i < 8 else step for i, step in enumerate(grids[0])])) != incipit(
        settings[0]
    )


def test_js_fakes_are_split_by_melody(data: Path) -> None:
    parts = js_fakes.load()
    assert [len(part) for part in parts] == [397, 57, 46]
    keys = [{incipit(score) for score in part} for part in parts]
    assert not keys[0] & keys[1] | keys[0] & keys[2] | keys[1] & keys[2]
    found = json.loads((data / js_fakes.FILE).read_text(encoding="utf-8"))
    sopranos = [[step[0] for step in item["pitches"][:48]] for item in found]
    signs = [
        " ".join("-" if pitch < 0 else str(pitch - line[0]) for pitch in line) for line in sopranos if line[0] >= 0
    ]
    assert set().union(*keys) >= {sign.encode() for sign in signs if len(sign.split()) == 48}


def test_bach_cc0_has_upbeats_and_no_melody_on_both_sides(data: Path) -> None:
    parts = bach_cc0.load()
    assert [len(part) for part in parts] == [301, 34, 26]
    keys = [{incipit(score) for score in part} for part in parts]
    assert not keys[0] & keys[1] | keys[0] & keys[2] | keys[1] & keys[2]
    whole = [score for part in parts for score in part]
    codec = fit_chorale(parts.train)
    assert codec.ranges == ((60, 79), (55, 74), (50, 69), (36, 62))
    for score in whole:
        assert codec.decode(codec.encode(score).steps) == codec.canonical(score)
    upbeats = Counter(round(score.beat_at(score.meters[0].time)) for score in whole)
    assert upbeats == {0: 111, 1: 250}


def test_free_chorales_hold_out_bach_alone(data: Path) -> None:
    parts, bach = free_chorales.load(), bach_cc0.load()
    assert parts.valid == bach.valid and parts.test == bach.test and parts.train[:301] == bach.train
    held = {incipit(score) for score in (*bach.valid, *bach.test)}
    assert len(parts.train) == 801 and not held & {incipit(score) for score in parts.train}
    upbeats = Counter(round(score.beat_at(score.meters[0].time)) for score in parts.train[301:])
    assert upbeats == {1: 267, 0: 233}


def test_a_phrase_ends_on_a_strong_beat() -> None:
    held = [[(0.0, 1.0, 67), (1.0, 2.0, 69), (3.0, 1.0, 71), (4.0, 1.0, 72), (5.0, 3.0, 67)]] * 4
    assert bach_cc0.upbeat(held, bar=4.0) == 1.0
    assert bach_cc0.upbeat([[(0.0, 2.0, 67), (2.0, 2.0, 69), (4.0, 4.0, 67)]] * 4, bar=4.0) == 0.0


def test_jsb_chorales_are_split_as_published(data: Path) -> None:
    parts = jsb_chorales.load()
    assert [len(part) for part in parts] == [229, 76, 77]
    assert {note.part for note in parts.test[0].notes} == {0, 1, 2, 3}


def test_missing_files_say_what_to_do(nowhere: Path) -> None:
    with pytest.raises(
        DataError, match=r"js_fakes.json is not on this machine.*SOURCE\.md shows and save it as .*cache"
    ):
        js_fakes.load(download=True)
    with pytest.raises(
        DataError, match=r"bach_cc0/chorales.json is not on this machine.*SOURCE\.md says and save it as"
    ):
        bach_cc0.load(download=True)
    with pytest.raises(DataError, match=r"Jsb16thSeparated.json is not on this machine: pass --download"):
        jsb_chorales.load()
    with pytest.raises(DataError, match=r"groove-v1.0.0-midionly.zip is not on this machine: pass --download"):
        groove.load()
    for module in (bach_chorales, folk_tunes):
        with pytest.raises(DataError, match=r"music21, which is not installed: pip install 'seqgen\[music21\]'"):
            module.load()


# Groove.


def test_groove_is_split_as_published(data: Path) -> None:
    parts = groove.load()
    assert [len(part) for part in parts] == [50, 6, 4]
    assert sum(len(score.notes) for part in parts for score in part) == 516


def test_groove_is_downloaded_and_unpacked_once(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    midi = nowhere / "beat.mid"
    write_midi(Score([Note(0.5 * i, 36, 0.1, program=128) for i in range(4)]), midi)
    remote = nowhere / "remote.zip"
    with zipfile.ZipFile(remote, "w") as archive:
        archive.writestr("groove/info.csv", "midi_filename,split\nd1/a.mid,train\nd1/a.mid,test\n")
        archive.write(midi, "groove/d1/a.mid")
    monkeypatch.setattr(groove, "ORIGIN", remote.as_uri())
    monkeypatch.setattr(groove, "SHA256", hashlib.sha256(remote.read_bytes()).hexdigest())
    assert [len(part) for part in groove.load(download=True)] == [1, 0, 1]
    remote.unlink()
    (downloads.cache_folder() / groove.FILE).unlink()
    assert [note.pitch for note in groove.load().train[0].notes] == [36] * 4


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("a,b\n1,2\n", "is not the list of the Groove data set"),
        ("midi_filename,split\na.mid,nowhere\n", "is not the list of the Groove data set"),
        ("midi_filename,split\n../../a.mid,train\n", "outside its folder"),
        ("midi_filename,split\n/a.mid,train\n", "outside its folder"),
        ("midi_filename,split\na.mid,train\n", "a.mid"),
    ],
)
def test_a_groove_folder_is_not_trusted(
    index: str, message: str, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQGEN_DATA", str(nowhere))
    (nowhere / "groove").mkdir()
    (nowhere / "groove" / "info.csv").write_text(index, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        groove.load()


# From music21, which is never imported.


def test_bach_chorales_are_those_in_four_parts(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    music21(nowhere, {f"corpus/bach/bwv{n}.mxl": chorale(n, 4) for n in (3, 4, 5)})
    parts = bach_chorales.load()
    assert [len(score.notes) for part in parts for score in part] == [4]
    said = capsys.readouterr()
    assert said.err == f"bach-chorales: {bach_chorales.LICENCE}\n"
    assert said.out == ""


def test_folk_tunes_leave_out_misprints(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = "% a book\nX:1\nT:One\nK:C\nCDEF|\n\nX:2\nK:C\nC=|\n\nX:3\nK:C\nV:1\nC\nV:2\nD\nX:4\nK:C\nGFED|\n"
    music21(nowhere, {"corpus/ryansMammoth/a.abc": book.encode(), "corpus/essenFolksong/b.abc": b"X:1\nK:C\nc|\n"})
    assert sorted(score.notes[0].pitch for part in folk_tunes.load() for score in part) == [60, 67]
    assert capsys.readouterr().err.startswith("folk-tunes: tunes in the public domain")


def test_a_music21_without_its_corpus_says_so(nowhere: Path) -> None:
    music21(nowhere, {})
    with pytest.raises(DataError, match=r"music21 came without .*corpus; get it whole"):
        folk_tunes.load()
    music21(nowhere, {"corpus/readme": b""})
    with pytest.raises(DataError, match="has no tunes in airdsAirs, oneills1850, ryansMammoth"):
        folk_tunes.load()
    with pytest.raises(DataError, match="has no chorale in four parts"):
        bach_chorales.load()


# ABC. The notes expected here were worked out by hand from the standard.


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C,Cc c'", [(48, 1), (60, 1), (72, 1), (84, 1)]),
        ("C2 D/ E/2 F3/2 G//", [(60, 2), (62, 0.5), (64, 0.5), (65, 1.5), (67, 0.25)]),
        ("^F F f =F|F _B __B", [(66, 1), (66, 1), (78, 1), (65, 1), (65, 1), (70, 1), (69, 1)]),
        ("A>B c<d e>>f", [(69, 1.5), (71, 0.5), (72, 0.5), (74, 1.5), (76, 1.75), (77, 0.25)]),
        ("(3CDE (2FG", [(60, 2 / 3), (62, 2 / 3), (64, 2 / 3), (65, 1.5), (67, 1.5)]),
        ("A-A|A A-|A B-c", [(69, 2), (69, 1), (69, 2), (71, 1), (72, 1)]),
        ('"Am"~A !trill!vB |:(c.d):|2 e', [(69, 1), (71, 1), (72, 1), (74, 1), (72, 1), (74, 1), (76, 1)]),
        ("[CEG]2 [K:D] F z F", [(60, 2), (64, 2), (67, 2), (66, 1), (66, 1)]),
    ],
)
def test_abc_music(music: str, expected: list[tuple[int, float]]) -> None:
    score = score_from_abc(f"X:1\nL:1/4\nQ:1/4=60\nK:C\n{music}\n")
    assert [(note.pitch, note.duration) for note in score.notes] == [(p, pytest.approx(d)) for p, d in expected]


@pytest.mark.parametrize(
    ("key", "letters"),
    [("G", "F"), ("Em", "F"), ("E Dorian", "FC"), ("Dmix", "F"), ("HP", "FC"), ("C", ""), ("", ""), ("A", "FCG")],
)
def test_sharp_keys(key: str, letters: str) -> None:
    notes = score_from_abc(f"X:1\nK:{key}\nCDEFGAB").notes
    assert {"CDEFGAB"[i] for i, n in enumerate(notes) if n.pitch != (60, 62, 64, 65, 67, 69, 71)[i]} == set(letters)
    assert [n.pitch for n in score_from_abc("X:1\nK:Gm\nBEF").notes] == [70, 63, 65]


def test_abc_tempo_meter_and_upbeat() -> None:
    score = score_from_abc("X:1\nM:6/8\nL:1/8\nQ:3/8=60\nK:C\nA|Bcd efg|a3 z3|\n")
    assert score.tempos == (Tempo(0.0, 90.0),)
    assert score.meters == (Meter(0.0, 1, 8), Meter(pytest.approx(1 / 3), 6, 8))
    assert score.seconds == pytest.approx(10 / 3)
    assert score_from_abc("X:1\nM:2/4\nK:C\nC").seconds == 0.125  # a sixteenth where the bar is below 3/4


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ("X:1\nK:C\n", "has no notes"),
        ("X:1\nK:C\nC @ D", "'@' is no sign of ABC"),
        ("X:1\nK:C\n" + "".join(f"V:{i}\nC\n" for i in range(65)), "more than 64 voices"),
        ("X:1\nK:C\nC,,,,,,,,,,", "pitch"),
    ],
)
def test_what_is_no_tune_is_refused(tune: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        score_from_abc(tune)


def test_real_tunes(data: Path) -> None:
    folder = data / "midi_edge" / "symusic" / "tests" / "testcases" / "abc_files"
    found = {}
    for path in folder.glob("*.abc"):
        (tune,) = split_abc(path.read_text(encoding="utf-8"))
        found[path.stem] = score_from_abc(tune)
    # counted by hand: an upbeat and 8 bars of 6/8, the last an eighth short, twice; another upbeat and 8 full bars twice
    assert found["a_morning_in_summer"].beat_at(found["a_morning_in_summer"].seconds) == 2 * 24 + 0.5 + 2 * 24
    assert len(found) == 3

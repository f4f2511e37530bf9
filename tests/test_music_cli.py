"""`seqgen music`, as typed: what it writes and says, and one line for everything that can be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import pytest

from seqgen.domains import music
from seqgen.domains.music import Note, Score, Tempo, read_midi
from seqgen.shell.cli import main

Told = Callable[[], tuple[str, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: tuple(capsys.readouterr())


def tune(step: int, notes: int = 60) -> Score:
    return Score([Note(0.25 * i, 60 + (i * step) % 12, 0.25) for i in range(notes)], (Tempo(0.0, 120.0),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "tunes"
    path.mkdir()
    for step in range(1, 7):
        tune(step).save(path / f"{step}.mid")
    (path / "empty.mid").touch()
    return path


def check_refused(told: Told, arguments: list[Any], code: int, message: str) -> None:
    """One line on standard error and not a word on standard output."""
    assert main([str(argument) for argument in arguments]) == code
    out, err = told()
    assert out == ""
    assert re.fullmatch(rf"seqgen: error: {message}\n", err), err


def test_train_sample_score_resume_and_fine_tune(folder: Path, tmp_path: Path, told: Told) -> None:
    run, out = tmp_path / "run", tmp_path / "out.mid"
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert main(["music", "train", str(folder), "--out", str(run), "--size", "tiny", "--steps", "3"]) == 0
        said, warned = told()
        assert re.search(
            r"^seqgen: step 3 of 3, best validation \d\.\d{4} nats/event \(counting events alone: \d\.\d{4}, up to \d together: \d\.\d{4}\)$",
            said,
            re.MULTILINE,
        )
        assert "6 of 7 pieces are used" in warned and "not used: empty.mid: it is empty" in warned
        assert main(["music", "train", "--resume", str(run), "--steps", "5"]) == 0
        assert "step 5 of 5" in told()[0]
        arguments = [
            "music",
            "train",
            str(folder),
            "--from",
            str(run),
            "--steps",
            "2",
            "--out",
            str(tmp_path / "tuned"),
        ]
        assert main(arguments) == 0
        told()
    primer = ["--primer", str(folder / "1.mid")]
    assert (
        main(["music", "sample", "--model", str(run), "--seconds", "3", "--seed", "4", "--out", str(out), *primer]) == 0
    )
    said, _ = told()
    endings = (".mid", ".wav", ".svg", ".png")
    assert re.findall(r"^seqgen: wrote (.*)$", said, re.MULTILINE) == [str(out.with_suffix(e)) for e in endings]
    assert re.match(r"seqgen: [\d.]+ s, \d+ notes, \d+ of them new; \d+ \([\d.]+%\) had to be ended", said)
    made = read_midi(out)
    assert [note.pitch for note in made.notes[:60]] == [note.pitch for note in tune(1).notes]
    assert out.with_suffix(".wav").read_bytes()[:4] == b"RIFF" and out.with_suffix(".png").read_bytes()[1:4] == b"PNG"
    assert main(["music", "score", "--model", str(run), str(folder)]) == 0
    said, _ = told()
    assert re.match(r"[\d.]+ nats/event  [\d.]+ nats/note  [\d.]+ nats/beat  \(\d+ events\)  1\.mid\n", said)
    *lines, total = said.splitlines()
    assert len(lines) == 6 and total.endswith("  all 6 pieces")
    counts = [int(re.findall(r"\((\d+) events", line)[0]) for line in said.replace(",", "").splitlines()]
    assert sum(counts[:-1]) == counts[-1]
    nats = [float(line.split()[0]) * count for line, count in zip(said.splitlines(), counts, strict=True)]
    assert sum(nats[:-1]) == pytest.approx(nats[-1], rel=1e-3)


def test_the_same_seed_writes_the_same_files(tmp_path: Path, told: Told) -> None:
    for name in ("a", "b"):
        assert main(["music", "sample", "--bars", "1", "--seed", "3", "--out", str(tmp_path / f"{name}.mid")]) == 0
    for ending in (".mid", ".svg", ".png"):
        assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()
    told()


def test_inspect_tells_of_every_file_and_never_fails(folder: Path, told: Told) -> None:
    assert main(["music", "inspect", str(folder), str(folder / "nowhere.mid")]) == 0
    said, _ = told()
    lines = said.splitlines()
    assert lines[0].split()[:2] == ["file", "notes"] and len(lines) == 1 + 8 + 1
    assert re.search(r"^1\.mid +60 .* yes$", said, re.MULTILINE)
    assert re.search(r"^empty\.mid .* no: it is empty", said, re.MULTILINE)
    assert lines[-1] == "6 of 8 pieces would be used"


def test_every_strange_file_is_a_row(data: Path, told: Told) -> None:
    assert main(["music", "inspect", str(data / "midi_edge")]) == 0
    said, warned = told()
    assert len(said.splitlines()) > 60 and warned == ""


def test_bad_input_is_one_line(folder: Path, tmp_path: Path, told: Told) -> None:
    empty = tmp_path / "nothing"
    empty.mkdir()
    hostile = tmp_path / "hostile.mid"
    hostile.write_bytes(b"MThd\0\0\0\6\0\1\xff\xff\0\x60")
    out = tmp_path / "x.mid"
    cases: list[tuple[list[Any], int, str]] = [
        (["train"], 2, "say what to learn from: .*"),
        (["train", folder, "--steps", 1, "--minutes", 1], 2, "--steps and --minutes both say.*"),
        (["train", "--resume", tmp_path, "--encoding", "grid"], 2, "--encoding is settled when a run begins.*"),
        (["train", tmp_path / "gone"], 2, "no file, folder or data set named .*"),
        (["sample", "--bars", 2, "--seconds", 3], 2, "seconds, bars and events each say.*give one of them"),
        (
            ["sample", "--out", tmp_path / "x.wav"],
            2,
            "--out names the file of notes, .* is none; end it in .mid, .midi, .musicxml, .xml, .abc",
        ),
        (
            ["sample", "--meter", "4:4", "--out", out],
            2,
            "--meter is '4:4'; give a number over 1, 2, 4, 8 or 16, such as 3/4",
        ),
        (["sample", "--temperature", -1, "--out", out], 2, "temperature is -1.0; give 0 .*"),
        (["sample", "--primer", hostile, "--out", out], 1, "cannot use .*hostile.mid as MIDI: .*"),
        (["sample", "--primer", folder / "1.mid", "--out", out], 1, ".*the grid is for four voices, a part each"),
        (["sample", "--model", "shakespeare"], 2, "no model named 'shakespeare' .*known: bach, chorales.*"),
    ]
    for arguments, code, message in cases:
        check_refused(told, ["music", *arguments], code, message)
    assert not list(tmp_path.glob("x.*"))
    for source, why in ((empty, "it holds no file named"), (folder / "empty.mid", "it is empty")):
        assert main(["music", "train", str(source), "--out", str(tmp_path / "run")]) == 1
        assert re.search(rf"seqgen: error: no piece in .* can be used: {why}", told()[1])
    assert not (tmp_path / "run").exists()


def test_an_output_that_cannot_be_written_is_one_line(tmp_path: Path, told: Told) -> None:
    assert main(["music", "sample", "--bars", "1", "--seed", "1", "--out", str(tmp_path / "no" / "x.mid")]) == 2
    assert "seqgen: error: cannot write" in told()[1]


def test_the_shipped_model_composes_for_the_demo(tmp_path: Path, told: Told) -> None:
    from seqgen.domains.music.cli import demo

    paths = demo(tmp_path, 1)
    assert [path.name for path in paths] == ["music.mid", "music.wav", "music.svg", "music.png"]
    piece = read_midi(paths[0])
    assert 20 < piece.seconds < 60 and {note.part for note in piece.notes} == {0, 1, 2, 3}
    assert music.load().sample(bars=2, seed=1) == music.load().sample(bars=2, seed=1)
    told()


def test_scoring_goes_on_past_a_piece_that_does_not_fit(tmp_path: Path, told: Told) -> None:
    music.load().sample(bars=2, seed=1).save(tmp_path / "a.mid")
    music.load().sample(bars=2, seed=2).save(tmp_path / "c.mid")
    tune(1).save(tmp_path / "b.mid")
    assert main(["music", "score", *(str(tmp_path / f"{name}.mid") for name in "abc")]) == 0
    said, warned = told()
    assert [line.split()[-1] for line in said.splitlines()] == [
        str(tmp_path / "a.mid"),
        str(tmp_path / "c.mid"),
        "pieces",
    ]
    assert "2 of 3 pieces are used" in warned and "b.mid: the piece has 1 part" in warned
    assert main(["music", "score", str(tmp_path / "b.mid")]) == 1
    assert "0 of 1 pieces are used" in told()[1]


def test_several_pieces_and_several_primers(tmp_path: Path, told: Told) -> None:
    out, arguments = tmp_path / "x.mid", ["music", "sample", "--bars", "1", "--seed", "3", "--no-wav"]
    assert main([*arguments, "--count", "2", "--out", str(out)]) == 0
    assert main([*arguments, "--out", str(tmp_path / "alone.mid")]) == 0
    assert (tmp_path / "x-1.mid").read_bytes() == (tmp_path / "alone.mid").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        f"{name}.{ending}" for name in ("x-1", "x-2", "alone") for ending in ("mid", "svg", "png")
    )
    primers = [str(tmp_path / f"x-{number}.mid") for number in (1, 2)]
    assert main([*arguments, "--primer", *primers, "--out", str(tmp_path / "y.mid")]) == 0
    for number in (1, 2):
        before, after = read_midi(tmp_path / f"x-{number}.mid"), read_midi(tmp_path / f"y-{number}.mid")
        # a note that is still held where the primer ends may be struck again there
        assert [n.pitch for n in after.notes][: len(before.notes)] == [n.pitch for n in before.notes]
        assert after.names == ("Soprano", "Alto", "Tenor", "Bass")
    told()


def test_a_piece_that_stands_still_or_is_empty_is_said(tmp_path: Path, told: Told) -> None:
    out = str(tmp_path / "x.mid")
    assert (
        main(
            [
                "music",
                "sample",
                "--model",
                "chorales",
                "--seconds",
                "20",
                "--temperature",
                "0",
                "--no-wav",
                "--out",
                out,
            ]
        )
        == 0
    )
    assert re.search(r"one chord is held for [\d.]+ s; .* try a higher --temperature", told()[1])
    assert main(["music", "sample", "--events", "1", "--no-wav", "--out", str(tmp_path / "none.mid")]) == 1
    assert "bach wrote no note: give a higher --temperature" in told()[1]
    assert not (tmp_path / "none.mid").exists()

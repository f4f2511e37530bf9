"""What a harmony teacher marks is what is counted, and a run that is somebody else's is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from music_models import saved

from seqgen.datasets import js_fakes, jsb_chorales
from seqgen.domain import Splits
from seqgen.domains import music
from seqgen.domains.music import Grid, Key, Score
from seqgen.domains.music.formats.grid_json import score_from_grid
from seqgen.domains.music.reports.copies import Known
from seqgen.domains.music.reports.marks import bars_of, close, kept, marks, rates, total
from seqgen.domains.music.reports.report import page, table
from seqgen.errors import UsageError
from seqgen.shell.cli import main

RANGES = ((60, 81), (53, 74), (48, 69), (36, 64))


@pytest.fixture(scope="module")
def choir(tmp_path_factory: pytest.TempPathFactory) -> music.MusicModel:
    return saved(tmp_path_factory.mktemp("choir"), Grid(ranges=RANGES), slice(257, 290))


def piece(*chords: list[int], each: int = 4) -> Score:
    """Chords of soprano, alto, tenor, bass, so many sixteenths each."""
    return score_from_grid([chord for chord in chords for _ in range(each)])


@pytest.mark.parametrize(
    ("chords", "fifths", "octaves"),
    [
        (([72, 67, 64, 48], [74, 69, 65, 50]), 1, 1),  # soprano, alto and bass, up a step
        (([72, 64, 55, 48], [74, 65, 57, 50]), 1, 1),  # tenor and bass, an octave and a fifth above
        (([72, 67, 64, 48], [71, 67, 62, 43]), 0, 0),
        (([72, 64, 60, 48], [72, 64, 60, 48]), 0, 0),  # who stays does not move
        (([79, 64, 60, 48], [72, 65, 60, 53]), 0, 0),  # towards one another
        (([76, 67, 60, 48], [77, 69, 65, 41]), 0, 0),
    ],
)
def test_parallels_are_voices_that_move_together(chords: tuple[list[int], ...], fifths: int, octaves: int) -> None:
    found = marks(piece(*chords), RANGES)
    assert (found.fifths, found.octaves) == (fifths, octaves)
    assert found.changes == (chords[0] != chords[1])


def test_leaps_crossings_wild_voices_chords_and_ends() -> None:
    found = marks(piece([72, 67, 64, 48], [86, 67, 64, 48], [65, 67, 64, 30], [72, 67, 64, 48]), RANGES)
    assert (found.leaps, found.crossed, found.outside) == (4, 4, 0)
    assert marks(piece([72, 67, 64, 29], [72, 67, 64, 48]), RANGES).outside == 1
    assert (found.beats, found.chords, found.ends, found.tonics) == (4, 2, 1, 1)
    assert marks(piece([72, 67, 60, 52]), RANGES).ends == 0  # its third is in the bass
    tune = [[pitch, 64, 55, 48] for pitch in (67, 69, 71, 72, 71, 69, 67)]
    assert rates(marks(piece(*tune, *tune, *tune), RANGES))["soprano figures of 6 moves that come back, %"] > 40


def test_the_marks_of_published_chorales(data: Path) -> None:
    """Close to what others counted: JS Fakes has 1.13 fifths and 1.15 octaves in 100 changes, Bach 0.18 and 0.13."""
    for module, wanted in ((js_fakes, (1.13, 1.15)), (jsb_chorales, (0.18, 0.13))):
        found = rates(total((parts := module.load()).train, RANGES) + total([*parts.valid, *parts.test], RANGES))
        assert [found[f"parallel {what} / 100 chord changes"] for what in ("fifths", "octaves")] == pytest.approx(
            wanted, abs=0.04
        )


def test_keys_are_kept_and_close() -> None:
    assert close(Key(0.0, -5), Key(0.0, 6)) and not close(Key(0.0, 1, "minor"), Key(0.0, 0))
    major = piece(*[[72 + up, 67 + up, 64 + up, 48 + up] for up in (0, 5, 7, 0)])
    assert kept([major, major, major], [major, major.transposed(7), major.transposed(2)]) == (
        pytest.approx(100 / 3),
        pytest.approx(200 / 3),
    )


def test_bars_are_cut_at_their_lines_and_none_is_made_up() -> None:
    whole = piece(*[[60 + bar, 55, 52, 48] for bar in range(4)], each=16)
    cut = bars_of(whole, 1, 3)
    assert cut is not None and {note.pitch for note in cut.notes if note.part == 0} == {61, 62}
    assert cut.seconds == pytest.approx(2 * 2.4)
    assert bars_of(whole, 2, 5) is None


def test_a_copied_run_is_found_in_any_key_with_its_place() -> None:
    random = np.random.default_rng(4)
    pieces = [piece(*np.add(random.integers(-3, 4, (24, 4)), [72, 65, 58, 48]).tolist()) for _ in range(5)]
    copied = pieces[3].transposed(-2)
    theirs = [note for note in copied.notes if 2.4 <= note.onset < 2.4 + 12 * 0.6]  # bars 2 to 4
    others = [note for note in pieces[0].notes if not 2.4 <= note.onset < 2.4 + 12 * 0.6]
    run = Known(pieces[1:]).longest(Score([*theirs, *others], pieces[0].tempos, pieces[0].meters))
    assert (run.piece, run.bar, run.own) == (2, 2, 2) and 44 <= run.length <= 52


def test_a_report_is_a_table_and_a_page(
    choir: music.MusicModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = [one.score for one in choir.compose([None] * 3, bars=17, seed=2)]
    found = choir.report(Splits(pieces[:2], pieces[2:]), count=2, bars=2)
    assert found.samples == 2 and found.pieces == 3 and len(found.copied) == 2 and len(found.alike) == 1
    shown = table(found)
    assert "parallel fifths / 100 chord changes" in shown and "8 bars after a primer of 8 stay in its key, %" in shown
    assert "<svg" in page(found) and "<script" not in page(found)
    for number, score in enumerate(pieces):
        score.save(tmp_path / f"{number}.mid")
    arguments = ["music", "report", "--model", choir.name, "--count", "1", "--bars", "1", "--beside", str(tmp_path)]
    assert main([*arguments, "--html", str(tmp_path / "r.html")]) == 0
    assert "1 samples of 1 bars, beside 3 pieces" in capsys.readouterr().out
    with pytest.raises(UsageError, match="it is not known what this model learned from"):
        choir.report()
    with pytest.raises(UsageError, match="a report on 0 samples cannot be"):
        choir.report(Splits(pieces, pieces), count=0)

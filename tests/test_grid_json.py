"""Chorales on a grid: JSON in two layouts, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqgen.domains.music.formats.grid_json import read_grid_json, read_grid_json_splits, score_from_grid
from seqgen.domains.music.score import Meter, Note, Tempo
from seqgen.errors import DataError

STEP = [67, 62, 59, 43]


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def writing(value: Any) -> Path:
        path = tmp_path / "grid.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    return writing


def test_equal_pitches_are_held_and_minus_one_is_silent() -> None:
    score = score_from_grid([[67, 64, -1, 48], [67, 65, -1, 48], [67, 65, 60, -1]], step_seconds=0.25)
    assert score.notes == tuple(
        sorted(
            Note(onset, pitch, duration, 80, 52, part)
            for part, onset, pitch, duration in [
                (0, 0.0, 67, 0.75),
                (1, 0.0, 64, 0.25),
                (1, 0.25, 65, 0.5),
                (2, 0.5, 60, 0.25),
                (3, 0.0, 48, 0.5),
            ]
        )
    )
    assert (score.tempos, score.meters) == ((Tempo(0.0, 60.0),), (Meter(0.0, 4, 4),))
    assert score_from_grid([STEP]).tempos == (Tempo(0.0, 100.0),)


def test_both_layouts_are_read(write) -> None:  # type: ignore[no-untyped-def]
    pieces = [[[pitch, 62, 59, 43]] * 4 for pitch in (65, 67, 69)]
    soprano = [65, 67, 69]
    listed = read_grid_json(write([{"index": i, "pitches": piece} for i, piece in enumerate(pieces)]))
    path = write({"test": pieces[2:], "train": pieces[:1], "valid": pieces[1:2]})
    assert listed == read_grid_json(path)
    assert [score.notes[-1].pitch for score in listed] == soprano
    parts = read_grid_json_splits(path)
    assert [parts[name] for name in ("train", "valid", "test")] == [[score] for score in listed]


@pytest.mark.parametrize("name", ["jsb_chorales/Jsb16thSeparated.json", "js_fakes/js_fakes.json"])
def test_every_cell_of_the_real_files_is_heard(name: str, data: Path) -> None:
    """The grid again, from the notes: the way back is written from scratch."""
    found = json.loads((data / name).read_text(encoding="utf-8"))
    grids = [item["pitches"] for item in found] if isinstance(found, list) else found["train"] + found["valid"]
    for grid, score in list(zip(grids, read_grid_json(data / name), strict=False))[::9]:
        again = [[-1] * 4 for _ in grid]
        for note in score.notes:
            for step in range(round(note.onset / 0.15), round(note.end / 0.15)):
                assert again[step][note.part] == -1
                again[step][note.part] = note.pitch
        assert again == grid


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is empty"),
        ("{", "is not JSON: .*; it is damaged or another file"),
        ("[" * 100_000, "is not JSON"),
        ("[{" + '"pitches": [[1' + "0" * 5000 + "]]}]", "is not JSON"),
        (7, "is JSON but no chorales"),
        ([], "is JSON but no chorales"),
        ({"train": [[STEP]]}, "is JSON but no chorales"),
        ({"train": [[STEP]], "valid": [[STEP]], "test": {}}, "is JSON but no chorales"),
        ([7], r"grid.json\[0\] is no list of steps"),
        ([{"pitches": []}], r"grid.json\[0\] is no list of steps"),
        ([{"pitches": [STEP, [1, 2, 3]]}], r"grid.json\[0\] has at step 1 something else than four voices"),
        ([{"pitches": [STEP]}, {"pitches": ["SATB"]}], r"grid.json\[1\] has at step 0 something else"),
        ([{"pitches": [[67, 62, 59, 128]]}], r"has no pitch at step 0; wanted 0-127, or -1 for silence"),
        ([{"pitches": [[67, 62, 59, -2]]}], "has no pitch at step 0"),
        ([{"pitches": [[67, 62, 59, 43.0]]}], "has no pitch at step 0"),
        ([{"pitches": [[67, 62, 59, True]]}], "has no pitch at step 0"),
        ({"train": [[STEP]], "valid": [[STEP]], "test": [[STEP], [[0, 0, 0, None]]]}, r"\[test\]\[1\] has no pitch"),
        (" " * (4 * 2**20) + "[]", "is larger than 4 MB"),
    ],
)
def test_what_is_no_grid_is_refused_in_one_line(value: Any, message: str, write) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=message) as caught:
        read_grid_json(write(value))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_list_has_no_splits(write) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match="is not divided into train, valid, test"):
        read_grid_json_splits(write([{"pitches": [STEP]}]))

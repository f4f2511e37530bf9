"""metrics.jsonl: what was appended is read back, also after a crash, a NaN and a resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.errors import ModelError
from seqgen.training import metrics

ROWS: list[dict[str, Any]] = [
    {"step": 10, "nll": 3.25, "grad_norm": 0.5, "steps_per_s": 8.8},
    {"step": 20, "nll": 2.5, "grad_norm": 0.25, "steps_per_s": 9.0},
    {"step": 20, "valid": 2.75},
    {"step": 30, "nll": 2.0, "grad_norm": 0.125, "steps_per_s": 8.9},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "metrics.jsonl"
    for row in ROWS:
        metrics.append(path, row)
    return path


def test_rows_come_back_in_order_and_are_one_json_line_each(path: Path) -> None:
    assert metrics.read(path) == ROWS
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == ROWS


def test_a_row_is_on_its_way_to_the_disk_when_append_returns(path: Path) -> None:
    before = path.stat().st_size
    metrics.append(path, {"step": 40, "nll": 1.5})
    assert path.read_bytes()[before:] == b'{"step": 40, "nll": 1.5}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -np.inf, np.float32("nan"), jnp.float32(jnp.nan)])
def test_what_is_no_number_becomes_null(tmp_path: Path, value: Any) -> None:
    metrics.append(tmp_path / "m", {"step": 1, "nll": value})
    assert (tmp_path / "m").read_bytes() == b'{"step": 1, "nll": null}\n'


def test_scalars_of_arrays_become_numbers(tmp_path: Path) -> None:
    metrics.append(tmp_path / "m", {"step": jnp.int32(3), "nll": jnp.float32(1.5), "valid": np.float64(0.1)})
    assert metrics.read(tmp_path / "m") == [{"step": 3, "nll": 1.5, "valid": 0.1}]


def test_wherever_the_last_line_breaks_off_the_rows_before_it_are_there(path: Path) -> None:
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for end in range(last, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert metrics.read(path) == ROWS[:-1]
    path.write_bytes(whole[:-1])  # only the newline is missing
    assert metrics.read(path) == ROWS
    path.write_bytes(whole[:last] + b"\0" * 200)  # what some file systems leave after a power cut
    assert metrics.read(path) == ROWS[:-1]


@pytest.mark.parametrize("line", [b"{", b"[1]", b'{"nll": 1}', b'{"step": "ten"}', b"\xff", b""])
def test_damage_elsewhere_is_named(path: Path, line: bytes) -> None:
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:2], line + b"\n", *rows[2:]]))
    with pytest.raises(ModelError, match=r"metrics.jsonl is damaged: line 3 reads .*; delete that line"):
        metrics.read(path)


def test_no_file_is_no_rows(tmp_path: Path) -> None:
    assert metrics.read(tmp_path / "none") == []
    metrics.truncate(tmp_path / "none", 3)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", [0, 10, 19, 20, 30, 99])
@pytest.mark.parametrize("tail", [b"", b'{"step": 40, "nl'])
def test_truncate_leaves_the_rows_up_to_the_step_and_nothing_broken(path: Path, step: int, tail: bytes) -> None:
    path.write_bytes(path.read_bytes() + tail)
    metrics.truncate(path, step)
    metrics.append(path, {"step": step + 1, "nll": 1.0})
    assert metrics.read(path) == [row for row in ROWS if row["step"] <= step] + [{"step": step + 1, "nll": 1.0}]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_truncate_is_all_or_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def power_cut(self: Path, target: Path) -> None:
        raise OSError("no power")

    monkeypatch.setattr(Path, "replace", power_cut)
    with pytest.raises(OSError, match="no power"):
        metrics.truncate(path, 10)
    assert path.read_bytes() == before


@given(st.lists(st.tuples(st.integers(0, 2**40), st.floats() | st.none())))
def test_any_numbers_survive(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, float | None]]) -> None:
    path = tmp_path_factory.mktemp("any") / "m"
    for step, nll in rows:
        metrics.append(path, {"step": step, "nll": nll})
    finite = [{"step": s, "nll": v if v is not None and np.isfinite(v) else None} for s, v in rows]
    assert metrics.read(path) == finite
    metrics.truncate(path, 1000)
    assert metrics.read(path) == [row for row in finite if row["step"] <= 1000]

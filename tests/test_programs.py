"""Programs that are kept: another process runs them without Flax, to the same bytes; damage and edits are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from seqgen import cache, programs

SAMPLE = """
import sys
from seqgen.cli import main
assert main(["text", "sample", "--seed", "1", "--length", "30"]) == 0
print([name for name in ("flax", "optax", "scipy.linalg") if name in sys.modules], file=sys.stderr)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "_in_use", [tmp_path])
    return tmp_path / "programs"


def double(x: jax.Array) -> jax.Array:
    return x * 2


def flip(x: jax.Array) -> jax.Array:
    return jnp.linalg.inv(x)


def test_a_sample_needs_no_flax_the_second_time(tmp_path: Path) -> None:
    def run() -> tuple[bytes, str]:
        environment = {**os.environ, "SEQGEN_CACHE": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", SAMPLE], env=environment, capture_output=True, check=True)
        return done.stdout, done.stderr.decode().splitlines()[-1]

    first, loaded = run()
    assert "flax" in loaded
    assert run() == (first, "[]")
    kept = sorted(path.suffix for path in tmp_path.glob("compiled-*/programs/*"))
    assert kept == [".json", ".stablehlo", ".stablehlo"]  # the parameters' shapes, how to begin, how to go on


def test_a_kept_program_is_the_function(folder: Path) -> None:
    for x in (jnp.arange(3.0), jnp.arange(4.0), jnp.arange(3)):
        assert (programs.kept(double, "a")(x) == 2 * x).all()
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(kept) == 3  # other shapes and types are other programs
    assert (programs.kept(double, "a")(jnp.arange(3.0)) == jnp.arange(0.0, 6, 2)).all()
    assert {path: path.read_bytes() for path in folder.iterdir()} == kept
    programs.kept(double, "b")(jnp.arange(3.0))
    assert len(list(folder.iterdir())) == 4


def test_a_kept_program_may_want_lapack(folder: Path) -> None:
    for _ in range(2):  # made, then loaded
        assert jnp.allclose(programs.kept(flip)(jnp.array([[2.0, 0], [0, 4]])), jnp.array([[0.5, 0], [0, 0.25]]))
    (path,) = folder.iterdir()
    assert b"lapack" in path.read_bytes()


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: data[:40] + b"?" + data[41:], lambda _: b""])
def test_a_damaged_program_is_made_anew(folder: Path, damage: object) -> None:
    programs.kept(double)(jnp.arange(3.0))
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))  # type: ignore[operator]
    assert (programs.kept(double)(jnp.arange(3.0)) == jnp.arange(0.0, 6, 2)).all()
    assert path.read_bytes() == whole


def test_an_edit_makes_another_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.kept(double)(jnp.arange(3.0))
    monkeypatch.setattr(programs, "_source", lambda: "edited")
    programs.kept(double)(jnp.arange(3.0))
    assert len(list(folder.iterdir())) == 2


def test_a_value_is_computed_once(folder: Path) -> None:
    calls: list[int] = []

    def compute() -> dict[str, list[int]]:
        calls.append(1)
        return {"a": [1, 2]}

    for _ in range(2):
        assert programs.remembered(compute, "x") == {"a": [1, 2]}
    assert len(calls) == 1
    next(folder.iterdir()).write_text("{")
    assert programs.remembered(compute, "x") == {"a": [1, 2]} and len(calls) == 2


def test_nothing_is_kept_where_it_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_in_use", [])
    assert (programs.kept(double)(jnp.arange(3.0)) == jnp.arange(0.0, 6, 2)).all()
    assert programs.remembered(lambda: 3) == 3
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cache, "_in_use", [tmp_path / "file"])
    assert (programs.kept(double)(jnp.arange(3.0)) == jnp.arange(0.0, 6, 2)).all()


def test_functions_are_told_apart_by_name() -> None:
    limit = 3
    assert programs.name_of(None) is None
    assert (programs.name_of(double) or "").startswith(f"{__name__}.double ")
    for nameless in (lambda x: x, lambda x: x + limit, double.__call__):
        assert programs.name_of(nameless) == ""

"""Programs that are kept: another process runs them without Flax, to the same bytes; damage and edits are noticed."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen import Categorical, Discrete, Model, Network, sample
from seqgen.machine import cache, programs
from seqgen.sampling import drawing

RUN = """
import sys
from seqgen.shell.cli import main
assert main(sys.argv[1:]) == 0
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


@pytest.mark.parametrize(
    ("command", "programs"),
    [
        (["text", "sample", "--seed", "1", "--length", "30"], 2),  # how to begin, and how to go on
        # What a text and a hand are to the network, lines read back, and what a recogniser reads as well.
        (["handwriting", "write", "a b", "--seed", "1", "--tries", "2", "--out", "line.json"], 5),
    ],
    ids=["text", "handwriting"],
)
def test_a_sample_needs_no_flax_the_second_time(command: list[str], programs: int, tmp_path: Path) -> None:
    def run(name: str) -> tuple[bytes, str, list[bytes]]:
        (tmp_path / name).mkdir()
        environment = {**os.environ, "SEQGEN_CACHE": str(tmp_path / "cache")}
        asked: Any = {"env": environment, "cwd": tmp_path / name, "capture_output": True}
        done = subprocess.run([sys.executable, "-c", RUN, *command], check=True, **asked)
        made = [path.read_bytes() for path in (tmp_path / name).iterdir()]
        return done.stdout, done.stderr.decode().splitlines()[-1], made

    said, loaded, made = run("once")
    assert "flax" in loaded
    assert run("again") == (said, "[]", made)
    kept = sorted(path.suffix for path in tmp_path.glob("cache/compiled-*/programs/*"))
    assert kept.count(".stablehlo") == programs and set(kept) == {".json", ".stablehlo"}  # and the parameters' shapes


def test_a_kept_program_is_the_function(folder: Path) -> None:
    for x in (jnp.arange(3.0), jnp.arange(4.0), jnp.arange(3)):
        assert (programs.kept(double, "a")(x) == 2 * x).all()
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(kept) == 3  # other shapes and types are other programs
    assert (programs.kept(double, "a")(jnp.arange(3.0)) == jnp.arange(0.0, 6, 2)).all()
    assert {path: path.read_bytes() for path in folder.iterdir()} == kept
    programs.kept(double, "b")(jnp.arange(3.0))
    assert len(list(folder.iterdir())) == 4


def test_programs_that_tell_more_are_kept_apart(folder: Path) -> None:
    model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    params = model.init(jax.random.key(0))
    made = {}
    for again in (False, True):  # from the function, then from the folder
        for count in (None, 0, 2):
            row = sample(model, params, jax.random.key(1), [[]], length=4, chunk=4, alternatives=count)[0]
            assert not again or jax.tree.all(jax.tree.map(np.array_equal, row, made[count]))
            made[count] = row
        assert len(list(folder.iterdir())) == 4  # how to begin, and a way to go on for each
        drawing._advance.cache_clear()
    assert not isinstance(made[None], tuple) and made[0].top is None and made[2].top.symbols.shape == (4, 2)


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


# Parts of a model that are somebody else's

PLUG_IN = """
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from seqgen import Categorical, Network

FIXED = 1


class State(NamedTuple):
    hidden: jax.Array


@dataclass(frozen=True)
class MyHead(Categorical):
    def sample(self, params, key, features, options):
        return jnp.full_like(super().sample(params, key, features, options), FIXED)


@dataclass(frozen=True)
class Wrapped:
    head: Categorical
    spec = property(lambda self: self.head.spec)

    def __getattr__(self, name):
        return getattr(object.__getattribute__(self, "head"), name)


@dataclass(frozen=True)
class MyNetwork(Network):
    def start(self, params, rows, context=None):
        return State(jnp.zeros((rows, self.width)))

    def step(self, params, carry, inputs, *, context=None):
        hidden = jnp.tanh(carry.hidden + FIXED * inputs.steps[:, None].astype(jnp.float32))
        return State(hidden), hidden
"""


def plug_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, fixed: int = 1) -> ModuleType:
    """The module of somebody else, as a new process would import it after an edit."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "somebody", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two edits in one second look the same to Python's cache
    (folder / "somebody.py").write_text(PLUG_IN.replace("FIXED = 1", f"FIXED = {fixed}"), encoding="utf-8")
    importlib.invalidate_caches()
    return importlib.import_module("somebody")


NETWORK, HEAD = Network(Discrete(5), layers=1, units=8), Categorical(5)
PARTS: dict[str, Any] = {
    "head": lambda module: Model(NETWORK, module.MyHead(5)),
    "head within another": lambda module: Model(NETWORK, module.Wrapped(module.MyHead(5))),
    "network": lambda module: Model(module.MyNetwork(Discrete(5), layers=1, units=8), HEAD),
}


def sampled(model: Model) -> list[Any]:
    params = model.init(jax.random.key(0))
    return [row.tolist() for row in sample(model, params, jax.random.key(1), [[], []], length=12, chunk=4)]


@pytest.mark.parametrize("part", PARTS)
def test_an_edit_of_somebody_elses_part_makes_another_program(
    part: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {}
    for fixed in (1, 2, 1):
        model = PARTS[part](plug_in(tmp_path, monkeypatch, fixed=fixed))
        with_cache = sampled(model)
        count = len(list(folder.glob("*"))) if folder.exists() else 0
        with monkeypatch.context() as patch:
            patch.setattr(cache, "_in_use", [])
            jax.clear_caches()
            assert with_cache == sampled(PARTS[part](plug_in(tmp_path, patch, fixed=fixed)))
        before.setdefault(fixed, count)
        assert count == max(before.values())  # the third time all are there
    if part != "network":  # whose carry nobody registered: it is never kept
        assert before[2] == 2 * before[1] > 0


def test_a_carry_that_nobody_registered_is_traced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = plug_in(tmp_path, monkeypatch)

    def step(carry: Any, x: jax.Array) -> Any:
        return carry._replace(hidden=carry.hidden + x)

    kept = programs.kept(step, "step", parts=(module.MyHead(5),))
    for _ in range(2):
        assert (kept(module.State(jnp.arange(3.0)), jnp.ones(3)).hidden == jnp.arange(1.0, 4)).all()
    assert not folder.exists() or not list(folder.iterdir())


def test_a_part_without_a_source_is_traced(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = plug_in(tmp_path, monkeypatch)
    monkeypatch.delattr(module, "__file__")  # as in a notebook
    assert (programs.kept(double, "a", parts=(module.MyHead(5),))(np.arange(3.0)) == np.arange(0.0, 6, 2)).all()
    assert programs.remembered(lambda: 3, parts=(module.MyHead(5),)) == 3
    assert not folder.exists()
    programs.kept(double, "a", parts=(Model(NETWORK, HEAD),))(np.arange(3.0))
    assert len(list(folder.iterdir())) == 1


def test_every_file_of_the_package_is_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import seqgen

    root, read = Path(seqgen.__file__).parent, Path.read_bytes
    files: set[str] = set()

    def noted(path: Path) -> bytes:
        files.add(path.relative_to(root).as_posix())
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    programs._source.__wrapped__()
    there = {path.relative_to(root).as_posix() for path in root.rglob("*.py")}
    assert files == {name for name in there if not name.startswith(("domains/", "datasets/"))}
    assert {"heads/mixture.py", "heads/joint.py", "nn/lstm.py", "nn/stack.py"} <= {
        name.removeprefix("core/") for name in files
    }

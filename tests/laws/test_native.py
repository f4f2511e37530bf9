"""The compiled kernel computes what the XLA path computes, and what NumPy does in float64; bits do not depend on threads."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqgen.machine import native
from seqgen.nn import lstm
from seqgen.nn.recurrence import LSTMCarry, Masks

Arrays = Any


def normal(seed: int, *shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


every_precision = pytest.mark.parametrize("precision", native.PRECISIONS)


@pytest.mark.native
@every_precision
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    ("m", "k", "n"), [(1, 1, 1), (5, 300, 17), (6, 256, 16), (64, 513, 65), (200, 41, 130), (13, 2501, 130)]
)
def test_products_are_those_of_float64(m: int, k: int, n: int, transposed: tuple[bool, bool], precision: str) -> None:
    left, right = normal(0, m, k), normal(1, k, n)
    a, b = (np.ascontiguousarray(x.T) if flip else x for x, flip in zip((left, right), transposed, strict=True))
    multiply = functools.partial(native.product, jnp.array(a), jnp.array(b), precision)
    flips = {"left_transposed": transposed[0], "right_transposed": transposed[1]}
    got = multiply(**flips)
    kind = jnp.bfloat16 if precision == "bf16" else np.float32
    left, right = (np.asarray(x, kind).astype(np.float64) for x in (left, right))
    want, size = left @ right, np.abs(left) @ np.abs(right)  # what rounding is relative to
    assert np.max(np.abs(got - want) / size) < 1e-6
    bias = normal(2, n)
    got = multiply(jnp.array(bias), **flips)
    assert np.max(np.abs(got - (want + bias)) / (size + np.abs(bias))) < 1e-6


@pytest.mark.native
@every_precision
def test_a_product_of_nothing_is_zero(precision: str) -> None:
    assert not native.product(jnp.ones((3, 0)), jnp.ones((0, 4)), precision).any()
    assert native.product(jnp.ones((0, 5)), jnp.ones((5, 4)), precision).shape == (0, 4)
    assert native.product(jnp.ones((3, 5)), jnp.ones((5, 0)), precision).shape == (3, 0)
    assert (native.product(jnp.ones((3, 0)), jnp.ones((0, 4)), precision, jnp.ones(4)) == 1).all()


@pytest.mark.native
def test_operands_are_rounded_to_the_nearest_bf16() -> None:
    """Halfway to the even one; infinities and what is no number stay so."""
    bits = np.arange(0x3F7F0000, 0x3F830000, 0x1000, dtype=np.uint32).view(np.float32)
    values = np.concatenate([bits, -bits, np.float32([0, 3e38, np.inf, -np.inf, np.nan])])[:, None]
    got = native.product(jnp.array(values), jnp.ones((1, 1)), "bf16")
    np.testing.assert_array_equal(got, np.asarray(jnp.array(values, jnp.bfloat16), np.float32))


def window(steps: int, rows: int, units: int, masked: bool) -> tuple[Arrays, Masks | None]:
    carry = LSTMCarry(*(jnp.array(normal(seed, rows, units)) for seed in (1, 2)))
    arrays = jnp.array(normal(0, units, 4 * units) / units**0.5), carry, jnp.array(normal(3, steps, rows, 4 * units))
    if not masked:
        return arrays, None
    start = LSTMCarry(*(jnp.array(normal(seed, rows, units)) for seed in (4, 5)))
    chance = np.random.default_rng(6).random((2, steps, rows))
    return arrays, Masks(start, jnp.array(chance[0] < 0.2, jnp.float32), jnp.array(chance[1] < 0.7, jnp.float32))


def values_and_gradients(arrays: Arrays, masks: Masks | None, precision: str = "f32") -> Arrays:
    """Features and last carry, and the gradients of a sum over both that weighs every value otherwise."""

    def loss(arrays: Arrays, start: Any) -> Any:
        end, ys = lstm.gate_scan(precision, *arrays, masks and masks._replace(start=start))
        weighed = [(jnp.array(normal(9 + i, *x.shape), x.dtype) * x).sum() for i, x in enumerate((ys, *end))]
        return jnp.stack(weighed).sum(), (end, ys)

    return jax.grad(loss, argnums=(0, 1), has_aux=True)(arrays, masks and masks.start)


@pytest.mark.native
@every_precision
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("steps", "rows", "units"), [(5, 3, 7), (9, 13, 40), (1, 1, 16), (20, 64, 100)])
def test_a_window_is_that_of_xla_in_float64(
    steps: int, rows: int, units: int, masked: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays, masks = window(steps, rows, units, masked)
    got = values_and_gradients(arrays, masks, precision)
    monkeypatch.setattr(native, "usable", lambda *_: False)
    single = values_and_gradients(arrays, masks, precision)
    with jax.enable_x64(True):
        exact = values_and_gradients(*jax.tree.map(lambda x: jnp.array(x, jnp.float64), (arrays, masks)))
    for ours, theirs, want in zip(*map(jax.tree.leaves, (got, single, exact)), strict=True):
        error, usual = (np.max(np.abs(x - np.asarray(want, np.float64))) for x in (ours, theirs))
        assert error <= 2 * usual + 1e-6 * np.max(np.abs(want))


@pytest.mark.native
def test_gates_are_exact_to_the_last_places_and_keep_what_is_no_number() -> None:
    values = np.concatenate([np.linspace(-30, 30, 40_001), [-1e30, 1e30, np.inf, -np.inf, np.nan, 1e-30, 0.6, -0.6]])
    xs = np.repeat(values.astype(np.float32)[None, :, None], 4, axis=2)
    none = jnp.zeros((len(values), 1))
    gates, *_ = native.forward(
        "f32", jnp.zeros((1, 4)), (none, none), jnp.array(xs), (none, none, *[jnp.zeros((0, 0))] * 2)
    )
    x = xs[0, :, 0].astype(np.float64)
    with np.errstate(over="ignore"):
        sigmoid, tanh = 1 / (1 + np.exp(-x)), np.tanh(x)
    np.testing.assert_allclose(gates[:, 0], np.where(x < -87, 0, sigmoid), rtol=4e-7)
    np.testing.assert_allclose(gates[:, 2], tanh, rtol=4e-7)
    assert np.isnan(gates[np.isnan(values)]).all()


SUMMED = """
import hashlib, sys
sys.path.insert(0, {folder!r})
import jax, test_native
leaves = jax.tree.leaves([test_native.values_and_gradients(*test_native.window(9, 13, 40, True), precision)
                          for precision in test_native.native.PRECISIONS])
print(hashlib.sha256(b"".join(bytes(leaf) for leaf in leaves)).hexdigest())
"""


@pytest.mark.native
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads are counted by what the process may run on")
def test_bits_do_not_depend_on_the_number_of_threads() -> None:
    leaves = jax.tree.leaves([values_and_gradients(*window(9, 13, 40, True), each) for each in native.PRECISIONS])
    here = hashlib.sha256(b"".join(bytes(leaf) for leaf in leaves)).hexdigest()
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})" + SUMMED.format(
        folder=str(Path(__file__).parent)
    )
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert alone.stdout.split()[-1] == here


@pytest.mark.native
def test_it_says_why_it_could_not_be_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEQGEN_CACHE", str(tmp_path))
    for command, said in (("no-such-compiler -x", "No such file"), ("false", "returned non-zero exit status 1")):
        monkeypatch.setenv("CXX", command)
        with pytest.warns(UserWarning, match="training is slower than it could be"):
            assert said in str(native.missing.__wrapped__())
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "")
    assert native.hindrance() == "there is no C++ compiler (c++, g++, clang++, or what CXX names)"


@pytest.mark.native
def test_a_damaged_library_is_compiled_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder, path = native.cache.private_folder(), tmp_path / "native.so"
    assert folder is not None
    sound = (folder / native._name()).read_bytes()
    monkeypatch.setattr(native, "_compile", lambda path: path.write_bytes(sound))
    path.write_bytes(b"\x7fELF, cut short")
    assert native._load(path).seqgen_product_f32
    assert [file.name for file in tmp_path.iterdir()] == ["native.so"]


def test_it_says_what_hinders_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_NATIVE", "off")
    assert native.hindrance() == native.missing.__wrapped__() == "SEQGEN_NATIVE is off"
    monkeypatch.delenv("SEQGEN_NATIVE")
    monkeypatch.setattr(native.platform, "machine", lambda: "riscv64")
    assert "it is written for x86-64 on Linux and macOS, not for riscv64 on " in str(native.hindrance())


def test_it_is_asked_for_single_precision_on_a_cpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "missing", lambda: None)
    assert native.usable(jnp.ones(2))
    assert not native.usable(jnp.ones(2), jnp.ones(2, jnp.bfloat16))
    monkeypatch.setenv("SEQGEN_NATIVE", "off")
    assert not native.usable(jnp.ones(2))

"""The LSTM's window and matrix products compiled for this CPU, where it has AVX2 and somebody has a C++ compiler.

XLA reaches about 60 % of what such a CPU can do, and packs a layer's weights anew at every position; what is in `kernel/`
packs them once a window. It is compiled when first trained with and kept with the compiled programs (`seqgen.machine.cache`); where
that cannot be, or SEQGEN_NATIVE is "off", XLA computes the same (a law in the tests), slower. Only gradients come here:
sampling and scoring, and programs for other devices, stay with XLA.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from . import cache

Array = jax.Array

SOURCES = Path(__file__).with_name("kernel")
PRECISIONS = ("f32", "bf16")  # of the operands of products; all arrays are float32
_FLAGS = (
    *("-std=c++17", "-O3", "-march=native", "-ffp-contract=fast", "-DNDEBUG", "-fPIC", "-shared", "-pthread"),
    # The loop of products in the order it is written and at the start of a cache line: a twentieth of its time and more.
    *("-falign-loops=64", "-fno-schedule-insns2"),
)


def usable(*operands: Array) -> bool:
    """Whether operands are what the library computes with, and it is there; compiles it at the first time (seconds)."""
    plain = jax.default_backend() == "cpu" and all(operand.dtype == jnp.float32 for operand in operands)
    return plain and os.environ.get("SEQGEN_NATIVE") != "off" and missing() is None


@functools.cache
def missing() -> str | None:
    """Why the library is not there, None if it is, now."""
    if (reason := hindrance()) is not None:
        return reason
    folder = cache.private_folder()
    if folder is None:
        return f"{cache.cache_folder()} cannot be used"
    try:
        library = _load(folder / _name())
    except (OSError, subprocess.SubprocessError) as error:
        said = error.stderr.decode(errors="replace")[-300:] if isinstance(error, subprocess.CalledProcessError) else ""
        reason = " ".join(f"it could not be compiled: {error} {said}".split())
        warnings.warn(f"training is slower than it could be, its kernel is XLA's: {reason}", stacklevel=2)
        return reason
    for name in (
        f"seqgen_{what}_{precision}" for what in ("product", "forward", "backward") for precision in PRECISIONS
    ):
        handler = jax.ffi.pycapsule(getattr(library, name))  # type: ignore[no-untyped-call]
        jax.ffi.register_ffi_target(name, handler, platform="cpu")
    return None


def hindrance() -> str | None:
    """Why there is no need to try, None where there is; looks only."""
    if os.environ.get("SEQGEN_NATIVE") == "off":
        return "SEQGEN_NATIVE is off"
    if platform.machine() != "x86_64" or platform.system() not in ("Linux", "Darwin"):
        return f"it is written for x86-64 on Linux and macOS, not for {platform.machine()} on {platform.system()}"
    if not {"avx2", "fma"} <= _instructions():
        return "this CPU has no AVX2"
    folder = cache.cache_folder()
    if folder is None:
        return "compiled programs have no folder: SEQGEN_CACHE is off, or this user has no home"
    if not _compiler() and not compiled():
        return "there is no C++ compiler (c++, g++, clang++, or what CXX names)"
    return None


def multiplies_bf16() -> bool:
    """Whether this CPU has instructions for it; the library rounds to bf16 without them, too, and is no faster then."""
    return "avx512_bf16" in _instructions()


def _instructions() -> set[str]:
    try:
        return set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:  # macOS: every x86 that runs JAX there has these
        return {"avx2", "fma"}


def compiled() -> bool:
    """Whether an earlier process left the library here."""
    folder = cache.cache_folder()
    return folder is not None and (folder / _name()).exists()


def _name() -> str:
    made_of = [path.read_bytes() for path in sorted(SOURCES.iterdir())] + [" ".join(_FLAGS).encode()]
    return f"native-{hashlib.sha256(b''.join(made_of)).hexdigest()[:16]}.so"  # a library made otherwise is another


def _compiler() -> list[str]:
    if chosen := os.environ.get("CXX"):
        return shlex.split(chosen)  # "ccache g++", say
    return [found for found in map(shutil.which, ("c++", "g++", "clang++")) if found][:1]


def _load(path: Path) -> ctypes.CDLL:
    if path.exists():
        try:
            return ctypes.CDLL(str(path))
        except OSError:  # cut short, say: it is made anew
            pass
    _compile(path)
    return ctypes.CDLL(str(path))


def _compile(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        command = [*_compiler(), *_FLAGS, f"-I{jax.ffi.include_dir()}", str(SOURCES / "kernel.cc"), "-o", str(made)]
        subprocess.run(command, check=True, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        os.replace(made, path)  # whole, or not there: two processes may compile at once


def product(
    left: Array,
    right: Array,
    precision: str,
    bias: Array | None = None,
    *,
    left_transposed: bool = False,
    right_transposed: bool = False,
) -> Array:
    """`left` `[M, K]` times `right` `[K, N]`, either one lying transposed in memory where marked, plus `bias` `[N]`."""
    bias = jnp.zeros(0) if bias is None else bias
    shape = left.shape[1 if left_transposed else 0], right.shape[0 if right_transposed else 1]
    call = _call("product", precision, _floats(*shape))
    return call(left, right, bias, left_transposed=left_transposed, right_transposed=right_transposed)  # type: ignore[no-any-return]


def forward(
    precision: str, kernel: Array, carry: tuple[Array, Array], xs: Array, masks: tuple[Array, ...]
) -> tuple[Array, ...]:
    """A window of projected inputs `[T, B, 4 H]`: gates, hidden and cell before every position, features, the end's two.

    masks: the start's hidden and cell, `ahead` and `valid` (`recurrence.Masks`), the last two `[0, 0]` for none.
    Gates come as `[T B, 4 H]`, in place of the inputs: what `product` made XLA would copy if its shape were another.
    """
    length, rows, units = *xs.shape[:2], kernel.shape[0]
    xs = xs.reshape(length * rows, 4 * units)
    kept, state = _floats(length, rows, units), _floats(rows, units)
    call = _call("forward", precision, [_floats(*xs.shape), kept, kept, kept, state, state], {0: 0})
    return tuple(call(xs, kernel, *carry, *masks))


def backward(
    precision: str, kernel: Array, gates: Array, cells: Array, masks: tuple[Array, ...], *cotangents: Array
) -> Any:
    """From what `forward` kept and the cotangents of features and end: of xs, of the carry's two, of the start's two."""
    state = _floats(*cells.shape[1:])
    call = _call("backward", precision, [_floats(*gates.shape), state, state, state, state], {1: 0})
    d_xs, *others = call(kernel, gates, cells, *masks[2:], *cotangents)
    return d_xs.reshape(*cells.shape[:2], -1), *others


def differentiable(call: Callable[..., Any], same: Callable[..., Any]) -> Any:
    """`call`, with the derivative of `same`, which computes the same by XLA. Only gradients of gradients ask for it."""
    function = jax.custom_jvp(call)
    function.defjvp(lambda primals, tangents: jax.jvp(same, primals, tangents))
    return function


def _floats(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)  # type: ignore[no-untyped-call]


def _call(name: str, precision: str, results: Any, in_place: dict[int, int] | None = None) -> Any:
    name = f"seqgen_{name}_{precision}"
    return jax.ffi.ffi_call(name, results, vmap_method="sequential", input_output_aliases=in_place)

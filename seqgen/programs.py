"""Programs whose tracing is kept between processes, so that a command need not import Flax to run one again.

JAX's own cache keeps what XLA compiled, but finds it only by tracing and lowering the Python again. Here the lowered
program is kept beside it (`jax.export`), under a name made of everything it follows from: the model's settings, the
shapes of its arguments, the source of this package. Without a folder for compiled programs (`seqgen.cache`) it is
`jax.jit` and nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import export

from . import cache
from .attention import WindowCarry
from .batching import Inputs
from .heads import Options
from .network import Context
from .recurrence import LSTMCarry, Memory
from .storage import replace_file


def register(*records: type) -> None:
    """Lets programs take and give these NamedTuples."""
    for record in records:
        export.register_namedtuple_serialization(record, serialized_name=f"{record.__module__}.{record.__name__}")


register(LSTMCarry, WindowCarry, Memory, Context, Inputs, Options)


def kept(function: Callable[..., Any], *follows_from: Any) -> Callable[..., Any]:
    """`jax.jit(function)`, for a function that is the same wherever `follows_from`, a JSON value, and its source are."""
    traced = jax.jit(function)
    loaded: dict[Any, Callable[..., Any]] = {}

    def call(*args: Any) -> Any:
        folder = cache.programs()
        leaves, tree = jax.tree.flatten(args)
        if folder is None or any(map(_elsewhere, leaves)):
            return traced(*args)
        signature = (str(tree), *((np.shape(leaf), str(leaf.dtype)) for leaf in leaves))
        if signature not in loaded:
            path = folder / f"{_named(function.__qualname__, follows_from, repr(signature), _settings())}.stablehlo"
            loaded[signature] = jax.jit(_load(path) or _make(path, traced, args))
        return loaded[signature](*args)

    return call


def _elsewhere(leaf: Any) -> bool:
    """Whether this is no array of one device, which is what programs are kept for: spread over many, or being traced."""
    if isinstance(leaf, jax.core.Tracer):
        return True
    return isinstance(leaf, jax.Array) and len(leaf.sharding.device_set) > 1


def remembered(compute: Callable[[], Any], *follows_from: Any) -> Any:
    """`compute()`, a JSON value that is the same wherever `follows_from`, another one, and the source are."""
    folder = cache.programs()
    if folder is None:
        return compute()
    path = folder / f"{_named(follows_from)}.json"
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        value = compute()
        _write(path, json.dumps(value).encode())
        return value


def name_of(function: Callable[..., Any] | None) -> str | None:
    """A name that tells which function of a module this is, its source included; "" for one that has no such name."""
    if function is None:
        return None
    named = isinstance(function, types.FunctionType) and function.__closure__ is None
    if not named or "<" in function.__qualname__:
        return ""
    source = hashlib.sha256(Path(inspect.getfile(function)).read_bytes()).hexdigest()
    return f"{function.__module__}.{function.__qualname__} {source}"


def _load(path: Path) -> Callable[..., Any] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data[32:]).digest() != data[:32]:  # damaged: it is made anew
        return None
    exported = export.deserialize(bytearray(data[32:]))
    if b"lapack" not in exported.mlir_module_serialized:
        # Of a program for "cpu" JAX thinks that it may want LAPACK, and imports SciPy's linear algebra: a quarter second.
        # The file's name says what it is for, so nobody else has to check.
        unchecked = (*exported.disabled_safety_checks, export.DisabledSafetyCheck.platform())
        exported = dataclasses.replace(exported, platforms=("any",), disabled_safety_checks=unchecked)
    return exported.call


def _make(path: Path, traced: Any, args: tuple[Any, ...]) -> Callable[..., Any]:
    exported = export.export(traced)(*args)
    data = bytes(exported.serialize())
    _write(path, hashlib.sha256(data).digest() + data)
    return exported.call


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, data)
    except OSError:  # a full disk costs the next process a second
        pass


def _named(*follows_from: Any) -> str:
    told = json.dumps([_source(), *follows_from], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _settings() -> list[str]:
    """What outside this package decides what a program is."""
    config: Any = jax.config
    names = ("jax_enable_x64", "jax_default_matmul_precision", "jax_default_prng_impl", "jax_threefry_partitionable")
    values = [str(getattr(config, name)) for name in names]
    return [*values, jax.default_backend(), os.environ.get("SEQGEN_CUDNN", "")]


@functools.cache
def _source() -> str:
    """The SHA-256 of the core's source: a program of another version, or of an edit, is another program."""
    digest, core = hashlib.sha256(), Path(__file__).parent
    for path in sorted([*core.glob("*.py"), *core.glob("heads/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()

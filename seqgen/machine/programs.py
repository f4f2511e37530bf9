"""Programs whose tracing is kept between processes, so that a command need not import Flax to run one again.

JAX's own cache keeps what XLA compiled, but finds it only by tracing and lowering the Python again. Here the lowered
program is kept beside it (`jax.export`), under a name made of everything it follows from: the model's settings, the
shapes of its arguments, the source of this package and of every part that comes from elsewhere. Without a folder for
compiled programs (`seqgen.machine.cache`), and for what cannot be written down, it is `jax.jit` and nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import json
import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import export

from ..files.storage import replace_file
from . import cache


def register(*records: type) -> None:
    """Lets programs take and give these NamedTuples."""
    for record in records:
        export.register_namedtuple_serialization(record, serialized_name=f"{record.__module__}.{record.__name__}")


def kept(function: Callable[..., Any], *follows_from: Any, parts: tuple[Any, ...] = ()) -> Callable[..., Any]:
    """`jax.jit(function)`, for a function that is the same wherever `follows_from`, a JSON value, and its source are.

    parts: the values whose methods it calls. Of those of other packages, whatever in a dataclass's fields it is, the
    modules' source is part of the name; where one has none that can be read, as in a notebook, nothing is kept.
    """
    traced = jax.jit(function)
    loaded: dict[Any, Callable[..., Any]] = {}
    foreign = _foreign(parts)

    def call(*args: Any) -> Any:
        folder = cache.programs()
        leaves, tree = jax.tree.flatten(args)
        if folder is None or foreign is None or any(map(_elsewhere, leaves)):
            return traced(*args)
        signature = (str(tree), *((np.shape(leaf), str(leaf.dtype)) for leaf in leaves))
        if signature not in loaded:
            name = _named(function.__qualname__, follows_from, repr(signature), _settings(), foreign)
            path = folder / f"{name}.stablehlo"
            loaded[signature] = jax.jit(_load(path) or _make(path, traced, args))
        return loaded[signature](*args)

    return call


def _elsewhere(leaf: Any) -> bool:
    """Whether this is no array of one device, which is what programs are kept for: spread over many, or being traced."""
    if isinstance(leaf, jax.core.Tracer):
        return True
    return isinstance(leaf, jax.Array) and len(leaf.sharding.device_set) > 1


def remembered(compute: Callable[[], Any], *follows_from: Any, parts: tuple[Any, ...] = ()) -> Any:
    """`compute()`, a JSON value that is the same wherever `follows_from`, another one, and the source are, as `kept`."""
    folder, foreign = cache.programs(), _foreign(parts)
    if folder is None or foreign is None:
        return compute()
    path = folder / f"{_named(follows_from, foreign)}.json"
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
    try:
        exported = export.deserialize(bytearray(data[32:]))
    except ValueError:  # it takes a record that another process had registered, and this one has not
        return None
    if b"lapack" not in exported.mlir_module_serialized:
        # Of a program for "cpu" JAX thinks that it may want LAPACK, and imports SciPy's linear algebra: a quarter second.
        # The file's name says what it is for, so nobody else has to check.
        unchecked = (*exported.disabled_safety_checks, export.DisabledSafetyCheck.platform())
        exported = dataclasses.replace(exported, platforms=("any",), disabled_safety_checks=unchecked)
    return exported.call


def _make(path: Path, traced: Any, args: tuple[Any, ...]) -> Callable[..., Any]:
    try:
        exported = export.export(traced)(*args)
        data = bytes(exported.serialize())
    except ValueError:  # somebody's own record that nobody registered, or a call that JAX cannot write down
        return traced  # type: ignore[no-any-return]
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
    """The SHA-256 of this package's source: a program of another version, or of an edit, is another program.

    Domains and data sets are what others could bring, and no program is made of them but where it names them as parts.
    """
    import seqgen

    digest, root = hashlib.sha256(), Path(seqgen.__file__).parent
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if inside.parts[0] not in ("domains", "datasets"):
            # Lengths keep apart what would be the same bytes in a row: a line moved from one file to the next.
            data = path.read_bytes()
            digest.update(f"{inside.as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _foreign(parts: tuple[Any, ...]) -> list[str] | None:
    """The source of all in `parts` that `_source` does not cover, module by module; None where one cannot be read."""
    found: set[str] = set()
    for thing in _within(parts):
        if isinstance(thing, types.FunctionType) and name_of(thing) == "":
            return None  # what it closes over is in nobody's name
        kinds = [thing] if isinstance(thing, (type, types.FunctionType)) else list(type(thing).__mro__)
        found.update(name for kind in kinds if not _ours(name := kind.__module__))
    told = []
    for name in sorted(found):
        try:
            source = Path(str(getattr(sys.modules[name], "__file__", None))).read_bytes()
        except (KeyError, OSError):
            return None
        told.append(f"{name} {hashlib.sha256(source).hexdigest()}")
    return told


def _within(value: Any) -> Iterator[Any]:
    """A value and all that it holds, at any depth, in dataclasses' fields and containers."""
    if isinstance(value, (tuple, list, set, frozenset)):
        inside: Any = value
    elif isinstance(value, Mapping):
        inside = value.values()
    else:
        inside = ()
    if type(value) not in (tuple, list, set, frozenset, dict):
        yield value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = [getattr(value, field.name) for field in dataclasses.fields(value)]
    for part in inside:
        yield from _within(part)


def _ours(module: str) -> bool:
    """Whether `_source`, or the version of Python, covers a module."""
    package, _, rest = module.partition(".")
    ours = package == "seqgen" and rest.split(".")[0] not in ("domains", "datasets")
    return ours or package in sys.stdlib_module_names

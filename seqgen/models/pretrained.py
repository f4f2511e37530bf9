"""Release folders: model.safetensors, config.json and SHA256SUMS, safe to load from strangers.

Nothing in a folder names code: settings come from closed sets, sizes are checked before memory is asked for, and every
tensor must be one the settings call for.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy

from .. import __version__
from ..domain import Codec, Domain
from ..errors import ModelError, UnknownName, UsageError
from ..files import storage
from ..machine.programs import remembered
from ..nn.context import Params
from .model import Model

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"

# More than anything this code is for, little enough for any machine to look at.
MAX_CONFIG = 1 << 23  # bytes
MAX_WEIGHTS = 1 << 32  # bytes
MAX_SETTING = 1 << 20  # units, symbols, components, ...
MAX_LAYERS = 16
MAX_PARTS = 64  # of a joint step

_KEYS = {"format", "seqgen", "domain", "codec", "model", "weights", "training"}
_NARROW = {"float16": ("F16", np.dtype(np.float16)), "bfloat16": ("BF16", np.dtype(jnp.bfloat16))}
_WIDE = ("F32", np.dtype(np.float32))


@dataclass(frozen=True)
class Pretrained:
    """A loaded model: `codec` is what `Domain.load_codec` reads, `params` are float32, `config` is all of config.json.

    folder: where it was read from.
    """

    domain: str
    codec: dict[str, Any]
    model: Model
    params: Params
    training: dict[str, Any]
    config: dict[str, Any]
    folder: Path | None = None


def save_pretrained(
    folder: str | Path,
    *,
    domain: str,
    codec: Mapping[str, Any],
    model: Model,
    params: Params,
    training: Mapping[str, Any] = {},
) -> Path:
    """Writes a model's folder, whole or not at all; one that is there already is replaced. Returns its full path.

    Matrices are stored in 16 bits, vectors in 32.

    Raises UsageError for parameters that are not finite or not this model's, notes that are not plain JSON values, a
    folder that holds other things, and a place that cannot be written.

    >>> import tempfile
    >>> from seqgen import Categorical, Discrete, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = save_pretrained(
    ...         f"{folder}/five", domain="digits", codec={}, model=model, params=model.init(jax.random.key(0))
    ...     )
    ...     sorted(path.name for path in made.iterdir())
    ['SHA256SUMS', 'config.json', 'model.safetensors']
    """
    folder = Path(folder).resolve()
    _refuse_foreign(folder)
    tensors = {name: np.asarray(leaf, np.float32) for name, leaf in named(params).items()}
    kind = _narrow(tensor for tensor in tensors.values() if tensor.ndim > 1)
    config = {
        "format": FORMAT,
        "seqgen": __version__,
        "domain": domain,
        "codec": dict(codec),
        "model": model.to_dict(),
        "weights": kind,
        "training": dict(training),
    }
    try:
        text = json.dumps(config, indent=2, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise UsageError(f"codec and training notes must be plain JSON values: {error}; leave others out") from None
    if len(text) > MAX_CONFIG:
        raise UsageError(f"codec and training notes take {len(text)} bytes, more than the {MAX_CONFIG} allowed")
    # What a reader would refuse is refused here.
    _, blueprint = _read_model(folder / CONFIG, _read_config(folder / CONFIG, text)["model"])
    shapes = {name: leaf.shape for name, leaf in named(blueprint).items()}
    if wrong := differences({name: tensor.shape for name, tensor in tensors.items()}, shapes):
        raise UsageError(f"these parameters are not this model's: {wrong}; save the ones it was trained with")
    stored = {name: np.array(tensor, _stored(kind, tensor.ndim)[1], order="C") for name, tensor in tensors.items()}
    if bad := [name for name, tensor in stored.items() if not np.isfinite(tensor.astype(np.float32)).all()]:
        raise UsageError(f"{bad[0]} holds values that are not finite; the training diverged: save an earlier state")
    with storage.building(folder) as temporary:
        (temporary / CONFIG).write_bytes(text)
        (temporary / WEIGHTS).write_bytes(safetensors.numpy.save(stored))
    return folder


def from_pretrained(folder: str | Path) -> Pretrained:
    """The model that `save_pretrained` wrote.

    Raises ModelError, naming the file and what to do, for a folder that is missing, damaged, foreign, hostile or newer.

    >>> from seqgen import registry
    >>> given = from_pretrained(registry.domain("text").shipped / "shakespeare")
    >>> given.domain, given.model.network.layers
    ('text', 2)
    """
    folder = storage.standing(Path(folder))
    if not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}; check the path, or train a model into it")
    digests = storage.sums(folder)
    config = _read_config(folder / CONFIG, storage.read(folder, CONFIG, digests, MAX_CONFIG))
    model, blueprint = _read_model(folder / CONFIG, config["model"])
    tensors = _read_weights(folder, digests, config["weights"], named(blueprint))
    params = jax.tree.unflatten(jax.tree.structure(blueprint), [tensors[name] for name in named(blueprint)])
    return Pretrained(config["domain"], config["codec"], model, params, config["training"], config, folder)


def resolve(name: str | Path, shipped: Path) -> Path:
    """The folder of the model called `name`: one in `shipped`, a run folder's model, or a model folder.

    Raises UnknownName when there is none, and ModelError for a folder that holds something else.
    """
    known = {path.name: path for path in sorted(shipped.glob("*")) if (path / WEIGHTS).is_file()}
    if str(name) in known:
        return known[str(name)]
    path = Path(name).expanduser()
    for candidate in (storage.standing(path / "model"), storage.standing(path)):
        if (candidate / storage.SUMS).exists() or (candidate / WEIGHTS).exists():
            return candidate
    if path.is_dir():
        raise ModelError(f"{path} holds no model (yet): there is no {WEIGHTS} in it, nor in a folder model/ inside it")
    raise UnknownName("model", str(name), known)


def open_model(domain: Domain[Any], name: str | os.PathLike[str]) -> tuple[Codec[Any], Pretrained]:
    """A domain's model with its codec: a shipped one by name, or a run or model folder.

    Raises UnknownName, and ModelError for a model of another domain or one whose parts do not fit.
    """
    folder = resolve(os.fspath(name), domain.shipped or Path())
    given = from_pretrained(folder)
    if given.domain != domain.name:
        raise ModelError(f"{folder} is a model of {given.domain}, not {domain.name}; use the {given.domain} commands")
    codec = domain.load_codec(given.codec)
    if given.model.network.spec != codec.spec:
        raise ModelError(f"{folder}: the network reads {given.model.network.spec}, the codec writes {codec.spec}")
    return codec, given


def named(tree: Any) -> dict[str, Any]:
    """The leaves of a tree by their path, such as "network/layer0/cell/hidden_kernel"."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def _stored(kind: str, ndim: int) -> tuple[str, np.dtype[Any]]:
    """What a tensor's dtype is called in the file, and what it is; vectors are few and stay exact."""
    return _NARROW[kind] if ndim > 1 else _WIDE


def _narrow(matrices: Iterable[np.ndarray]) -> str:
    """float16 has 8 times bfloat16's precision, between 6e-5 and 65504: the choice unless it loses what bfloat16 keeps."""
    for matrix in matrices:
        exact = matrix.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            lost = np.linalg.norm(exact - matrix.astype(np.float16))
        if not lost <= 1e-3 * np.linalg.norm(exact):  # bfloat16 loses 1.6e-3
            return "bfloat16"
    return "float16"


def _refuse_foreign(folder: Path) -> None:
    """Replacing a folder deletes what is in it, so it must be one of ours."""
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise UsageError(f"cannot write a model to {folder}: {error.strerror}; name another folder") from None
    foreign = sorted(name for name in names - {CONFIG, WEIGHTS, storage.SUMS} if not name.startswith("."))
    if foreign:
        raise UsageError(f"{folder} holds {foreign[0]}, which is no part of a model; name a new folder")


def _read_config(path: Path, data: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    config: Any
    try:
        config = json.loads(data, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}; get an undamaged copy") from None
    version = config.get("format") if isinstance(config, dict) else None
    if type(version) is not int or version < 1:
        raise ModelError(f"{path} is not the configuration of a seqgen model; check the folder")
    if version > FORMAT:
        raise ModelError(
            f"{path} has format {version}, written by seqgen {_brief(config.get('seqgen'))}; this seqgen "
            f"{__version__} reads formats up to {FORMAT}: pip install --upgrade seqgen"
        )
    kinds = {"seqgen": str, "domain": str, "codec": dict, "model": dict, "weights": str, "training": dict}
    if config.keys() != _KEYS or not all(isinstance(config[name], kind) for name, kind in kinds.items()):
        raise ModelError(f"{path} must hold exactly {', '.join(sorted(_KEYS))}, each of its kind; it is damaged")
    if config["weights"] not in _NARROW or not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", config["domain"]):
        raise ModelError(f"{path} names weights or a domain that cannot be; it is damaged or no model of seqgen's")
    return dict(config)


def _read_model(path: Path, settings: dict[str, Any]) -> tuple[Model, Any]:
    """The model, and the shapes of its parameters."""
    try:
        model = Model.from_dict(settings)
        _check_settings(model)
        if model.network.layers > MAX_LAYERS:  # each takes time to look at, far more than to name
            raise ValueError(f"{model.network.layers} layers are more than the {MAX_LAYERS} allowed")
        return model, _blueprint(model)
    except ModelError as error:
        raise ModelError(f"{path}: {_brief(error)}") from None
    # A stranger's values can fail anywhere on the way, and nothing but them is on it.
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{path} holds settings that make no model: {_brief(error)}; get an undamaged copy") from None


@functools.lru_cache(maxsize=8)
def _blueprint(model: Model) -> Any:
    def shapes() -> dict[str, tuple[int, ...]]:
        blueprint = jax.eval_shape(lambda: model.init(jax.random.key(0)))  # shapes only: nothing is allocated
        return {name: leaf.shape for name, leaf in named(blueprint).items()}

    tree: dict[str, Any] = {}
    for name, shape in remembered(shapes, "shapes", model.to_dict(), parts=(model,)).items():
        *above, last = name.split("/")
        below = functools.reduce(lambda node, part: node.setdefault(part, {}), above, tree)
        below[last] = jax.ShapeDtypeStruct(tuple(shape), np.float32)  # type: ignore[no-untyped-call]
    return tree


def _brief(words: Any) -> str:
    """A stranger's words as part of one line that no terminal obeys."""
    return "".join(letter if letter.isprintable() else " " for letter in str(words)[:300])


def _check_settings(value: Any) -> None:
    """JSON holds anything and a dataclass takes anything: every setting must be of its declared type, and within bounds."""
    for name, kind in typing.get_type_hints(type(value)).items():
        setting = getattr(value, name)
        if dataclasses.is_dataclass(setting):
            _check_settings(setting)
        elif isinstance(setting, tuple):
            if len(setting) > MAX_PARTS:
                raise ValueError(f"{name} has {len(setting)} parts, more than the {MAX_PARTS} allowed")
            for part in setting:
                _check_settings(part)
        elif kind is float:
            if type(setting) not in (int, float) or not math.isfinite(setting):
                raise ValueError(f"{name} is {setting!r}, not a finite number")
        elif type(setting) is not kind or (kind is int and not 0 <= setting <= MAX_SETTING):
            raise ValueError(f"{name} is {setting!r}, not {kind.__name__} or out of bounds")


def _read_weights(folder: Path, digests: dict[str, str], kind: str, wanted: dict[str, Any]) -> dict[str, np.ndarray]:
    path = folder / WEIGHTS
    size = sum(math.prod(leaf.shape) * _stored(kind, len(leaf.shape))[1].itemsize for leaf in wanted.values())
    if size > MAX_WEIGHTS:
        raise ModelError(f"{folder / CONFIG} asks for {size} bytes of weights, more than the {MAX_WEIGHTS} allowed")
    # The header takes less than 200 bytes a tensor.
    data = storage.read(folder, WEIGHTS, digests, size + 200 * len(wanted) + 1000)
    try:
        parts: list[tuple[str, dict[str, Any]]] = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise ModelError(f"{path} is not a safetensors file: {_brief(error)}; get an undamaged copy") from None
    found = {name: (part["dtype"], tuple(part["shape"])) for name, part in parts}
    expected = {name: (_stored(kind, len(leaf.shape))[0], leaf.shape) for name, leaf in wanted.items()}
    if wrong := differences(found, expected):
        raise ModelError(f"{path} does not fit {CONFIG}: {wrong}; get an undamaged copy")
    tensors = {}
    for name, part in parts:
        dtype = _stored(kind, len(part["shape"]))[1]
        tensors[name] = np.frombuffer(part["data"], dtype).reshape(part["shape"]).astype(np.float32)
        if not np.isfinite(tensors[name]).all():
            raise ModelError(f"{path}: {name} holds values that are not finite; get another model")
    return tensors


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first thing in which two tables of tensors differ, and how many more; empty when they agree."""
    names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    if not names:
        return ""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    name = names[0]
    return f"{name[:100]!r} is {found.get(name, 'missing')}, wanted {wanted.get(name, 'nothing')}{more}"

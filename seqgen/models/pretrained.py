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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors
import safetensors.numpy

from .. import __version__
from ..domain import Codec, Domain
from ..errors import ModelError, UnknownName, UsageError
from ..files import storage
from ..machine.programs import remembered
from ..nn.context import Params
from .kinds import model_from_dict
from .trainable import Trainable
from .weights import DTYPES, MATRICES, decoded, encoded, half_precision, layout

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"

# More than anything this code is for, little enough for any machine to look at.
MAX_CONFIG = 1 << 23  # bytes
MAX_WEIGHTS = 1 << 32  # bytes
MAX_SETTING = 1 << 20  # units, symbols, components, ...
MAX_LAYERS = 16
MAX_PARTS = 64  # of a joint step

_KEYS = {"format", "seqgen", "domain", "codec", "model", "weights", "training"}


@dataclass(frozen=True)
class Pretrained:
    """A loaded model: `codec` is what `Domain.load_codec` reads, `params` are float32, `config` is all of config.json.

    model: a `seqgen.models.model.Model`, or whatever else of `seqgen.models.kinds` it is. folder: where it was read from.
    """

    domain: str
    codec: dict[str, Any]
    model: Any
    params: Params
    training: dict[str, Any]
    config: dict[str, Any]
    folder: Path | None = None

    @property
    def parameters(self) -> int:
        """How many numbers the model has learned."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.params))


def save_pretrained(
    folder: str | Path,
    *,
    domain: str,
    codec: Mapping[str, Any],
    model: Trainable,
    params: Params,
    training: Mapping[str, Any] = {},
    bits: int = 16,
) -> Path:
    """Writes a model's folder, whole or not at all; one that is there already is replaced. Returns its full path.

    Matrices are stored in 16 bits, or in 8 with a scale for each of their columns, vectors in 32.

    Raises UsageError for parameters that are not finite or not this model's, notes that are not plain JSON values, a
    folder that holds other things, a place that cannot be written, and other bits.

    >>> import tempfile
    >>> from seqgen import Categorical, Discrete, Model, Network
    >>> model = Model(Network(Discrete(5), layers=1, units=8), Categorical(5))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = save_pretrained(
    ...         f"{folder}/five", domain="digits", codec={}, model=model, params=model.init(jax.random.key(0))
    ...     )
    ...     sorted(path.name for path in made.iterdir())
    ['SHA256SUMS', 'config.json', 'model.safetensors']
    """
    if bits not in (8, 16):
        raise UsageError(f"matrices of {bits} bits cannot be written; give 8 or 16")
    folder = Path(folder).resolve()
    _refuse_foreign(folder)
    tensors = {name: np.asarray(leaf, np.float32) for name, leaf in named(params).items()}
    kind = "int8" if bits == 8 else half_precision(tensor for tensor in tensors.values() if tensor.ndim > 1)
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
    _refuse_infinite(tensors)
    stored = encoded(kind, tensors)
    _refuse_infinite(decoded(stored, tensors))  # the largest of float32 is rounded to infinity
    with storage.building(folder) as temporary:
        (temporary / CONFIG).write_bytes(text)
        (temporary / WEIGHTS).write_bytes(safetensors.numpy.save(stored))
    return folder


def save_in_8_bits(folder: str | Path, given: Pretrained) -> None:
    """A model that was read, as `save_pretrained` writes it in 8 bits."""
    parts = {name: getattr(given, name) for name in ("domain", "codec", "model", "params", "training")}
    save_pretrained(folder, **parts, bits=8)


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
    if len(path.parts) > 1:  # it was meant as a folder
        beside = sorted(path.parent.glob("*")) if path.parent.is_dir() else []
        models = [one.name for one in beside if (one / "model").is_dir() or (one / WEIGHTS).is_file()]
        raise UnknownName(f"model or run folder in {path.parent}", path.name, models)
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


def _infinite(tensors: Mapping[str, np.ndarray]) -> str:
    """The first that holds what is no finite number, or nothing."""
    return next((name for name, tensor in tensors.items() if not np.isfinite(tensor).all()), "")


def _refuse_infinite(tensors: Mapping[str, np.ndarray]) -> None:
    if name := _infinite(tensors):
        raise UsageError(f"{name} holds values that are not finite; the training diverged: save an earlier state")


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
    if config["weights"] not in MATRICES or not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", config["domain"]):
        raise ModelError(f"{path} names weights or a domain that cannot be; it is damaged or no model of seqgen's")
    return dict(config)


def _read_model(path: Path, settings: dict[str, Any]) -> tuple[Trainable, Any]:
    """The model, and the shapes of its parameters."""
    try:
        model = model_from_dict(settings)
        _check_settings(model)
        layers = getattr(model.network, "layers", 1)
        if isinstance(layers, int) and layers > MAX_LAYERS:  # each takes time to look at, far more than to name
            raise ValueError(f"{layers} layers are more than the {MAX_LAYERS} allowed")
        return model, _blueprint(model)
    except ModelError as error:
        raise ModelError(f"{path}: {_brief(error)}") from None
    # A stranger's values can fail anywhere on the way, and nothing but them is on it.
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{path} holds settings that make no model: {_brief(error)}; get an undamaged copy") from None


@functools.lru_cache(maxsize=8)
def _blueprint(model: Trainable) -> Any:
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
            most = MAX_LAYERS if name == "layers" else MAX_PARTS
            if len(setting) > most:
                raise ValueError(f"{name} has {len(setting)} parts, more than the {most} allowed")
            for part in setting:
                _check_settings(part)
        elif kind is float:
            if type(setting) not in (int, float) or not math.isfinite(setting):
                raise ValueError(f"{name} is {setting!r}, not a finite number")
        elif type(setting) not in (typing.get_args(kind) or (kind,)) or (
            type(setting) is int and not 0 <= setting <= MAX_SETTING
        ):
            raise ValueError(f"{name} is {setting!r}, not {getattr(kind, '__name__', kind)} or out of bounds")


def _read_weights(folder: Path, digests: dict[str, str], kind: str, wanted: dict[str, Any]) -> dict[str, np.ndarray]:
    path = folder / WEIGHTS
    asked = layout(kind, wanted)
    size = sum(math.prod(shape) * DTYPES[dtype].itemsize for dtype, shape in asked.values())
    if size > MAX_WEIGHTS:
        raise ModelError(f"{folder / CONFIG} asks for {size} bytes of weights, more than the {MAX_WEIGHTS} allowed")
    # The header takes less than 200 bytes a tensor.
    data = storage.read(folder, WEIGHTS, digests, size + 200 * len(asked) + 1000)
    try:
        parts: list[tuple[str, dict[str, Any]]] = safetensors.deserialize(data)  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise ModelError(f"{path} is not a safetensors file: {_brief(error)}; get an undamaged copy") from None
    if wrong := differences({name: (part["dtype"], tuple(part["shape"])) for name, part in parts}, asked):
        raise ModelError(f"{path} does not fit {CONFIG}: {wrong}; get an undamaged copy")
    stored = {name: np.frombuffer(part["data"], DTYPES[part["dtype"]]).reshape(part["shape"]) for name, part in parts}
    tensors = decoded(stored, wanted)
    if name := _infinite(tensors):
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

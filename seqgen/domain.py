"""What a domain provides: codecs between things people own and arrays, and one value naming its parts.

NumPy only: a codec, a reader or a command line that imports this file does not pay for JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from numpy.random import Generator

from .config import TrainingConfig
from .errors import UsageError
from .spec import Spec, Steps

Item = TypeVar("Item")  # what a person holds: str, Score, Ink


class Example(NamedTuple):
    """One item as arrays. Only `steps` is always there.

    steps: what is learned and sampled, time leading (see `seqgen.spec`).
    source: `[U, ...]`, what conditions the whole sequence: symbols int32 `[U]` (the characters to write), frames float32
    `[U, D]`, a picture uint8 or float32 `[H, W, C]`; in one data set only U, or H, differs.
    static: int32 `[]`, which writer, corpus or style.
    controls: float32 `[T, C]`, known side inputs of every step.

    >>> import numpy as np
    >>> Example(np.array([3, 1, 4])).controls is None
    True
    """

    steps: Steps
    source: Any = None
    static: Any = None
    controls: Any = None


class Codec(Protocol[Item]):
    """One item to arrays and back (a tokeniser); data that travels inside the model, so a model always decodes.

    Laws: `decode(encode(x).steps) == canonical(x)`; `decode` is total, it answers any array of its spec.

    >>> import numpy as np
    >>> from seqgen import Discrete
    >>> class Digits:
    ...     spec = Discrete(10)
    ...
    ...     def canonical(self, item):
    ...         return tuple(item)
    ...
    ...     def encode(self, item):
    ...         return Example(np.array(item, np.int32))
    ...
    ...     def decode(self, steps):
    ...         return tuple(np.asarray(steps).tolist())
    ...
    ...     def to_dict(self):
    ...         return {"kind": "digits"}
    >>> codec: Codec = Digits()
    >>> codec.decode(codec.encode((3, 1, 4)).steps)
    (3, 1, 4)
    """

    @property
    def spec(self) -> Spec:
        """What one step of an encoded item is."""
        ...

    def canonical(self, item: Item) -> Item:
        """The item without what its encoding loses."""
        ...

    def encode(self, item: Item) -> Example:
        """The item as arrays. Raises DataError for one that has no encoding."""
        ...

    def decode(self, steps: Steps) -> Item:
        """The item of any steps of `spec`."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `Domain.load_codec`."""
        ...


class Splits(NamedTuple, Generic[Item]):
    """What a data set's `load()` returns: items to learn from, to validate on, and to test on.

    >>> Splits(train=["to be", "or not"], valid=["to be"]).test
    ()
    """

    train: Sequence[Item]
    valid: Sequence[Item]
    test: Sequence[Item] = ()


def _reads_no_file(name: str) -> Splits[Any]:
    raise UsageError(f"{name} is a file or a folder, and this domain reads none; name a data set, or give its items")


class Reading(NamedTuple, Generic[Item]):
    """How a domain reads what people name; data sets, and folders that `prepare` made, the core finds by itself.

    read: `(name, **settings)` -> the items of a file, a folder or "-", standard input.
    settings: what can be said of it, each with its default, such as {"encoding": "utf-8"}; a run keeps them.
    settled: `(codec)` -> those of them that a model decides which is fine-tuned.

    >>> def read(name, *, encoding):
    ...     lines = Path(name).read_text(encoding).splitlines()
    ...     return Splits(lines[10:], lines[:10])
    >>> Reading(read, {"encoding": "utf-8"}).settings["encoding"]
    'utf-8'
    """

    read: Callable[..., Splits[Item]] = _reads_no_file
    settings: Mapping[str, Any] = MappingProxyType({})
    settled: Callable[[Any], Mapping[str, Any]] = lambda codec: {}


NO_FILES: Reading[Any] = Reading()


class Metric(NamedTuple, Generic[Item]):
    """What a domain judges its models by, beside nats, such as a rate of wrong characters: the best of a run has the best.

    name: in reports and in metrics.jsonl. of: `(codec, model, params, items)` -> the figure, of held-out items, the same
    in every process. lower: less is better. most: items that are judged each time.

    >>> Metric("share read right", lambda codec, model, params, items: 0.5, lower=False).most
    200
    """

    name: str
    of: Callable[[Any, Any, Any, Sequence[Item]], float]
    lower: bool = True
    most: int = 200


class Size(NamedTuple):
    """A size of model: `model` makes one of a codec, a `seqgen.Model`, importing JAX when called; how it is trained.

    >>> def small(codec):
    ...     from seqgen import Categorical, Model, Network
    ...     return Model(Network(codec.spec, layers=1, units=64), Categorical(codec.spec.size))
    >>> Size(small, TrainingConfig(rows=16)).training.rows
    16
    """

    model: Callable[[Any], Any]
    training: TrainingConfig


@dataclass(frozen=True, eq=False)
class Domain(Generic[Item]):
    """A domain is one frozen value naming its parts: no base class to inherit, no file to copy.

    name: the word on the command line and in config.json.
    fit_codec: learns an alphabet or a scale from training items; takes the settings of `reading` too.
    load_codec: the codec back from `Codec.to_dict`.
    sizes: by name, smallest first; the second is the usual one.
    reading: how its files are read.
    metric: what the best model of a run is chosen by; its likelihood where there is none.
    unit: what one step is called in reports: "char", "event", "point".
    augment: `(item, random numbers)` -> the item as it might as well have been, say transposed; drawn anew each epoch.
    fit_training: `(training, steps)` -> a size's training for so many steps to learn from; None where all are alike.
    task: `codec -> Domain`, where its codecs make models of several kinds: the domain as one of them learns, with sizes of
    the same names, a metric and an augmentation of its own.
    match: `(old codec, new codec)` -> for each new symbol the old one's id or -1; fine-tuning moves weights by it. Or a tuple of
    that and of the same for symbols of a source.
    extend: `(old codec, new codec)` -> the old one with what else conditions the new one's data, and the old ids, or -1, of
    what conditions it then: of a source's symbols, of writers; None for what stays. In place of `match`.
    begin_from: `(items, settings of reading)` -> the model that a new run begins from where nobody said, or None.
    shipped: the folder of the models that come with it.
    examples: a few small items, for the laws every domain must pass.

    >>> from seqgen import registry
    >>> text = registry.domain("text")
    >>> text.unit, [*text.sizes]
    ('char', ['tiny', 'small', 'medium', 'large'])
    """

    name: str
    fit_codec: Callable[..., Codec[Item]]
    load_codec: Callable[[Mapping[str, Any]], Codec[Item]]
    sizes: Mapping[str, Size]
    reading: Reading[Item] = NO_FILES
    metric: Metric[Item] | None = None
    unit: str = "step"
    augment: Callable[[Item, Generator], Item] | None = None
    fit_training: Callable[[TrainingConfig, int], TrainingConfig] | None = None
    task: Callable[[Any], Domain[Item]] | None = None
    match: Callable[[Any, Any], Any] | None = None
    extend: Callable[[Any, Any], tuple[Any, Any, Any]] | None = None
    begin_from: Callable[[Splits[Item], dict[str, Any]], str | None] | None = None
    shipped: Path | None = None
    examples: tuple[Item, ...] = ()

    def of(self, codec: Codec[Item]) -> Domain[Item]:
        """The domain as models of this codec learn."""
        return self if self.task is None else self.task(codec)

"""A model that says how long each position of an item lasts, and then what every moment of it is like.

Synthesis with explicit durations: one network reads what is to be rendered, durations follow from what it says, each of its
feature vectors is spread over as many frames as its position lasts, and a second network turns these into vectors (Zen &
Sak 2015; Fan, Qian, Xie & Soong 2014). Nothing is fed back, so all frames come at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from ...batching.sources import Source, in_memory
from ...batching.windows import Batch, read_rows
from ...domain import Example
from ...errors import DataError, UsageError
from ...heads import Gaussian
from ...machine.programs import kept
from ...nn.context import Params
from ...nn.networks import NetworkLike, network_from_dict
from ...nn.recurrence import Array, Carry
from ...spec import Continuous, Inputs
from .reading import ReadsItems, check_reader, features

PLACES = 4  # values that say where in its position a frame is
STEPS, FRAMES = 64, 512  # padded to a power of two from these on, so that most sentences share one compiled program


class Rendered(NamedTuple):
    """Frames `[T, dim]` and their standard deviations, as the head has them.

    >>> Rendered(np.zeros((9, 2)), np.ones((9, 2))).means.shape
    (9, 2)
    """

    means: np.ndarray
    deviations: np.ndarray


@dataclass(frozen=True)
class Renderer(ReadsItems):
    """A network over an example's steps, and one over the frames in which they are rendered; a value.

    An example's `source` is float32 `[T, dim + 1]`: its frames, and as a last value which step each is of, 0, 0, 1, ...;
    every step has a frame or more.

    over: reads `Continuous(network.width + 4)`: what `network` says of a frame's step, and where in it the frame is.
    dim: values of a frame. floor: no deviation of a frame is below, in training units (see `seqgen.heads.Gaussian`).
    Raises UsageError for networks that are themselves conditioned, or do not fit together.

    >>> from seqgen import Network
    >>> network = Network(Continuous(3), layers=1, units=8, bidirectional=True)
    >>> renderer = Renderer(network, Network(Continuous(20), layers=1, units=8, bidirectional=True), dim=5, floor=0.1)
    >>> params = renderer.init(jax.random.key(0))
    >>> steps = np.zeros((6, 3), np.float32)
    >>> renderer.durations(params, [steps])[0].shape, renderer.render(params, [steps], [[2] * 6])[0].means.shape
    ((6,), (12, 5))
    """

    network: NetworkLike
    over: NetworkLike
    dim: int
    floor: float

    def __post_init__(self) -> None:
        check_reader(self.network, self.dim, 1)
        check_reader(self.over, self.dim, 1)
        if self.over.spec != Continuous(self.network.width + PLACES):
            raise UsageError(
                f"the network over frames reads {self.over.spec}, and is given Continuous({self.network.width + PLACES}): "
                f"what the other says, and {PLACES} values more"
            )

    @property
    def head(self) -> Gaussian:
        """The density of a frame."""
        return Gaussian(self.dim, self.floor)

    @property
    def lengths(self) -> Gaussian:
        """The density of the logarithm of how many frames a step lasts."""
        return Gaussian(1, 0.1)

    def init(self, key: Array) -> Params:
        """New parameters, `{"network": ..., "lengths": ..., "over": ..., "head": ...}`."""
        keys = jax.random.split(key, 4)
        return {
            "network": self.network.init(keys[0]),
            "lengths": self.lengths.init(keys[1], self.network.width),
            "over": self.over.init(keys[2]),
            "head": self.head.init(keys[3], self.over.width),
        }

    def in_precision(self, precision: str) -> Self:
        """The same with its networks' products in "f32" or "bf16"."""
        over: Any = self.over
        return replace(super().in_precision(precision), over=replace(over, precision=precision))

    def frames(self, params: Params, said: Array, index: Array, valid: Array, key: Array | None = None) -> Array:
        """What the network over frames says, `[B, T, D]`: said `[B, U, E]`, and which step each frame is of, int32 `[B, T]`."""
        rows, now = jnp.arange(len(index))[:, None], jnp.arange(index.shape[1])
        counts = counted(index, valid, said.shape[1])
        passed = now - jnp.take_along_axis(jnp.cumsum(counts, axis=1) - counts, index, axis=1)
        passed, count = (whole.astype(jnp.float32) for whole in (passed, jnp.maximum(counts[rows, index], 1)))
        places = jnp.stack([(passed + 0.5) / count, jnp.log(count), _near(passed), _near(count - passed)], axis=-1)
        steps = jnp.concatenate([jnp.take_along_axis(said, index[..., None], axis=1), places], axis=-1)
        start = self.over.start(params["over"], len(index))
        reset = jnp.broadcast_to(now == 0, index.shape)
        _, found = self.over.unroll(params["over"], start, Inputs(steps), reset=reset, valid=valid, key=key)
        return found

    def nll(self, params: Params, carry: Carry, batch: Batch, key: Array | None = None) -> tuple[Array, Array, Carry]:
        """See `seqgen.models.trainable.Trainable`: a likelihood an item, of its frames and durations, `[B]`.

        It counts as many predictions as there are frames.
        """
        below, above = (None, None) if key is None else jax.random.split(key)
        valid = jnp.asarray(batch.source_valid)
        given = jnp.where(valid[..., None], jnp.asarray(batch.source), 0.0)
        index = given[..., -1].astype(jnp.int32)
        said = features(self.network, params, batch, below)
        lasts = jnp.log(jnp.maximum(counted(index, valid, said.shape[1]), 1).astype(jnp.float32))[..., None]
        lengths = self.lengths.log_prob(params["lengths"], said, lasts)
        frames = self.head.log_prob(params["head"], self.frames(params, said, index, valid, above), given[..., :-1])
        nats = -jnp.where(batch.valid, lengths, 0.0).sum(axis=1) - jnp.where(valid, frames, 0.0).sum(axis=1)
        return nats, valid.sum(axis=1), carry

    def check(self, source: Source) -> None:
        """Raises DataError for examples without frames, frames of other widths, and steps that have none."""
        for number, length in enumerate(source.lengths):
            given = source.condition(number)[0]
            if given is None or np.ndim(given) != 2 or given.shape[1] != self.dim + 1:
                raise DataError(
                    f"example {number} has no frames of {self.dim} values; give each a `source`, float32 [T, {self.dim + 1}]"
                )
            steps = np.diff(given[:, -1], prepend=-1, append=length)
            if not np.isin(steps[:-1], (0, 1)).all() or steps[-1] != 1 or given[0, -1] != 0:
                raise DataError(
                    f"example {number}: its frames are not of steps 0 to {length - 1} in order, each with one"
                )

    def durations(self, params: Params, items: Sequence[Any]) -> list[np.ndarray]:
        """How many frames each step of each item is expected to last, float32 `[U]` an item."""
        batch, lengths = _read(self, items)
        means = np.asarray(_durations(self)(params, batch))
        return [row[:length] for row, length in zip(means, lengths, strict=False)]

    def render(self, params: Params, items: Sequence[Any], counts: Sequence[Sequence[int]]) -> list[Rendered]:
        """The frames of items whose steps last so many of them, whole numbers of 1 or more."""
        batch, _ = _read(self, items)
        totals = [int(np.sum(own)) for own in counts]
        index = np.zeros((len(batch.reset), _power(max([FRAMES, *totals]))), np.int32)
        for row, own in zip(index, counts, strict=False):
            row[: sum(own)] = np.repeat(np.arange(len(own)), own)
        valid = np.arange(index.shape[1]) < np.array([*totals, *[0] * (len(index) - len(totals))])[:, None]
        found = _rendered(self)(params, batch, index, valid)
        means, deviations = (np.asarray(leaf) for leaf in found)
        return [Rendered(means[row, :total], deviations[row, :total]) for row, total in enumerate(totals)]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `from_dict`."""
        networks = {"network": self.network.to_dict(), "over": self.over.to_dict()}
        return {"kind": "renderer", **networks, "dim": self.dim, "floor": self.floor}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Renderer:
        """The renderer with these settings; `seqgen.models.kinds` says what is wrong with others."""
        return cls(network_from_dict(data["network"]), network_from_dict(data["over"]), data["dim"], data["floor"])


def counted(index: Array, valid: Array, steps: int) -> Array:
    """How many frames there are of each step, int32 `[B, U]`."""
    rows = jnp.arange(len(index))[:, None]
    return jnp.zeros((len(index), steps), jnp.int32).at[rows, index].add(valid.astype(jnp.int32))


def _near(frames: Array) -> Array:
    """How far off a border is, finely near it: 0 to 1."""
    return 1 - jnp.exp(-jnp.maximum(frames, 0) / 5.0)


def _read(model: Renderer, items: Sequence[Any]) -> tuple[Batch, list[int]]:
    """Items as a batch, padded to powers of two."""
    source = in_memory(model.network.spec, [Example(steps, source=np.zeros(0, np.int32)) for steps in items])
    lengths = [int(length) for length in source.lengths]
    rows, width = _power(len(items)), _power(max([STEPS, *lengths]))
    batch = read_rows(source, np.arange(rows) % len(items), 1, width, 1, range(rows))
    return batch._replace(source=None, source_valid=None), lengths


def _power(size: int) -> int:
    """The power of two that is not less."""
    return 1 << (size - 1).bit_length()


@functools.lru_cache(maxsize=8)
def _durations(model: Renderer) -> Callable[[Params, Batch], Array]:
    def durations(params: Params, batch: Batch) -> Array:
        mean, log_deviation = model.lengths.moments(params["lengths"], features(model.network, params, batch))
        return jnp.exp(mean + 0.5 * jnp.exp(2 * log_deviation))[..., 0]  # the mean of what is normal in its logarithm

    return kept(durations, model.to_dict(), parts=(model,))


@functools.lru_cache(maxsize=8)
def _rendered(model: Renderer) -> Callable[..., tuple[Array, Array]]:
    def rendered(params: Params, batch: Batch, index: Array, valid: Array) -> tuple[Array, Array]:
        said = model.frames(params, features(model.network, params, batch), index, valid)
        means, log_deviations = model.head.moments(params["head"], said)
        return means, jnp.exp(log_deviations)

    return kept(rendered, model.to_dict(), parts=(model,))

"""What a model saw and expected at each point of a line of ink: its window's weights, and its mixture of moves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from seqgen.batching.windows import Batch
from seqgen.errors import UsageError
from seqgen.heads import Joint, Mixture
from seqgen.models.model import Model
from seqgen.nn.context import Params
from seqgen.nn.recurrence import Carry
from seqgen.nn.window import weights
from seqgen.spec import Inputs, Steps
from seqgen.training.scoring import windows_of

from ..api import HandwritingModel
from ..ink import Floats, Ink
from ..offsets import DOWN

LONGEST, MOST_CHARACTERS = 6000, 250  # points and characters of a line
_LIGHT = 1e-4  # the weight of a Gaussian that is not worth drawing
_REACH = 4.5  # standard deviations of one that are drawn; beyond them is 1 / 25,000 of it
_BLUR = 0.6  # cells: so much wider, a Gaussian of any width has the sum over cells that it should


class Trace(NamedTuple):
    """A line of ink of N points, read by a model; all lengths are x-heights, y down, the first point is (0, 0).

    points: `[N, 2]`. lifts: bool `[N]`, the pen lifts after this point.
    window: `[N, U]`, the weights phi of the U - 1 characters and of the end of the text when the move to each point was
    foreseen (Graves 2013, equation 46); None for a model that knows no texts.
    weights: `[N, K]`, of K Gaussians for where each point would be; a row sums to 1.
    means, sigmas: `[N, 2, K]`, their centres and standard deviations. correlation: `[N, K]`, of x and y.
    """

    points: Floats
    lifts: Any
    window: Floats | None
    weights: Floats
    means: Floats
    sigmas: Floats
    correlation: Floats


def trace(model: HandwritingModel, ink: Ink) -> Trace:
    """The ink as the model reads it, from its beginning: no bias, no prime.

    ink: in x-heights. Raises DataError as `HandwritingModel.check`, UsageError for more than 6,000 points
    or 250 characters.
    """
    characters = len(ink.text or "")
    if ink.points > LONGEST or characters > MOST_CHARACTERS:
        raise UsageError(
            f"the line has {ink.points:,} points and {characters:,} characters, and what can be explained has at most "
            f"{LONGEST:,} and {MOST_CHARACTERS}; take a shorter line"
        )
    model.check(ink)
    codec = model.codec
    example = codec.encode(ink)
    offsets, pens = np.asarray(example.steps[0], np.float64), example.steps[1]
    count = len(offsets)
    parts, carry, read = [], None, _read(model.model)
    for batch in windows_of(codec.spec, example):
        carry, part = read(model.params, carry, batch)
        parts.append(part)
    window, gaussians = jax.tree.map(lambda *leaves: np.concatenate(leaves)[:count, 0].astype(np.float64), *parts)
    mean, std = np.array(codec.mean), np.array(codec.std)
    points = np.cumsum(offsets * std + mean, axis=0)
    before = np.concatenate([points[:1], points[:-1]])
    return Trace(
        points,
        pens != DOWN,
        window,
        np.exp(gaussians.log_weights),
        before[:, :, None] + mean[:, None] + gaussians.means * std[:, None],
        np.exp(gaussians.log_sigmas) * std[:, None],
        np.tanh(gaussians.r),
    )


def density(seen: Trace, corner: tuple[float, float], shape: tuple[int, int], cell: float) -> Floats:
    """How densely the model expected each of the points at a place, summed over them; per square x-height.

    A grid of `shape` rows and columns of square cells of side `cell`, from the upper left `corner` on. Gaussians are
    drawn wider by 0.6 cells, so that they are not lost between cells: over all of the ink, the sum is its number of
    points.
    """
    found = np.zeros(shape)
    rows, columns = np.nonzero(seen.weights > _LIGHT)
    weights = seen.weights[rows, columns] / cell**2
    means = (seen.means[rows, :, columns] - corner) / cell - 0.5
    sigmas = seen.sigmas[rows, :, columns] / cell
    shared = seen.correlation[rows, columns] * sigmas.prod(axis=1)
    spreads = sigmas**2 + _BLUR**2
    area = spreads.prod(axis=1) - shared**2
    heights = weights / (2 * np.pi * np.sqrt(area))
    reach = _REACH * np.sqrt(spreads)
    edge = np.array(shape[::-1])
    lows = np.clip(np.ceil(means - reach), 0, edge).astype(np.int64)
    highs = np.clip(np.floor(means + reach) + 1, 0, edge).astype(np.int64)
    # -1/2 of the inverse of (spread x, shared; shared, spread y)
    squares, crossed = -0.5 * spreads[:, ::-1] / area[:, None], shared / area
    for i in np.flatnonzero(np.all(lows < highs, axis=1)):
        (left, top), (right, bottom) = lows[i], highs[i]
        x, y = np.arange(left, right) - means[i, 0], np.arange(top, bottom)[:, None] - means[i, 1]
        power = (squares[i, 1] * y + crossed[i] * x) * y + squares[i, 0] * x * x
        found[top:bottom, left:right] += heights[i] * np.exp(power)
    return found


@functools.lru_cache(maxsize=4)
def _read(model: Model) -> Callable[..., Any]:
    """Compiled: (params, carry or None, batch of one row) -> carry, (phi `[T, 1, U]` or None, Gaussians `[T, 1, ...]`)."""
    assert isinstance(model.head, Joint) and isinstance(model.head.heads[0], Mixture)
    network, mixture = model.network, model.head.heads[0]

    def read(params: Params, carry: Carry, batch: Batch) -> tuple[Carry, Any]:
        context = model.encode(params, batch)

        def body(carry: Carry, steps: Steps) -> tuple[Carry, Any]:
            carry, features = network.step(params["network"], carry, Inputs(steps), context=context)
            if context.memory is None:
                return carry, (None, features)
            return carry, (weights(carry[0], context.memory), features)

        carry = model.start(params, 1, context) if carry is None else carry
        steps = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), batch.inputs.steps)
        carry, (window, features) = jax.lax.scan(body, carry, steps)
        return carry, (window, mixture.gaussians(model.head_params(params)["0"], features))

    return jax.jit(read)

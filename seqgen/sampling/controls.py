"""Known side inputs of steps that are yet to be drawn: whether they fit, those of a piece, what is ahead of each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from ..machine.programs import kept
from ..models.model import Model
from ..nn.context import Params
from ..nn.recurrence import Array

if TYPE_CHECKING:
    from ..devices.crew import Crew


def check_controls(model: Model, controls: Sequence[Any] | None, lengths: Sequence[int], ahead: bool = False) -> None:
    """Raises UsageError unless each row comes with controls for at least so many steps, or the network reads none.

    ahead: they must have what is ahead of each with them, if the network looks there.
    """
    width = model.network.controls + (getattr(model.network, "ahead", 0) if ahead else 0)
    if controls is None:
        if width:
            raise UsageError(
                f"this network reads {width} controls with every step: give `controls`, float32 [length, {width}] a row, "
                "of the prompt's steps and of those to be drawn"
            )
        return
    if not width:
        raise UsageError("`controls` came, and this network reads none; leave them out")
    if len(controls) != len(lengths):
        raise UsageError(f"`controls` has {len(controls)} rows, not {len(lengths)}; give one array a row")
    for row, (shape, length) in enumerate(zip(map(np.shape, controls), lengths, strict=True)):
        if len(shape) != 2 or shape[1] != width:
            hint = ", with what is ahead: `network.look` over all there are" if width > model.network.controls else ""
            raise UsageError(f"the controls of row {row} are {list(shape)}; this network reads [length, {width}]{hint}")
        if shape[0] < length:
            raise UsageError(f"the controls of row {row} end after {shape[0]} of {length} steps; give all of them")


def cut(controls: Sequence[Any] | None, starts: Sequence[int], length: int) -> Any:
    """`length` controls of each row from its start on, float32 `[B, length, C]`, zeros where it has no more."""
    if controls is None:
        return None
    piece = np.zeros((len(controls), length, np.shape(controls[0])[1]), np.float32)
    for row, (own, start) in enumerate(zip(controls, starts, strict=True)):
        part = np.asarray(own)[start : start + length]
        piece[row, : len(part)] = part
    return piece


def looked_ahead(model: Model, params: Params, controls: Sequence[Any] | None, crew: Crew | None) -> Any:
    """Each row's controls with what is ahead of them in all that are given; as they are for a network that looks at none."""
    width = model.network.controls
    if controls is None or not getattr(model.network, "ahead", 0) or np.shape(controls[0])[-1] != width:
        return controls
    lengths = [len(own) for own in controls]
    longest = 1 << max(max(lengths) - 1, 0).bit_length()  # of any length share a handful of compiled programs
    place: Callable[[Any], Any] = functools.partial(crew.place, rows=True) if crew else lambda tree: tree
    valid = np.arange(longest) < np.array(lengths)[:, None]
    looked = np.asarray(_look(model)(params, *place((cut(controls, [0] * len(lengths), longest), valid))))
    return [own[:length] for own, length in zip(looked, lengths, strict=True)]


@functools.lru_cache(maxsize=16)
def _look(model: Model) -> Callable[..., Array]:
    def look(params: Params, controls: Array, valid: Array) -> Array:
        network: Any = model.network
        return network.look(params["network"], controls, valid=valid)  # type: ignore[no-any-return]

    return kept(look, model.to_dict(), parts=(model,))

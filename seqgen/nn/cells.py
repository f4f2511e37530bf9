"""The layers that a `Network` is made of, as values: each builds the cell that Flax holds. One class a kind.

Free of Flax: a program that was kept needs the value and not the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import UsageError
from ..registry import from_table

if TYPE_CHECKING:
    from flax import nnx

    from .recurrence import Cell


class Layer(Protocol):
    """What one layer is: a frozen dataclass, a value, with its sizes and the cell of that size.

    units: how many values it gives to what is above.
    reads: whether it looks at the memory that conditions a sequence; what it sees there follows its own values.
    """

    @property
    def units(self) -> int: ...

    @property
    def reads(self) -> bool: ...

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A Flax module with new weights for `inputs` values a position and memory entries of `entry` values."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        ...


@dataclass(frozen=True)
class LSTM:
    """A layer of LSTM cells.

    layer_norm, learned_start: see `seqgen.nn.lstm.LSTMCell`.

    >>> from seqgen import Discrete, Network
    >>> Network(Discrete(5), layers=(LSTM(32), LSTM(16))).width
    16
    """

    units: int = 256
    layer_norm: bool = False
    learned_start: bool = False

    def __post_init__(self) -> None:
        _check(self.units)

    @property
    def reads(self) -> bool:
        """It looks at nothing but its input."""
        return False

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A `seqgen.nn.lstm.LSTMCell` for `inputs` values a position."""
        from .lstm import LSTMCell

        settings: Any = {"layer_norm": self.layer_norm, "learned_start": self.learned_start}
        return LSTMCell(inputs, self.units, precision=precision, rngs=rngs, **settings)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        return {"kind": "lstm", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LSTM:
        """The layer with these settings."""
        return cls(**data)


@dataclass(frozen=True)
class Window:
    """A layer of LSTM cells that looks at a source through Graves' window of `components` Gaussians (2013, section 5.1).

    >>> from seqgen import Discrete, Network
    >>> Network(Discrete(5), layers=(Window(32, components=5), LSTM(16)), source=30).width
    16
    """

    units: int = 256
    components: int = 10
    layer_norm: bool = False
    learned_start: bool = False

    def __post_init__(self) -> None:
        _check(self.units, self.components)

    @property
    def reads(self) -> bool:
        """It looks at the memory."""
        return True

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A `seqgen.nn.window_cell.WindowCell` over memory entries of `entry` values."""
        from .window_cell import WindowCell

        settings: Any = {"layer_norm": self.layer_norm, "learned_start": self.learned_start}
        sizes: Any = {"entry": entry, "components": self.components}
        return WindowCell(inputs, self.units, precision=precision, rngs=rngs, **sizes, **settings)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        return {"kind": "window", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Window:
        """The layer with these settings."""
        return cls(**data)


# What config.json may name, beside what installed packages offer as entry points of the group seqgen.cells.
CELLS: dict[str, Any] = {"lstm": LSTM, "window": Window}


def layer_from_dict(data: Mapping[str, Any]) -> Layer:
    """The layer that wrote `data` with `to_dict`. Raises ModelError for an unknown kind or setting."""
    return from_table("cell", CELLS, data)  # type: ignore[no-any-return]


def _check(*sizes: int) -> None:
    if min(sizes) < 1:
        raise UsageError(f"a layer needs 1 unit or more, and a window 1 component or more, not {sizes}")

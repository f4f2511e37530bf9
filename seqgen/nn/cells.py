"""The layers that a `Network` is made of, as values: each builds the cell that Flax holds. One class a kind.

Free of Flax: a program that was kept needs the value and not the module.
"""

from __future__ import annotations

import math
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
class Multiplicative:
    """A layer of multiplicative LSTM cells: each input has a recurrent matrix of its own (Krause et al. 2016).

    >>> from seqgen import Discrete, Network
    >>> Network(Discrete(5), layers=(Multiplicative(32), LSTM(16))).width
    16
    """

    units: int = 256

    def __post_init__(self) -> None:
        _check(self.units)

    @property
    def reads(self) -> bool:
        """It looks at nothing but its input."""
        return False

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A `seqgen.nn.multiplicative.MultiplicativeCell` for `inputs` values a position."""
        from .multiplicative import MultiplicativeCell

        return MultiplicativeCell(inputs, self.units, precision=precision, rngs=rngs)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        return {"kind": "multiplicative", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Multiplicative:
        """The layer with these settings."""
        return cls(**data)


@dataclass(frozen=True)
class Mogrifier:
    """A layer of Mogrifier LSTM cells: input and hidden vector gate one another for some rounds first (Melis et al. 2020).

    >>> from seqgen import Discrete, Network
    >>> Network(Discrete(5), layers=(Mogrifier(32, rounds=4), LSTM(16))).width
    16
    """

    units: int = 256
    rounds: int = 5

    def __post_init__(self) -> None:
        _check(self.units, self.rounds)

    @property
    def reads(self) -> bool:
        """It looks at nothing but its input."""
        return False

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A `seqgen.nn.multiplicative.MogrifierCell` for `inputs` values a position."""
        from .multiplicative import MogrifierCell

        return MogrifierCell(inputs, self.units, rounds=self.rounds, precision=precision, rngs=rngs)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        return {"kind": "mogrifier", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Mogrifier:
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
        """A `seqgen.nn.window.cell.WindowCell` over memory entries of `entry` values."""
        from .window.cell import WindowCell

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


@dataclass(frozen=True)
class Attending:
    """A layer of LSTM cells that attends to a source by dot product, and knows what it saw before (input feeding).

    Luong, Pham & Manning (2015), sections 3.1 and 3.3.

    >>> from seqgen import Discrete, Network, SymbolEncoder
    >>> Network(Discrete(5), (Attending(32),), source=30, encoder=SymbolEncoder(8), attention=16).width
    16
    """

    units: int = 256

    def __post_init__(self) -> None:
        _check(self.units)

    @property
    def reads(self) -> bool:
        """It looks at the memory."""
        return True

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A `seqgen.nn.attention.AttendingCell` over memory entries of `entry` values."""
        from .attention import AttendingCell

        return AttendingCell(inputs, self.units, entry=entry, precision=precision, rngs=rngs)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        return {"kind": "attending", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attending:
        """The layer with these settings."""
        return cls(**data)


@dataclass(frozen=True)
class Convolution:
    """Each position's values as a frame `height x width x channels` through convolutions (time-distributed; CNN-LSTM).

    filters: how many of 3 x 3 each of the convolutions has, after each of which half the height and half the width are
    left. everywhere: only how much of each filter there is at most, wherever it is (global max pooling): then what is seen
    at one place is known at all others.

    The first of a network's `layers`; what is beside the frame, such as controls, it does not take.

    >>> from seqgen import Continuous, Network
    >>> Network(Continuous(144), layers=(Convolution(12, 12, filters=(8, 16)), LSTM(32))).width
    32
    """

    height: int
    width: int
    channels: int = 1
    filters: tuple[int, ...] = (16, 32)
    everywhere: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(self.filters))
        if not self.filters or min(self.height, self.width, self.channels, *self.filters) < 1:
            raise UsageError(f"a convolution needs a height, width, channels and filters of 1 or more, not {self}")

    @property
    def units(self) -> int:
        """What is left of all places, filter by filter."""
        places = 1 if self.everywhere else math.prod(places_left(self.height, self.width, len(self.filters)))
        return places * self.filters[-1]

    @property
    def reads(self) -> bool:
        """It looks at nothing but its input."""
        return False

    def build(self, inputs: int, entry: int, *, precision: str, rngs: nnx.Rngs) -> Cell:
        """A `seqgen.nn.encoder.convolution.FrameCell`. Raises UsageError where `inputs` is not the size of a frame."""
        from .encoder.convolution import FrameCell

        shape = self.height, self.width, self.channels
        if inputs != self.height * self.width * self.channels:
            raise UsageError(
                f"frames of {self.height} x {self.width} x {self.channels} come as so many values, not as {inputs}; give "
                f"steps of Continuous({self.height * self.width * self.channels})"
            )
        return FrameCell(shape, self.filters, self.everywhere, precision=precision, rngs=rngs)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `layer_from_dict`."""
        return {"kind": "convolution", **asdict(self), "filters": list(self.filters)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Convolution:
        """The layer with these settings."""
        return cls(**data)


# What config.json may name, beside what installed packages offer as entry points of the group seqgen.cells.
CELLS: dict[str, Any] = {
    "lstm": LSTM,
    "multiplicative": Multiplicative,
    "mogrifier": Mogrifier,
    "window": Window,
    "attending": Attending,
    "convolution": Convolution,
}

PLAIN = {
    "lstm": LSTM,
    "multiplicative": Multiplicative,
    "mogrifier": Mogrifier,
}  # those that need to know nothing but how many units


def layer_from_dict(data: Mapping[str, Any]) -> Layer:
    """The layer that wrote `data` with `to_dict`. Raises ModelError for an unknown kind or setting."""
    return from_table("cell", CELLS, data)  # type: ignore[no-any-return]


def places_left(height: int, width: int, convolutions: int) -> tuple[int, int]:
    """The height and width that are left after so many convolutions of stride 2."""
    for _ in range(convolutions):
        height, width = -(-height // 2), -(-width // 2)
    return height, width


def _check(*sizes: int) -> None:
    if min(sizes) < 1:
        raise UsageError(f"a layer needs 1 unit, component and round or more, not {sizes}")

"""Encoders as values: what turns a source into a memory to attend to, and into the state that opens a sequence.

Free of Flax, as `seqgen.nn.cells` is; the modules are in `symbols` and `pictures`, beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import UsageError
from ...registry import from_table

if TYPE_CHECKING:
    from flax import nnx


class Encoder(Protocol):
    """What reads a source: a frozen dataclass, a value.

    entry: values of an entry of the memory. ends: values of what it ends with, which opens the decoder (0: nothing does).
    picture: height, width and channels of the pictures that it reads at most; () where it reads symbols.
    """

    @property
    def entry(self) -> int: ...
    @property
    def ends(self) -> int: ...
    @property
    def picture(self) -> tuple[int, ...]: ...

    def build(self, symbols: int, *, precision: str, rngs: nnx.Rngs) -> Any:
        """A Flax module with new weights, `(source, valid [B, U] or None, key) -> (Memory, ends [B, S])`."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `encoder_from_dict`."""
        ...


@dataclass(frozen=True)
class SymbolEncoder:
    """Symbols read both ways by layers of LSTM cells (Bahdanau, Cho & Bengio 2015, section 3.2; an encoder's usual form).

    units: cells of a layer, each way; an entry of the memory has twice as many values. layers: how many.
    embedding: width of the symbols' table. dropout: between layers and of what is read.

    >>> import jax, numpy
    >>> from seqgen import Discrete, Network
    >>> network = Network(Discrete(5), layers=1, units=8, source=30, encoder=SymbolEncoder(6), attention=8)
    >>> context = network.encode(network.init(jax.random.key(0)), numpy.array([[4, 1, 7]]))
    >>> context.memory.values.shape, context.start[0].hidden.shape
    ((1, 3, 12), (1, 8))
    """

    units: int = 256
    layers: int = 1
    embedding: int = 64
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if min(self.units, self.layers, self.embedding) < 1 or not 0 <= self.dropout < 1:
            raise UsageError(f"an encoder needs units, layers, embedding >= 1 and 0 <= dropout < 1, not {self}")

    @property
    def entry(self) -> int:
        """Both ways side by side."""
        return 2 * self.units

    @property
    def ends(self) -> int:
        """Hidden and cell values of the last layer, both ways."""
        return 4 * self.units

    @property
    def picture(self) -> tuple[int, ...]:
        """It reads symbols."""
        return ()

    def build(self, symbols: int, *, precision: str, rngs: nnx.Rngs) -> Any:
        """A `seqgen.nn.encoder.symbols.SymbolReader`."""
        from .symbols import SymbolReader

        return SymbolReader(self, symbols, precision=precision, rngs=rngs)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `encoder_from_dict`."""
        return {"kind": "symbols", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SymbolEncoder:
        """The encoder with these settings."""
        return cls(**data)


@dataclass(frozen=True)
class PictureEncoder:
    """Pictures through convolutions of stride 2, an entry a place that is left (Xu et al. 2015, "Show, attend and tell").

    height, width: of the pictures, red, green and blue of 0 to 255 at each place, so that `source` is 256.
    filters: how many of 3 x 3 each of the convolutions has, as for `seqgen.Convolution`. units: values of an entry.
    waves: of how many lengths waves say where a place is, each half as long as the one before (sinusoidal positions, Vaswani
    et al. 2017): by them a place is found again, or left out, where its height and side alone say only which is further.
    whole: values of a view of the whole, which open a sequence: what a picture is called is seen at once. 0 for none: what is
    seen is then only to be had by looking there, and a decoder that says how things lie learns to look.

    >>> import jax, numpy
    >>> from seqgen import Discrete, Network
    >>> encoder = PictureEncoder(16, 16, filters=(4, 8), units=6)
    >>> network = Network(Discrete(5), layers=1, units=8, source=256, encoder=encoder, attention=8)
    >>> picture = numpy.full((1, 16, 16, 3), 255, numpy.uint8)
    >>> network.encode(network.init(jax.random.key(0)), picture).memory.values.shape
    (1, 16, 6)
    """

    height: int
    width: int
    filters: tuple[int, ...] = (16, 32, 64)
    units: int = 128
    waves: int = 0
    whole: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(self.filters))
        if (
            not self.filters
            or min(self.height, self.width, self.units, *self.filters) < 1
            or min(self.waves, self.whole) < 0
        ):
            raise UsageError(
                f"an encoder of pictures needs a height, width, filters and units >= 1, waves and whole >= 0, not {self}"
            )

    @property
    def entry(self) -> int:
        """What is seen at a place."""
        return self.units

    @property
    def ends(self) -> int:
        """Values that open a sequence."""
        return self.whole

    @property
    def picture(self) -> tuple[int, ...]:
        """Height, width, and three channels."""
        return self.height, self.width, 3

    def build(self, symbols: int, *, precision: str, rngs: nnx.Rngs) -> Any:
        """A `seqgen.nn.encoder.pictures.PictureReader`."""
        from .pictures import PictureReader

        return PictureReader(self, precision=precision, rngs=rngs)

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values with `kind`, read back by `encoder_from_dict`."""
        return {"kind": "pictures", **asdict(self), "filters": list(self.filters)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PictureEncoder:
        """The encoder with these settings."""
        return cls(**data)


# What config.json may name, beside what installed packages offer as entry points of the group seqgen.encoders.
ENCODERS: dict[str, Any] = {"symbols": SymbolEncoder, "pictures": PictureEncoder}


def encoder_from_dict(data: Mapping[str, Any]) -> Encoder:
    """The encoder that wrote `data` with `to_dict`. Raises ModelError for an unknown kind or setting."""
    return from_table("encoder", ENCODERS, data)  # type: ignore[no-any-return]

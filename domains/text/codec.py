"""Characters to ids and back, with the 256 bytes underneath, so no text and no id is ever refused."""

from __future__ import annotations

import codecs
import functools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seqgen.domain import Example
from seqgen.errors import ModelError
from seqgen.spec import Discrete, Steps

from .division import Division, Item, text_of

BYTES = 256
MOST = 8192  # characters in an alphabet: beyond, the softmax costs more than rare characters are worth
FIT_LENGTH = 32_000_000  # characters looked at for an alphabet; 32 MB of plain English
REPLACEMENT = "\ufffd"

_SURROGATE = re.compile("[\ud800-\udfff]")

Symbol = str | tuple[str, int | str]  # a character, or ("byte", value), ("word", word), ("end", 0)


def canonical(text: str) -> str:
    r"""The text as every reader and codec here knows it: line ends are LF, a lone surrogate is U+FFFD.

    >>> canonical("one\r\ntwo\rthree")
    'one\ntwo\nthree'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        text.encode()  # ten times as fast as looking for what it refuses
    except UnicodeEncodeError:
        return _SURROGATE.sub(REPLACEMENT, text)
    return text


class ReadWhole(ABC):
    """What codecs of texts that are not divided share, whatever their ids stand for."""

    division: ClassVar[Division] = Division()
    labels: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def encode(self, item: Item) -> Example:
        """The ids of a text, int32 `[T]`."""

    @abstractmethod
    def decoder(self) -> Any:
        """A decoder for ids that arrive in pieces."""

    def canonical(self, item: Item) -> str:
        """The text with LF line ends, and U+FFFD for a lone surrogate."""
        return canonical(text_of(item))

    def prompt(self, text: str) -> Any:
        """The ids of a text that is to go on."""
        return self.encode(text).steps

    def divided(self, text: str) -> list[Item]:
        """A text as it is read: in one, if there is any."""
        return [text] if text else []

    def characters(self, item: Item) -> int:
        """How many characters its steps are of."""
        return len(self.canonical(item))

    def decode(self, steps: Steps) -> str:
        """The text of any integers: broken UTF-8 and ids that do not exist come out as U+FFFD."""
        text: str = self.decoder().decode(steps, final=True)
        return text


@dataclass(frozen=True)
class Characters(ReadWhole):
    """Ids 0..255 are bytes, then come the alphabet's characters in order; a `seqgen.domain.Codec[str]`.

    A character outside the alphabet is spelt as its UTF-8 bytes: a prompt in any script has ids, and a model can
    learn or sample a character that its alphabet lacks.

    alphabet: different characters, sorted by code point. Raises ModelError when they are not.

    >>> codec = Characters.fit(["abba"])
    >>> codec.encode("abé").steps.tolist()
    [256, 257, 195, 169]
    >>> codec.decode([256, 257, 195, 169])
    'abé'
    """

    alphabet: str

    def __post_init__(self) -> None:
        remedy = "the model is damaged, or was written by a newer seqgen"
        if len(self.alphabet) > MOST:
            raise ModelError(f"an alphabet of {len(self.alphabet)} characters is over the limit of {MOST}; {remedy}")
        for before, after in pairwise(self.alphabet):
            if before >= after:
                raise ModelError(f"the alphabet has {after!r} after {before!r}, not sorted and unique; {remedy}")
        if found := _SURROGATE.search(self.alphabet):
            raise ModelError(f"the alphabet holds the lone surrogate {found.group()!a}, not a character; {remedy}")

    @classmethod
    def fit(cls, texts: Iterable[str]) -> Characters:
        """The alphabet of the first 32 million characters: the 8192 most frequent, the lower code point at a tie."""
        counts = np.zeros(0x110000, np.int64)
        left = FIT_LENGTH
        for text in texts:
            seen = np.bincount(_code_points(canonical(text[:left])))
            counts[: len(seen)] += seen
            left -= len(text)
            if left <= 0:
                break
        present = np.flatnonzero(counts)
        frequent = present[np.argsort(-counts[present], kind="stable")[:MOST]]
        return cls("".join(map(chr, np.sort(frequent))))

    @property
    def spec(self) -> Discrete:
        """One id of 256 bytes and the alphabet."""
        return Discrete(BYTES + len(self.alphabet))

    def encode(self, item: Item) -> Example:
        """The ids of a text, int32 `[T]`; T is its length plus what bytes add for characters it does not know."""
        text = self.canonical(item)
        if not self.alphabet:  # all of it is bytes
            return Example(np.frombuffer(text.encode(), np.uint8).astype(np.int32))
        codes = _code_points(text)
        ids = self._id_of_code[np.minimum(codes, len(self._id_of_code) - 1)]
        unknown = np.flatnonzero(ids < 0)
        if not len(unknown):
            return Example(ids)
        lost = codes[unknown]
        spelling = np.frombuffer(lost.tobytes().decode("utf-32-le").encode(), np.uint8)
        begins = starts(spelling)
        ids[unknown] = spelling[begins]
        more = (lost >= 0x80).astype(np.int64) + (lost >= 0x800) + (lost >= 0x10000)  # bytes after the first
        return Example(np.insert(ids, np.repeat(unknown + 1, more), spelling[~begins]))

    def begun(self, steps: Steps) -> NDArray[Any]:
        """How many characters each step begins."""
        return starts(np.asarray(steps))

    def decoder(self) -> Decoder:
        """A decoder for ids that arrive in pieces."""
        return Decoder(self)

    def symbols(self) -> list[Symbol]:
        """What each id stands for, in order: ("byte", value) or the character."""
        return [*(("byte", value) for value in range(BYTES)), *self.alphabet]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values, read back by `from_dict`."""
        return {"kind": "characters", "alphabet": self.alphabet}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Characters:
        """The codec that wrote `data` with `to_dict`. Raises ModelError for anything else."""
        match dict(data):
            case {"kind": "characters", "alphabet": str(alphabet), **rest} if not rest:
                return cls(alphabet)
        raise ModelError(
            f"a text codec's settings are kind 'characters' and a string 'alphabet', not {_shorten(repr(dict(data)))}; "
            "the model is damaged, or was written by a newer seqgen"
        )

    @functools.cached_property
    def _id_of_code(self) -> NDArray[np.int32]:
        """Code point to id, -1 where there is none; the last entry stands for all code points above."""
        table = np.full(ord(self.alphabet[-1]) + 2 if self.alphabet else 1, -1, np.int32)
        table[_code_points(self.alphabet)] = BYTES + np.arange(len(self.alphabet))
        return table

    @functools.cached_property
    def _spelling(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """UTF-8 of every id, padded to 4 bytes, and which are used; the last row is what no id stands for."""
        rows = [*(bytes([value]) for value in range(BYTES)), *(char.encode() for char in self.alphabet + REPLACEMENT)]
        widths = np.array([len(row) for row in rows])
        spelling = np.frombuffer(b"".join(row.ljust(4) for row in rows), np.uint8).reshape(-1, 4)
        return spelling, np.arange(4) < widths[:, None]


class Decoder:
    """Ids in pieces to text in pieces, holding back a character's first bytes until the rest arrives.

    All pieces joined equal `Characters.decode` of all ids.

    >>> decoder = Characters("").decoder()
    >>> decoder.decode([195]), decoder.decode([169]), decoder.decode([], final=True)
    ('', 'é', '')
    """

    ended = False  # a text of characters goes on for ever

    def __init__(self, codec: Characters) -> None:
        self._spelling, self._used = codec._spelling
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def decode(self, steps: Steps, final: bool = False) -> str:
        """The text that `steps` complete; `final` gives up on what is still held back."""
        ids = np.asarray(steps).reshape(-1)
        nowhere = len(self._spelling) - 1
        ids = np.where(
            (ids >= 0) & (ids < nowhere), ids.astype(np.int64), nowhere
        )  # a small type cannot hold `nowhere`
        # Every id spelt in UTF-8 and all of it decoded at once is the same as decoding each run of bytes by itself: a
        # character of the alphabet starts with a byte that cannot continue a broken one.
        return self._utf8.decode(self._spelling[ids][self._used[ids]].tobytes(), final)


def starts(ids: NDArray[Any]) -> NDArray[np.bool_]:
    """Which ids of an encoded text begin a character: all but the bytes that go on with one."""
    begins: NDArray[np.bool_] = (ids >= BYTES) | (ids & 0xC0 != 0x80)
    return begins


def spelling_of(symbol: Symbol) -> bytes:
    """UTF-8 of what a symbol stands for, nothing of an end.

    >>> spelling_of("é"), spelling_of(("byte", 195)), spelling_of(("word", " the")), spelling_of(("end", 0))
    (b'\\xc3\\xa9', b'\\xc3', b' the', b'')
    """
    match symbol:
        case str() as text:
            return text.encode()
        case ("byte", int(value)):
            return bytes([value])
        case ("word", str(text)):
            return text.encode()
        case ("bytes", str(digits)):
            return bytes.fromhex(digits)
    return b""


def match(old: Any, new: Any) -> NDArray[np.int32]:
    """For each id of `new` the id of `old` that stands for the same symbol, or -1: int32 `[new.spec.size]`.

    Fine-tuning moves rows of weights by it; moving them by id would exchange the letters.

    >>> match(Characters("ac"), Characters("abc"))[256:].tolist()
    [256, -1, 257]
    """
    ids = {symbol: index for index, symbol in enumerate(old.symbols())}
    return np.array([ids.get(symbol, -1) for symbol in new.symbols()], np.int32)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), np.dtype("<u4"))


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."

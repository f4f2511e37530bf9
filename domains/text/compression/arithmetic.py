"""Arithmetic coding with whole numbers: a symbol of frequency f of n costs log2(n / f) bits (Witten, Neal & Cleary 1987).

The range is carried byte-wise (Martin 1979): 48 bits of it, and totals of up to 24, leave each at least 2^16 steps.
"""

from __future__ import annotations

TOTAL = 1 << 24  # the largest sum of frequencies
_TOP, _BOTTOM = 1 << 48, 1 << 40


class Encoder:
    """Takes what each symbol has of the range, gives bytes.

    >>> encoder = Encoder()
    >>> for start, frequency in [(0, 1), (1, 7), (0, 1)]:
    ...     encoder.put(start, frequency, 8)
    >>> decoder = Decoder(encoder.finish())
    >>> found = []
    >>> for start, frequency in [(0, 1), (1, 7), (0, 1)]:
    ...     found.append(decoder.get(8))
    ...     decoder.drop(start, frequency)
    >>> [place >= 1 for place in found]
    [False, True, False]
    """

    def __init__(self) -> None:
        self._low, self._range, self._bytes = 0, _TOP, bytearray()

    def put(self, start: int, frequency: int, total: int) -> None:
        """The symbol that has `frequency` of `total`, behind `start` of symbols before it."""
        each = self._range // total
        self._low += start * each
        self._range = frequency * each
        if self._low >= _TOP:
            self._carry()
        while self._range < _BOTTOM:
            self._bytes.append(self._low >> 40)
            self._low = (self._low << 8) & (_TOP - 1)
            self._range <<= 8

    def finish(self) -> bytes:
        """All bytes."""
        self._low += self._range // 2  # some number inside the range: its first two bytes are enough
        if self._low >= _TOP:
            self._carry()
        self._bytes += (self._low >> 32).to_bytes(2, "big")
        return bytes(self._bytes)

    def _carry(self) -> None:
        self._low -= _TOP
        at = len(self._bytes) - 1
        while self._bytes[at] == 255:
            self._bytes[at] = 0
            at -= 1
        self._bytes[at] += 1


class Decoder:
    """The reverse of `Encoder`: `get` says where in the total the symbol is, `drop` that it was read. After the end come
    zeros: damaged bytes decode to something, and a check outside finds that it is wrong.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 6
        self._code, self._range, self._each = int.from_bytes(data[:6].ljust(6, b"\0"), "big"), _TOP, 1

    def get(self, total: int) -> int:
        """A number from 0 to total - 1, inside of what the next symbol has."""
        self._each = self._range // total
        return min(self._code // self._each, total - 1)

    def drop(self, start: int, frequency: int) -> None:
        """Goes past that symbol."""
        self._code = max(self._code - start * self._each, 0)
        self._range = frequency * self._each
        while self._range < _BOTTOM:
            self._code = (self._code << 8) | (self._data[self._at] if self._at < len(self._data) else 0)
            self._at += 1
            self._range <<= 8

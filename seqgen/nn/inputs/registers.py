"""What streams that take turns wrote last, and how that lies to one another: inputs that make intervals easy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import jax.numpy as jnp

from ...errors import UsageError
from .. import recurrence
from ..recurrence import Array

FARTHEST, STEP = 48, 12  # differences, and moves, beyond which all are alike


@dataclass(frozen=True)
class Registers:
    """`count` streams take turns in one stream of symbols, four voices for one: each has a register for what it wrote.

    Symbols below `2 * values` are written: a value begins, or, from `values` on, goes on. The symbol `2 * values` takes a
    turn and writes nothing, others take no turn.
    origin: the first of `2 * period` symbols that say where values are counted from, in two ways, such as twelve major and
    twelve minor keys; 0 for none.
    width: how many values each thing that is told of the registers is embedded in.
    paired: the moves of others are told together with how they lay before to the one whose turn it is, modulo the period:
    what there is to know of parallels.
    dropout: rate on what the layers read, symbols and what is told; on top of the network's own between them.

    The network is told, of the stream whose turn it is: its last value, also as counted from the origin; how far the
    others' lie from that; and how each moved last. Its features end with that value and the origin, see
    `seqgen.heads.relative`.

    >>> Registers(count=2, values=12).told
    5
    """

    count: int
    values: int
    origin: int = 0
    period: int = 12
    width: int = 16
    dropout: float = 0.0
    paired: bool = False

    def __post_init__(self) -> None:
        if min(self.count, self.values, self.period, self.width) < 1 or self.origin < 0:
            raise UsageError(f"registers need count, values, period, width >= 1 and no number below 0, not {self}")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"registers need 0 <= dropout < 1, not {self.dropout}")

    @property
    def rows(self) -> tuple[int, ...]:
        """How many rows the table of each thing told has: last value, degree, differences, moves; by whose turn it is."""
        apart = [self.count * (2 * FARTHEST + 2)] * (self.count - 1)
        moves = self.count * (2 * STEP + 2)
        others = [moves * (self.period if self.paired else 1)] * (self.count - 1)
        return (self.values + 1, self.count * (2 * self.period + 1), *apart, moves, *others)

    @property
    def told(self) -> int:
        """How many things the network is told."""
        return len(self.rows)

    @property
    def state(self) -> int:
        """Values of the carry: each stream's last value and the one before, whose turn it is, the origin."""
        return 2 * self.count + 2

    def start(self, batch: int) -> Array:
        """Nothing written, float32 `[B, state]`; -1 is none."""
        return jnp.full((batch, self.state), -1.0).at[:, 2 * self.count].set(0.0)

    def read(self, state: Array, symbols: Array) -> Array:
        """The state after one symbol more a row, int32 `[B]`."""
        now, before, turn, origin = self._parts(state)
        symbol = symbols[:, None].astype(jnp.float32)
        takes, writes = symbol <= 2 * self.values, symbol < 2 * self.values
        own = jnp.arange(self.count, dtype=jnp.float32) == turn
        before = jnp.where(own & takes, now, before)
        now = jnp.where(own & writes, symbol % self.values, now)
        if self.origin:
            names = (symbol >= self.origin) & (symbol < self.origin + 2 * self.period)
            origin = jnp.where(names, symbol - self.origin, origin)
        return jnp.concatenate([now, before, (turn + takes.astype(jnp.float32)) % self.count, origin], axis=1)

    def scan(
        self, state: Array, start: Array, symbols: Array, reset: Array | None, valid: Array | None
    ) -> tuple[Array, Array]:
        """The state after a window of symbols `[T, B]`, and after each of them, `[T, B, state]`."""
        reset = jnp.zeros(symbols.shape, bool) if reset is None else reset
        valid = jnp.ones(symbols.shape, bool) if valid is None else valid

        def body(state: Array, at: Any) -> tuple[Array, Array]:
            symbol, begins, counts = at
            state = recurrence.where(begins, start, state)
            state = recurrence.where(counts, self.read(state, symbol), state)
            return state, state

        return recurrence.loop(body, state, (symbols, reset, valid))

    def rows_of(self, state: Array) -> list[Array]:
        """What is told of states `[..., state]`: a row, int32 `[...]`, of each table."""
        now, before, turn, origin = self._parts(state)
        turn = jnp.clip(jnp.round(turn[..., 0]), 0, self.count - 1).astype(jnp.int32)
        order = (turn[..., None] + jnp.arange(self.count)) % self.count
        now, before = (jnp.take_along_axis(values, order, axis=-1) for values in (now, before))
        own, others = now[..., :1], now[..., 1:]

        def row(known: Array, values: Array, most: int) -> Array:
            """0 for what is not known, values from -most to most from 1 on."""
            return jnp.where(known, jnp.clip(jnp.round(values), -most, most) + most + 1, 0.0).astype(jnp.int32)

        kind, tonic = jnp.clip(jnp.floor(origin / self.period), 0, 1), origin % self.period
        degree = jnp.where((own < 0) | (origin < 0), 0.0, (own - tonic) % self.period + self.period * kind + 1)
        degree = jnp.clip(jnp.round(degree), 0, 2 * self.period).astype(jnp.int32)[..., 0]
        apart = row((own >= 0) & (others >= 0), others - own, FARTHEST)
        moved = row((now >= 0) & (before >= 0), now - before, STEP)
        lay = jnp.round((before - own) % self.period).astype(jnp.int32) % self.period if self.paired else 0
        pairs = (turn[..., None] * self.period + lay if self.paired else turn[..., None]) * (2 * STEP + 2) + moved
        last = jnp.clip(jnp.round(own[..., 0]), -1, self.values - 1).astype(jnp.int32) + 1
        return [
            last,
            turn * (2 * self.period + 1) + degree,
            *[turn * (2 * FARTHEST + 2) + apart[..., i] for i in range(self.count - 1)],
            turn * (2 * STEP + 2) + moved[..., 0],
            *[pairs[..., i] for i in range(1, self.count)],
        ]

    def place(self, state: Array) -> Array:
        """Where the stream whose turn it is stands, and the origin, `[..., 2]`; -1 is none."""
        now, _, turn, origin = self._parts(state)
        own = jnp.arange(self.count, dtype=jnp.float32) == turn
        return jnp.concatenate([jnp.sum(jnp.where(own, now, 0.0), axis=-1, keepdims=True), origin], axis=-1)

    def _parts(self, state: Array) -> tuple[Array, Array, Array, Array]:
        at = self.count
        return state[..., :at], state[..., at : 2 * at], state[..., 2 * at : 2 * at + 1], state[..., 2 * at + 1 :]

    def to_dict(self) -> dict[str, Any]:
        """Its settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Registers:
        """The registers of these settings. Raises TypeError or UsageError for others."""
        return cls(**data)

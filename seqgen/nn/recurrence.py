"""One differentiated scan for every recurrent layer, and what a layer's cell must provide to use it.

A recurrence is written as `z = recur(carry)`, `carry, y = update(small, carry, x, z @ kernel, memory)`. Everything
that does not depend on the carry (the input's projection) is computed before the loop, over the whole window.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from ..machine.programs import register
from .products import look_up, matmul, weight_gradient

Array = jax.Array
Carry = Any  # the hidden state: a pytree whose leaves lead with B
Update = Callable[[Any, Carry, Any, Array, Any], tuple[Carry, Array]]


class Memory(NamedTuple):
    """What a layer may look at: `values` `[B, U, E]`, and `valid` `[B, U]`, 1 where a row has an entry, else 0."""

    values: Array
    valid: Array


class LSTMCarry(NamedTuple):
    """What an LSTM remembers: `hidden` and `cell`, both `[B, H]` float32."""

    hidden: Array
    cell: Array


register(Memory, LSTMCarry)


class Masks(NamedTuple):
    """Where sequences begin and end in a window, as floats: a boolean has no cotangent that a scan could carry.

    start: the carry that opens a sequence. ahead: `[T, B]`, 1 where the next position opens one. valid: `[T, B]`, 0 on
    padding.
    """

    start: Carry
    ahead: Array
    valid: Array


class Cell(Protocol):
    """A recurrent layer: its weights, two pure functions that see them only as arguments, and how it is unrolled.

    `scan` takes projected inputs `[T, B, G]`; the function of that name below does for any cell.
    """

    precision: str

    @property
    def recurrent_kernel(self) -> Array: ...  # [Z, G], multiplied by recur(carry) at every position
    @property
    def small(self) -> Any: ...  # the weights that `update` uses inside the loop
    def project(self, inputs: Array) -> Array: ...  # [..., inputs] -> [..., G], outside the loop
    def start(self, batch: int, memory: Memory | None) -> Carry: ...
    @property
    def recur(self) -> Callable[[Carry], Array]: ...  # carry -> [B, Z]
    @property
    def update(self) -> Update: ...
    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]: ...


class Symbols(NamedTuple):
    """Inputs that are rows of a table: the rows `table` `[V, D]`, and which of them, `chosen` int32 `[T, B]` or `[B]`."""

    table: Array
    chosen: Array


def where(mask: Array, yes: Any, no: Any) -> Any:
    """`jnp.where` over two pytrees, with a mask `[B]` (or `[T, B]`) that broadcasts over trailing axes."""

    def pick(a: Array, b: Array) -> Array:
        return jnp.where(mask.reshape(mask.shape + (1,) * (b.ndim - mask.ndim)), a, b)

    return jax.tree.map(pick, yes, no)


def step(cell: Cell, carry: Carry, x: Array | Symbols, memory: Memory | None = None) -> tuple[Carry, Array]:
    """One position: inputs `[B, D]` -> features `[B, H]`."""
    recurrent = matmul(cell.recur(carry), cell.recurrent_kernel, cell.precision)
    return cell.update(cell.small, carry, project(cell, x), recurrent, memory)


def project(cell: Cell, xs: Array | Symbols) -> Array:
    """Inputs projected; of symbols the rows of their table, which are fewer, for a projection looks at one position."""
    return look_up(cell.project(xs.table), xs.chosen) if isinstance(xs, Symbols) else cell.project(xs)


def unroll(
    cell: Cell,
    carry: Carry,
    xs: Array | Symbols,
    *,
    start: Carry,
    reset: Array | None = None,
    valid: Array | None = None,
    memory: Memory | None = None,
) -> tuple[Carry, Array]:
    """A whole window, time leading: inputs `[T, B, D]` -> features `[T, B, H]`; equal to `step` T times.

    reset: bool `[T, B]`, the carry is `start` before that position.
    valid: bool `[T, B]`; where False the carry passes through unchanged and features are 0.
    """
    projected = project(cell, xs)
    masks = None
    if reset is not None or valid is not None:
        valid = jnp.ones(projected.shape[:2]) if valid is None else valid.astype(jnp.float32)
        reset = jnp.zeros(projected.shape[:2]) if reset is None else reset.astype(jnp.float32)
        carry = where(reset[0] > 0, start, carry)
        # A reset before t + 1 is carried out at the end of t: the recurrence itself need not know of it.
        masks = Masks(start, jnp.concatenate([reset[1:], jnp.zeros_like(reset[:1])]), valid)
    return cell.scan(carry, projected, masks, memory)


def scan(cell: Cell, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
    """A window of projected inputs through any cell, by its `update`."""
    small: Any = cell.small
    xs: Any = inputs
    update = cell.update
    if masks is not None:
        small, xs = (small, masks.start), (inputs, masks.ahead, masks.valid)
        update = functools.partial(_masked, update)
    return late_scan(cell.recur, update, cell.precision, cell.recurrent_kernel, small, carry, xs, memory)


def _masked(update: Update, small: Any, carry: Carry, x: Any, recurrent: Array, memory: Any) -> tuple[Carry, Array]:
    (weights, start), (x, ahead, valid) = small, x
    after, y = update(weights, carry, x, recurrent, memory)
    return masked(Masks(start, ahead, valid), carry, after, y)


def loop(body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, reverse: bool = False) -> tuple[Any, Any]:
    """`lax.scan`; on a GPU eight positions a turn, for to start a kernel takes longer there than most of them run."""
    return lax.scan(body, carry, xs, reverse=reverse, unroll=8 if jax.default_backend() == "gpu" else 1)


def masked(masks: Masks, before: Carry, after: Carry, y: Array) -> tuple[Carry, Array]:
    """What one position leaves, its masks `[B]`: the carry as it was on padding, the start's before a new sequence."""
    after, y = where(masks.valid > 0, after, before), where(masks.valid > 0, y, jnp.zeros_like(y))
    return where(masks.ahead > 0, masks.start, after), y


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def late_scan(
    recur: Callable[[Carry], Array],
    update: Update,
    precision: str,
    kernel: Array,
    small: Any,
    carry: Carry,
    xs: Any,
    memory: Any,
) -> tuple[Carry, Array]:
    """`loop` of the recurrence over the leading axis of `xs`; the gradient of `kernel` comes late.

    Autodiff would add `kernel`'s gradient into an accumulator at every position, one thin product each. Here the
    loop accumulates only the small weights, and one product over the whole window forms the kernel's gradient.
    """

    def body(carry: Carry, x: Any) -> tuple[Carry, Array]:
        return update(small, carry, x, matmul(recur(carry), kernel, precision), memory)

    return loop(body, carry, xs)


def _forward(
    recur: Any, update: Any, precision: str, kernel: Array, small: Any, carry: Carry, xs: Any, memory: Any
) -> Any:
    def body(carry: Carry, x: Any) -> Any:
        recurrent = matmul(recur(carry), kernel, precision)
        after, y = update(small, carry, x, recurrent, memory)
        return after, (y, carry, recurrent)

    end, (ys, before, recurrent) = loop(body, carry, xs)
    return (end, ys), (kernel, small, xs, memory, before, recurrent)


def _backward(recur: Any, update: Any, precision: str, residuals: Any, cotangents: Any) -> Any:
    kernel, small, xs, memory, before, recurrent = residuals
    d_end, d_ys = cotangents
    transposed = kernel.T
    add = functools.partial(jax.tree.map, jnp.add)

    def body(state: Any, at: Any) -> Any:
        d_carry, d_small, d_memory = state
        x, carry, pre, d_y = at
        _, pull = jax.vjp(update, small, carry, x, pre, memory)
        d_small_here, d_before, d_x, d_pre, d_memory_here = pull((d_carry, d_y))
        _, pull_recur = jax.vjp(recur, carry)
        (d_through_kernel,) = pull_recur(matmul(d_pre, transposed, precision))
        state = add(d_before, d_through_kernel), add(d_small, d_small_here), add(d_memory, d_memory_here)
        return state, (d_x, d_pre)

    zeros = functools.partial(jax.tree.map, jnp.zeros_like)
    state = d_end, zeros(small), zeros(memory)
    (d_carry, d_small, d_memory), (d_xs, d_pre) = loop(body, state, (xs, before, recurrent, d_ys), reverse=True)
    z = jax.vmap(recur)(before)
    return weight_gradient(z, d_pre, precision), d_small, d_carry, d_xs, d_memory


late_scan.defvjp(_forward, _backward)

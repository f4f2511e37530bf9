"""One differentiated scan for every recurrent layer, and what a layer's cell must provide to use it.

A recurrence is written as `carry, y = update(small, carry, x, memory, times)`, where `times(i, z)` is z times the i-th of
the cell's kernels. Everything that does not depend on the carry (the input's projection) is computed before the loop,
over the whole window.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from ..machine.programs import register
from .products import look_up, product, weight_gradient

Array = jax.Array
Carry = Any  # the hidden state: a pytree whose leaves lead with B
Times = Callable[[int, Array], Array]  # (i, z [B, Z]) -> z times the i-th kernel, [B, G]
# (small, carry, x, memory, times) -> (carry, features)
Update = Callable[[Any, Carry, Any, Any, Times], tuple[Carry, Array]]
# Other devices would round the operands. `products.matmul` has no product of a matrix a row.
EXACT = lax.Precision.HIGHEST


class Memory(NamedTuple):
    """What a layer may look at: `values` `[B, U, E]`, and `valid` `[B, U]`, 1 where a row has an entry, else 0."""

    values: Array
    valid: Array

    def match(self, queries: Array) -> Array:
        """The product of every entry with the row's query: `[B, E]` -> `[B, U]`."""
        return _match(queries, self.values)

    def read(self, weights: Array) -> Array:
        """The sum of a row's entries by weight: `[B, U]` -> `[B, E]`."""
        return _read(weights, self.values)


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
    """A recurrent layer: its weights, a pure function that sees them only as arguments, and how it is unrolled.

    `update` may multiply by each kernel as often as it likes, by what it computed from other products too, and look at
    the memory by `match`, `read` and `valid`; the gradients of all these products are formed after the loop, those of
    the `small` weights at every position. `scan` takes projected inputs `[T, B, G]`; the function of that name below
    does for any cell.
    """

    precision: str

    @property
    def kernels(self) -> tuple[Array, ...]: ...  # [Z, G] each
    @property
    def small(self) -> Any: ...  # the other weights that `update` uses inside the loop
    def project(self, inputs: Array) -> Array: ...  # [..., inputs] -> [..., G], outside the loop
    def start(self, batch: int, memory: Memory | None) -> Carry: ...
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
    return _Products(cell.kernels, cell.precision, memory).run(cell.update, cell.small, carry, project(cell, x))


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
    return late_scan(update, cell.precision, cell.kernels, small, carry, xs, memory)


def _masked(update: Update, small: Any, carry: Carry, x: Any, memory: Any, times: Times) -> tuple[Carry, Array]:
    (weights, start), (x, ahead, valid) = small, x
    after, y = update(weights, carry, x, memory, times)
    return masked(Masks(start, ahead, valid), carry, after, y)


def loop(body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, reverse: bool = False) -> tuple[Any, Any]:
    """`lax.scan`; on a GPU eight positions a turn, for to start a kernel takes longer there than most of them run."""
    return lax.scan(body, carry, xs, reverse=reverse, unroll=8 if jax.default_backend() == "gpu" else 1)


def masked(masks: Masks, before: Carry, after: Carry, y: Array) -> tuple[Carry, Array]:
    """What one position leaves, its masks `[B]`: the carry as it was on padding, the start's before a new sequence."""
    after, y = where(masks.valid > 0, after, before), where(masks.valid > 0, y, jnp.zeros_like(y))
    return where(masks.ahead > 0, masks.start, after), y


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def late_scan(
    update: Update,
    precision: str,
    kernels: tuple[Array, ...],
    small: Any,
    carry: Carry,
    xs: Any,
    memory: Memory | None,
) -> tuple[Carry, Array]:
    """`loop` of the recurrence over the leading axis of `xs`; the gradients of `kernels` and `memory` come late.

    Autodiff would add them into accumulators at every position, one thin product each, and for the memory an array of
    `[B, U, E]`. Here the loop accumulates only the small weights, and a product over the whole window forms each.
    """

    def body(carry: Carry, x: Any) -> tuple[Carry, Array]:
        return _Products(kernels, precision, memory).run(update, small, carry, x)

    return loop(body, carry, xs)


class _Products:
    """The products that one position asks for: made, or, where `kept` has them, taken from there in the same order.

    A product that is taken has the gradient of one that was made, but for what belongs to its kernel: that is formed
    after the loop from `factors`, what stood left of each, and the gradient of what was taken. The kernels are then
    the transposed ones.
    """

    def __init__(
        self, kernels: Any, precision: str, memory: Memory | None, kept: Any = None, valid: Any = None
    ) -> None:
        self.valid = memory.valid if valid is None and memory is not None else valid
        self._kernels, self._memory, self._kept = kernels, memory, kept
        self._product = functools.partial(product, precision=precision)
        self.made: list[Array] = []
        self.factors: list[Array] = []
        self.of: list[int | str] = []

    def run(self, update: Update, small: Any, carry: Carry, x: Any) -> tuple[Carry, Array]:
        return update(small, carry, x, None if self._memory is None else self, self.times)

    def times(self, i: int, z: Array) -> Array:
        return self._next(i, z, self._kernels[i], self._product, self._product)

    def match(self, queries: Array) -> Array:
        return self._next("match", queries, self._values, _match, _read)

    def read(self, weights: Array) -> Array:
        return self._next("read", weights, self._values, _read, _match)

    def _next(self, of: int | str, left: Array, right: Array, product: Any, back: Any) -> Array:
        made = product(left, right) if self._kept is None else _taken(back, left, right, self._kept[len(self.made)])
        self.made.append(made)
        self.factors.append(left)
        self.of.append(of)
        return made

    @property
    def _values(self) -> Array:
        assert self._memory is not None
        return self._memory.values


def _match(queries: Array, values: Array) -> Array:
    return jnp.einsum("be,bue->bu", queries, values, precision=EXACT)


def _read(weights: Array, values: Array) -> Array:
    return jnp.einsum("bu,bue->be", weights, values, precision=EXACT)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _taken(back: Any, left: Array, right: Array, kept: Array) -> Array:
    return kept


def _taken_forward(back: Any, left: Array, right: Array, kept: Array) -> Any:
    return kept, right


def _taken_backward(back: Any, right: Array, d: Array) -> Any:
    return back(d, right), None, d


_taken.defvjp(_taken_forward, _taken_backward)


def _forward(
    update: Update, precision: str, kernels: Any, small: Any, carry: Carry, xs: Any, memory: Memory | None
) -> Any:
    def body(carry: Carry, x: Any) -> Any:
        products = _Products(kernels, precision, memory)
        after, y = products.run(update, small, carry, x)
        return after, (y, carry, products.made)

    end, (ys, before, kept) = loop(body, carry, xs)
    return (end, ys), (kernels, small, xs, memory, before, kept)


def _backward(update: Update, precision: str, residuals: Any, cotangents: Any) -> Any:
    kernels, small, xs, memory, before, kept = residuals
    d_end, d_ys = cotangents
    add, zeros = (functools.partial(jax.tree.map, f) for f in (jnp.add, jnp.zeros_like))
    transposed = [kernel.T for kernel in kernels]
    valid = None if memory is None else memory.valid
    of: list[int | str] = []

    def body(state: Any, at: Any) -> Any:
        d_carry, d_small, d_valid = state
        x, carry, kept, d_y = at

        def position(small: Any, carry: Carry, x: Any, valid: Any, kept: Any) -> Any:
            products = _Products(transposed, precision, memory, kept, valid)
            out = products.run(update, small, carry, x)
            of[:] = products.of
            return out, products.factors

        _, pull, factors = jax.vjp(position, small, carry, x, valid, kept, has_aux=True)
        d_small_here, d_before, d_x, d_valid_here, d_kept = pull((d_carry, d_y))
        return (d_before, add(d_small, d_small_here), add(d_valid, d_valid_here)), (d_x, factors, d_kept)

    state = d_end, zeros(small), zeros(valid)
    (d_carry, d_small, d_valid), (d_xs, factors, d_kept) = loop(body, state, (xs, before, kept, d_ys), reverse=True)
    d_kernels = [jnp.zeros_like(kernel) for kernel in kernels]
    d_values: Any = None if memory is None else jnp.zeros_like(memory.values)
    for which, left, d in zip(of, factors, d_kept, strict=True):
        if isinstance(which, int):
            d_kernels[which] = d_kernels[which] + weight_gradient(left, d, precision)
        else:
            rows, entries = (left, d) if which == "read" else (d, left)
            d_values = d_values + jnp.einsum("tbu,tbe->bue", rows, entries, precision=EXACT)
    d_memory = None if memory is None else Memory(d_values, d_valid)
    return tuple(d_kernels), d_small, d_carry, d_xs, d_memory


late_scan.defvjp(_forward, _backward)

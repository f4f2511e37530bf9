"""Lines of handwriting: how a text is cut into them, and when the pen has written one."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.domains.handwriting import writing
from seqgen.domains.handwriting.offsets import DOWN, END, UP
from seqgen.domains.handwriting.wrap import lines_of
from seqgen.errors import UsageError
from seqgen.nn.context import Context
from seqgen.nn.recurrence import Memory
from seqgen.nn.window import WindowCarry

text_ends = jax.jit(writing.text_ends)


def pens(state: int, rows: int) -> tuple[Any, Any]:
    return jnp.zeros((rows, 2)), jnp.full(rows, state)


def at(positions: Any, entries: list[int], alpha: Any = 1.0, beta: Any = 1.0) -> tuple[Any, Context]:
    """A carry whose window is at `positions` [B, K], over memories of so many entries, the last of them the end."""
    positions = np.asarray(positions, np.float32)
    alpha, beta = (np.broadcast_to(np.float32(value), positions.shape) for value in (alpha, beta))
    valid = np.arange(max(entries)) < np.array(entries)[:, None]
    carry = WindowCarry(None, *map(jnp.asarray, (alpha, beta, positions)), None)  # type: ignore[arg-type]
    return (carry,), Context(memory=Memory(jnp.zeros((*valid.shape, 1)), jnp.asarray(valid, jnp.float32)))


def stops(state: int, carry: Any, context: Context) -> list[bool]:
    found: list[bool] = text_ends(carry, pens(state, context.memory.valid.shape[0]), context).tolist()
    return found


def test_a_text_ends_where_the_window_and_the_pen_say_so() -> None:
    # "abc" and its end are entries 0 to 3; the window stands on b, on c, on the end, beyond it, far beyond it.
    carry, context = at([[1.2], [2.2], [2.8], [4], [9]], [4] * 5)
    assert stops(DOWN, carry, context) == [False] * 5
    assert stops(UP, carry, context) == [False, False, False, False, True]  # the window has left the text
    assert stops(END, carry, context) == [False, True, True, True, True]  # the last character does
    # So far beyond that in float32 nothing has any weight.
    assert stops(END, *at([[40.0]], [4])) == stops(UP, *at([[40.0]], [4])) == [True]
    # A window that has hardly any weight before the end has not left.
    assert stops(UP, *at([[1.0]], [4], alpha=1e-4)) == [False]
    # Gaussians that read nothing, low or narrow, may have wandered off the text while one stands on b.
    wandered = [[1.3, 40.0, 600.0]]
    assert stops(UP, *at(wandered, [4], alpha=[[0.04, 1e-3, 1e-3]], beta=[[10.0, 500, 500]])) == [False]
    assert stops(UP, *at(wandered, [4], alpha=[[0.04, 0.05, 1e-3]], beta=[[10.0, 5000, 5000]])) == [False]


def test_each_line_of_a_batch_has_its_own_end() -> None:
    carry, context = at([[8.0], [8.0], [8.0], [0.0]], [4, 5, 9, 2])
    assert stops(UP, carry, context) == [True, True, False, False]
    assert stops(END, carry, context) == [True, True, True, True]
    assert stops(END, *at([[3.0], [3.0], [3.0]], [4, 5, 9])) == [True, True, False]


def test_a_line_of_prediction_ends_where_it_is_said_to() -> None:
    steps = jnp.zeros((3, 2)), jnp.array([DOWN, UP, END])
    assert writing.line_ends((), steps, Context()).tolist() == [False, False, True]


@given(st.text(st.sampled_from("ab é\t\n\r\v\u2028\u00a0-"), max_size=60), st.integers(1, 12))
def test_lines_hold_all_words_in_order(text: str, width: int) -> None:
    if not text.strip():
        with pytest.raises(UsageError, match="there is nothing to write"):
            lines_of(text, width)
        return
    lines = lines_of(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(line) <= width and line == " ".join(line.split()) for line in lines)


def test_blank_lines_stay_inside_a_text() -> None:
    assert lines_of("\n\na\n\n \nb\n") == ["a", "", "", "b"]
    assert lines_of("one-two three", 4) == ["one-", "two", "thre", "e"]  # textwrap alone leaves "two "
    assert lines_of("a" * 100_000, 40) == ["a" * 40] * 2500

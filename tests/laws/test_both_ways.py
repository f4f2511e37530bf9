"""Networks that read a window both ways: one LSTM each way, in NumPy."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from law_networks import BIDIRECTIONAL, B, T, assert_close, at, first, unrolled
from numpy.typing import NDArray

from seqgen.errors import UsageError
from seqgen.nn.recurrence import LSTMCarry


def loop(cell: Any, start: Any, xs: NDArray[Any]) -> tuple[NDArray[Any], tuple[NDArray[Any], NDArray[Any]]]:
    """An LSTM over `[T, D]`, in NumPy."""
    (hidden, cells), outputs = start, []
    for x in xs:
        z = x @ cell["input_kernel"] + hidden @ cell["hidden_kernel"] + cell["bias"]
        i, f, o = (1 / (1 + np.exp(-part)) for part in np.split(z, 4)[:2] + np.split(z, 4)[3:])
        cells = f * cells + i * np.tanh(np.split(z, 4)[2])
        hidden = o * np.tanh(cells)
        outputs.append(hidden)
    return np.array(outputs), (hidden, cells)


def test_both_ways_is_one_lstm_each_way() -> None:
    """Every sequence of a packed row is read by itself, forwards and backwards; padding at the end is not there."""
    network = BIDIRECTIONAL
    params, carry, inputs, _, _, context = first(network)
    bounds = [[(0, T)], [(0, 30), (30, 31), (31, 60)], [(0, 17), (17, 40)]]
    reset, valid = np.zeros((B, T), bool), np.zeros((B, T), bool)
    for row, sequences in enumerate(bounds):
        for begin, end in sequences:
            reset[row, begin] = begin > 0 or row == 1  # rows 0 and 2 go on from the carry
            valid[row, begin:end] = True
    after, features = unrolled(network)(params, carry, inputs, reset, valid, context)

    numbers = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), (params, carry))
    for row, sequences in enumerate(bounds):
        below = np.asarray(inputs.steps[row], np.float64)
        for layer in range(network.layers):
            forward, backward = (numbers[0][f"layer{layer}"][way] for way in ("forward", "backward"))
            out = np.zeros((T, network.width))
            state = at(tuple(numbers[1][layer][0]), row)
            for begin, end in sequences:
                xs = below[begin:end]
                ahead, state = loop(forward, forward["first"] if reset[row, begin] else state, xs)
                back, first_state = loop(backward, backward["first"], xs[::-1])
                out[begin:end] = np.concatenate([ahead, back[::-1]], axis=1)
                if begin == 0:  # what the way back ends with
                    assert_close(at(after[layer][1], row), LSTMCarry(*first_state), 1e-5)
            assert_close(at(after[layer][0], row), LSTMCarry(*state), 1e-5)
            below = out
        np.testing.assert_allclose(features[row], below, rtol=1e-5, atol=1e-5)


def test_both_ways_has_no_single_step() -> None:
    params, carry, inputs, *_ = first(BIDIRECTIONAL)
    with pytest.raises(UsageError, match="reads whole sequences: it has no single step, and no samples"):
        BIDIRECTIONAL.step(params, carry, at(inputs, np.s_[:, 0]))

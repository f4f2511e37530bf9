"""Convolutions, against XLA's own, and the layer that has them."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from flax import nnx

from seqgen import LSTM, Continuous, Convolution, Network, UsageError
from seqgen.nn.cells import places_left
from seqgen.nn.encoder.convolution import Convolutions


@pytest.mark.parametrize("sides", [(7, 8), (6, 5), (1, 2), (16, 16)])
def test_it_is_the_convolution_of_xla(sides: tuple[int, int]) -> None:
    ours = Convolutions(3, (5, 4), precision="f32", rngs=nnx.Rngs(0))
    pictures = np.random.default_rng(0).normal(size=(2, *sides, 3)).astype(np.float32)
    theirs: jax.Array | np.ndarray = pictures
    for kernel, channels in ((ours.kernel0, 3), (ours.kernel1, 5)):  # type: ignore[attr-defined]
        filters = kernel[...].reshape(3, 3, channels, -1)
        layout = ("NHWC", "HWIO", "NHWC")
        # Padded as ours, from before: "SAME" of an even side would begin at the first place.
        theirs = jax.lax.conv_general_dilated(theirs, filters, (2, 2), [(1, 1), (1, 1)], dimension_numbers=layout)
        theirs = jax.nn.relu(theirs)
    assert theirs.shape[1:3] == places_left(*sides, 2)
    np.testing.assert_allclose(ours(pictures), theirs, rtol=1e-5, atol=1e-5)


def test_a_frame_is_known_wherever_it_is_seen() -> None:
    """Of what `everywhere` sees nothing changes when a picture moves by a stride."""
    layer = Convolution(16, 16, filters=(4,), everywhere=True)
    network = Network(Continuous(256), (layer, LSTM(3)))
    params = network.init(jax.random.key(0))
    frame = np.zeros((16, 16), np.float32)
    frame[2:5, 4:7] = np.random.default_rng(1).uniform(1, 2, (3, 3))
    from seqgen.nn.stack import merge

    cell = merge(network, params).layer0.cell
    here, there = (cell.project(np.roll(frame, move, (0, 1)).reshape(1, 256)) for move in (0, 6))
    np.testing.assert_array_equal(here, there)
    assert here.any()


def test_frames_of_another_size_and_no_filters_are_refused() -> None:
    with pytest.raises(UsageError, match="frames of 4 x 4 x 1 come as so many values, not as 15"):
        Network(Continuous(15), (Convolution(4, 4), LSTM(3))).init(jax.random.key(0))
    with pytest.raises(UsageError, match="1 or more"):
        Convolution(4, 4, filters=())

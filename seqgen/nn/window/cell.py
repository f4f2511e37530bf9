"""An LSTM layer that looks at a memory through Graves' Gaussian window while it unrolls.

Graves (2013), section 5.1: what the window sees feeds back into the layer that moves it, so it is part of the recurrence.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import nnx

from .. import recurrence
from ..lstm import LSTMCell
from ..recurrence import EXACT, Array, Carry, Masks, Memory, Times, Update
from . import WindowCarry, gaussian_window

# The first steps of training must move the window slowly, about 1/16 of an entry a position, or no alignment forms.
STEP_BIAS = -2.75
# exp(30) is 1e13: sharper, higher or farther than any window over a text, and small enough that products of several, as
# in the window and its gradient, stay finite in float32, which ends at 3e38. Without a bound an infinite sharpness times
# a distance of 0 is no number.
MAX_LOG = 30.0


class WindowCell(nnx.Module):
    """An LSTM layer that reads a memory of width `entry` through a window of `components` Gaussians.

    phi(t, u) = sum_k alpha_k exp(-beta_k (kappa_k - u)^2);  w_t = sum_u phi(t, u) memory_u  (equations 46-51).
    Features are the hidden vector followed by the window's contents, `[B, H + E]`.
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        entry: int,
        components: int,
        layer_norm: bool = False,
        learned_start: bool = False,
        precision: str = "f32",
        rngs: nnx.Rngs,
    ) -> None:
        self.lstm = LSTMCell(
            inputs, units, layer_norm=layer_norm, learned_start=learned_start, precision=precision, rngs=rngs
        )
        self.precision, self.entry, self.components = precision, entry, components
        self.seen_kernel = nnx.Param(nnx.initializers.lecun_normal()(rngs.params(), (entry, 4 * units)))
        self.window_kernel = nnx.Param(
            nnx.initializers.variance_scaling(0.1, "fan_in", "normal")(rngs.params(), (units, 3 * components))
        )
        self.window_bias = nnx.Param(jnp.zeros(3 * components).at[2 * components :].set(STEP_BIAS))

    def start(self, batch: int, memory: Memory | None = None) -> WindowCarry:
        window = jnp.zeros((batch, self.components))
        return WindowCarry(self.lstm.start(batch), window, window, window, jnp.zeros((batch, self.entry)))

    def project(self, inputs: Array) -> Array:
        return self.lstm.project(inputs)

    @property
    def kernels(self) -> tuple[Array, ...]:
        return (jnp.concatenate([*self.lstm.kernels, self.seen_kernel[...]]),)

    @property
    def small(self) -> Any:
        return self.lstm.small, self.window_kernel[...], self.window_bias[...]

    @property
    def update(self) -> Update:
        lstm = self.lstm.update

        def update(small: Any, carry: WindowCarry, x: Array, memory: Any, times: Times) -> Any:
            lstm_small, kernel, bias = small
            both = times(0, jnp.concatenate([carry.lstm.hidden, carry.seen], axis=-1))
            inner, hidden = lstm(lstm_small, carry.lstm, x, None, lambda *_: both)
            # Not `times`: to add so small a gradient at every position costs less than to keep what a late one is made of.
            window = jnp.exp(jnp.minimum(jnp.matmul(hidden, kernel, precision=EXACT) + bias, MAX_LOG))
            alpha, beta, advance = jnp.split(window, 3, axis=-1)
            position = carry.position + advance
            seen = memory.read(gaussian_window(alpha, beta, position, memory.valid))
            return WindowCarry(inner, alpha, beta, position, seen), jnp.concatenate([hidden, seen], axis=-1)

        return update

    def scan(self, carry: Carry, inputs: Array, masks: Masks | None, memory: Memory | None) -> tuple[Carry, Array]:
        return recurrence.scan(self, carry, inputs, masks, memory)

"""Our LSTM in a Flax model of your own: an echo, three positions late.

python examples/flax_layer.py

`LSTMCell` is a cell as Flax knows them: `nnx.RNN` runs it. `recurrence.unroll` runs the same cell over a whole window,
as this library does, with its kernel and the gradient that comes late. Both give the same numbers.
"""

from __future__ import annotations

import argparse

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from seqgen.nn import recurrence
from seqgen.nn.lstm import LSTMCell

SYMBOLS, DELAY, ROWS, LENGTH = 8, 3, 32, 40


class Echo(nnx.Module):
    """A table, our LSTM, a linear layer: nothing of it but the cell is ours."""

    def __init__(self, units: int, *, rngs: nnx.Rngs) -> None:
        self.table = nnx.Embed(SYMBOLS, 16, rngs=rngs)
        self.cell = LSTMCell(16, units, rngs=rngs)
        self.out = nnx.Linear(units, SYMBOLS, rngs=rngs)

    def __call__(self, symbols: jax.Array) -> jax.Array:
        """Symbols `[B, T]` -> logits `[B, T, SYMBOLS]`."""
        start = self.cell.start(len(symbols))
        xs = jnp.swapaxes(self.table(symbols), 0, 1)  # time leads
        _, features = recurrence.unroll(self.cell, start, xs, start=start)
        logits: jax.Array = self.out(jnp.swapaxes(features, 0, 1))
        return logits

    def by_flax(self, symbols: jax.Array) -> jax.Array:
        features: jax.Array = nnx.RNN(self.cell)(self.table(symbols))
        logits: jax.Array = self.out(features)
        return logits


@nnx.jit
def learn(model: Echo, optimizer: nnx.Optimizer[Echo], symbols: jax.Array) -> jax.Array:
    def loss(model: Echo) -> jax.Array:
        logits = model(symbols)[:, DELAY:]
        nats: jax.Array = optax.softmax_cross_entropy_with_integer_labels(logits, symbols[:, :-DELAY]).mean()
        return nats

    nats: jax.Array
    nats, gradient = nnx.value_and_grad(loss)(model)
    optimizer.update(model, gradient)
    return nats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random, model = np.random.default_rng(args.seed), Echo(64, rngs=nnx.Rngs(args.seed))
    optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
    for _ in range(args.steps):
        nats = learn(model, optimizer, jnp.asarray(random.integers(0, SYMBOLS, (ROWS, LENGTH))))
    symbols = jnp.asarray(random.integers(0, SYMBOLS, (ROWS, LENGTH)))
    ours, theirs = model(symbols), model.by_flax(symbols)
    right = np.mean(np.asarray(ours.argmax(axis=-1))[:, DELAY:] == symbols[:, :-DELAY])
    print(f"{nats:.4f} nats a symbol; {right:.1%} of new echoes right")
    print(f"farthest from nnx.RNN: {float(jnp.abs(ours - theirs).max()):.1e}")


if __name__ == "__main__":
    main()

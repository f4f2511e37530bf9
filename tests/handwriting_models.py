"""Handwriting models of random weights, small and quick, that read a text at a steady pace and so come to its end."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import jax
import numpy as np

from seqgen.domains import handwriting
from seqgen.domains.handwriting import HandwritingModel, Offsets
from seqgen.heads import Categorical, Joint, Mixture
from seqgen.models.model import Model
from seqgen.models.pretrained import save_pretrained
from seqgen.nn.network import Network

CODEC = Offsets(" .abcdefghijklmnopqrstuvwxyz", ("round", "flat"), (0.1, 0.01), (0.2, 0.15))
K = 3


def model_for(codec: Offsets) -> Model:
    network = Network(
        codec.spec,
        layers=1,
        units=12,
        embedding=3,
        skip=True,
        source=codec.symbols,
        source_width=6,
        window=2 if codec.symbols else 0,
        static=len(codec.hands),
        static_width=3,
    )
    return Model(network, Joint((Mixture(K, sigma_floor=0.03), Categorical(3))))


def random_params(model: Model, pace: float) -> Any:
    """`pace`: characters a point that the window goes on, whatever it reads."""
    random = np.random.default_rng(5)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    params: Any = jax.tree.map(lambda leaf: random.normal(0, 0.5, leaf.shape).astype(np.float32), shapes)
    params["head"]["1"]["kernel"] *= 0.2
    params["head"]["1"]["bias"] = np.array([1, 0, -0.7], np.float32)  # lifts, ends: about one in four, one in eight
    if model.network.window:
        cell = params["network"]["layer0"]["cell"]
        cell["window_kernel"] *= 0
        cell["window_bias"] = np.repeat(np.array([0, 0, math.log(pace)], np.float32), model.network.window)
    return params


def save_random(folder: Path, codec: Offsets = CODEC, pace: float = 0.25) -> HandwritingModel:
    """A model in a folder of its own, loaded."""
    model = model_for(codec)
    save_pretrained(folder, domain="handwriting", codec=codec.to_dict(), model=model, params=random_params(model, pace))
    return handwriting.load(folder)


def save_prediction(folder: Path) -> HandwritingModel:
    """One that continues ink and knows no text."""
    return save_random(folder, dataclasses.replace(CODEC, alphabet=""))

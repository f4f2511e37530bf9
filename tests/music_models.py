"""Music models of random weights, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np

from seqgen.domains import music
from seqgen.domains.music import Beats, Grid, Performance
from seqgen.domains.music.voices.told import WIDTH
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.models.pretrained import save_pretrained
from seqgen.nn.network import Network


def saved(folder: Path, codec: Beats | Grid | Performance, favoured: slice) -> music.MusicModel:
    """A model of random weights that likes some symbols, so that what it makes has some of everything."""
    told: dict[str, Any] = {"controls": WIDTH, "ahead": 4, "given": True} if getattr(codec, "given", False) else {}
    model = Model(Network(codec.spec, layers=1, units=8, embedding=4, **told), Categorical(codec.spec.size))
    random = np.random.default_rng(3)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    params: Any = jax.tree.map(lambda leaf: random.normal(0, 0.7, leaf.shape).astype(np.float32), shapes)
    params["head"]["bias"][favoured] += 2
    save_pretrained(folder, domain="music", codec=codec.to_dict(), model=model, params=params)
    return music.load(folder)

"""What `seqgen info` tells of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import UnknownName
from ..nn.network import Network
from .card import CARD
from .pretrained import from_pretrained, resolve
from .shipped import megabytes, shipped


def find(name: str | Path) -> Path:
    """The folder of a model of any domain, by shipped name, run or model folder. Raises UnknownName, ModelError."""
    known = {path.name: path for path in shipped()}
    try:
        return known.get(str(name)) or resolve(name, Path())
    except UnknownName:
        raise UnknownName("model", str(name), known) from None


def describe(name: str | Path) -> str:
    """A few lines on a model, by shipped name, run or model folder. Raises UnknownName, ModelError."""
    folder = find(name)
    given = from_pretrained(folder)
    network, notes = given.model.network, given.training
    lines = [
        f"{folder.absolute().name}: a model of {given.domain}, {megabytes(folder):.1f} MB in {folder}",
        f"  network   {_shape(network)}, {given.parameters:,} parameters, reads {network.spec}",
        f"  head      {given.model.head}",
    ]
    lines += [f"  {key!s:9.9} {_told(value)}" for key, value in notes.items() if key != "settings"]
    card = folder / CARD
    lines += [f"  card      {card}"] if card.exists() else []
    # The notes are a stranger's words: no terminal is to obey them.
    return "\n".join("".join(letter if letter.isprintable() else " " for letter in line) for line in lines)


def _told(value: Any) -> str:
    """A note in a few words: numbers to six digits, of settings those that say something."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(one)}" for key, one in value.items() if one not in ("", None))
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)


def _shape(network: Any) -> str:
    """Layers in a word: "2 x 512 LSTM"."""
    if not isinstance(network, Network):
        return str(network)
    if isinstance(network.layers, int):
        return f"{network.layers} x {network.units} LSTM"
    return ", ".join(map(str, network.layers))

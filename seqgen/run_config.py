"""config.json of a run folder: what a run is made of, and its story: when it began, how, on what, and each resume."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from . import native
from .errors import ModelError
from .storage import replace_file

FORMAT = 1
_DICTS = ("training", "data", "codec", "network", "head")
_WORDS = ("domain", "size", "data_sha256")
_KINDS = {"seed": int, "steps": int, **dict.fromkeys(_WORDS, str), **dict.fromkeys(_DICTS, dict)}


def read_config(folder: Path | str) -> dict[str, Any]:
    """A run's config.json. Raises ModelError when the folder holds no run, or one of a newer version."""
    path = Path(folder) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} holds no run: there is no config.json; name a folder that `train --out` made"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}; the run is damaged") from None
    number = config.get("format") if isinstance(config, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise ModelError(f"{path} has format {number}, this seqgen reads up to {FORMAT}: pip install --upgrade seqgen")
    if number != FORMAT or "from" not in config or not all(isinstance(config.get(n), _KINDS[n]) for n in _KINDS):
        raise ModelError(f"{path} is not that of a run, or damaged; name a folder that `train --out` made")
    return dict(config)


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    replace_file(folder / "config.json", json.dumps(config, indent=1).encode() + b"\n")


def circumstances() -> dict[str, Any]:
    """When, how and on what: for whoever reads config.json; nothing depends on it."""
    packages = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
    devices = jax.devices()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv[1:],
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
        "devices": f"{len(devices)} x {devices[0].device_kind}, {jax.process_count()} processes",
        "kernel": "native" if native.usable() else "xla",
    }

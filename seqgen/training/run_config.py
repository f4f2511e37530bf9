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

from ..errors import ModelError, UsageError
from ..files.storage import replace_file
from ..machine import native

MAX_BYTES = 1 << 22  # every character of Unicode in a codec, and more
FORMAT = 1
_DICTS = ("training", "data", "codec")
_WORDS = ("domain", "size", "data_sha256")
_KINDS = {"seed": int, "steps": int, **dict.fromkeys(_WORDS, str), **dict.fromkeys(_DICTS, dict)}


def read_config(folder: Path | str) -> dict[str, Any]:
    """A run's config.json. Raises ModelError when the folder holds no run, or one of a newer version."""
    path = Path(folder) / "config.json"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ModelError(f"{path} holds more than the {MAX_BYTES} bytes it may; the run is damaged")
        config = json.loads(data.decode())
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} holds no run: there is no config.json; name a folder that `train --out` made"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read {path}: {error}; the run is damaged") from None
    number = config.get("format") if isinstance(config, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise ModelError(f"{path} has format {number}, this seqgen reads up to {FORMAT}: pip install --upgrade seqgen")
    kinds = {**_KINDS, **dict.fromkeys(("model",) if "model" in config else ("network", "head"), dict)}
    if number != FORMAT or "from" not in config or not all(isinstance(config.get(n), kinds[n]) for n in kinds):
        raise ModelError(f"{path} is not that of a run, or damaged; name a folder that `train --out` made")
    return dict(config)


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    data = json.dumps(config, indent=1).encode() + b"\n"
    if len(data) > MAX_BYTES:
        raise UsageError(f"what a run is to remember takes {len(data)} bytes, more than the {MAX_BYTES} allowed")
    replace_file(folder / "config.json", data)


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

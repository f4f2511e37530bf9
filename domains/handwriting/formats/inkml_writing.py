"""Ink as InkML (W3C Recommendation, 2011): a traceGroup a line, with what it says, who wrote it and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np

from ..ink import Ink

_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # control characters, lone surrogates
_CHANNELS = {
    "xy": '<channel name="X" type="decimal"/><channel name="Y" type="decimal"/>',
    "xyt": '<channel name="X" type="decimal"/><channel name="Y" type="decimal"/><channel name="T" type="decimal" units="ms"/>',
}


def inkml(inks: Sequence[Ink]) -> str:
    """Lines of ink as InkML: coordinates in full, in the ink's unit, times in ms to the microsecond.

    Annotations of a line: truth is its text, writer its hand, x-height the height of letters like x where it is known;
    line marks it as one. Lines that lie upon each other, as a model's do, are moved one below the other.

    >>> print(inkml([Ink([[[0, 1.5]]], text="<")]).splitlines()[5])
    <traceGroup contextRef="#xy"><annotation type="line"/><annotation type="truth">&lt;</annotation>
    """
    kinds = ["xyt" if ink.times else "xy" for ink in inks]
    contexts = [
        f'<context xml:id="{kind}"><traceFormat>{channels}</traceFormat></context>'
        for kind, channels in _CHANNELS.items()
        if kind in kinds
    ]
    lines = [_line(ink, kind) for ink, kind in zip(apart(inks), kinds, strict=True)]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<ink xmlns="http://www.w3.org/2003/InkML">'
    return "\n".join([head, "<definitions>", *contexts, "</definitions>", *lines, "</ink>", ""])


def apart(inks: Sequence[Ink]) -> list[Ink]:
    """The lines where they are, or one below the other where two that follow each other overlap by half their height.

    >>> [ink.bounds[1] for ink in apart([Ink([[[0, 0], [9, 2]]], height=1), Ink([[[0, 0], [9, 2]]], height=1)])]
    [0.0, 2.5]
    """
    boxes = [ink.bounds for ink in inks]
    upon = any(
        min(one[3], two[3]) - max(one[1], two[1]) > min(one[3] - one[1], two[3] - two[1]) / 2
        and min(one[2], two[2]) > max(one[0], two[0])
        for one, two in pairwise(boxes)
    )
    if not upon:
        return list(inks)
    placed = [inks[0]]
    for ink, (_, top, _, _) in zip(inks[1:], boxes[1:], strict=True):
        placed.append(ink.moved(0.0, placed[-1].bounds[3] + 0.5 * placed[-1].x_height() - top))
    return placed


def _line(ink: Ink, kind: str) -> str:
    said = {"truth": ink.text, "writer": ink.hand, "x-height": ink.height and repr(ink.height)}
    notes = [
        f'<annotation type="{name}">{escape(_NO_XML.sub("", text))}</annotation>' for name, text in said.items() if text
    ]
    traces = []
    for number, stroke in enumerate(ink.strokes):
        rows = [[repr(value).removesuffix(".0") for value in point] for point in stroke.tolist()]
        if ink.times:
            stamps = np.round(ink.times[number] * 1000, 3).tolist()
            rows = [[*row, f"{stamp:.15g}"] for row, stamp in zip(rows, stamps, strict=True)]
        traces.append(f"<trace>{','.join(map(' '.join, rows))}</trace>")
    group = f'<traceGroup contextRef="#{kind}"><annotation type="line"/>{"".join(notes)}'
    return "\n".join([group, *traces, "</traceGroup>"])

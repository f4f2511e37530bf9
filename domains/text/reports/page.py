"""A report as one HTML file: table, picture, and the text with each character as dark as it is surprising. No script."""

from __future__ import annotations

import itertools
from html import escape

import numpy as np

from .report import Report, table

SHOWN = 20_000  # characters of the text
SHADES = 10
TOP = 6.0  # nats: what is less expected is not darker
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222;background:#fff}
pre{font:14px/1.7 ui-monospace,monospace;white-space:pre-wrap}svg{max-width:100%}"""


def page(own: Report) -> str:
    """The whole file."""
    shades = "".join(f".s{shade}{{background:rgba(200,60,20,{shade / SHADES:.1f})}}" for shade in range(1, SHADES + 1))
    more = f" (the first {SHOWN:,} characters)" if len(own.text) > SHOWN else ""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>seqgen: {escape(own.name)}</title><style>{_STYLE}{shades}</style>
<h1>{escape(own.name)}</h1><pre>{escape(table(own))}</pre>
<h2>Loss by distance to a beginning</h2>{_bars(own)}
<h2>What surprised it{more}</h2><p>The darker a character, the less it was expected: none at 0 nats, full at {TOP:g}.</p>
<pre>{_shaded(own)}</pre></html>
"""


def _shaded(own: Report) -> str:
    """Neighbours of one shade share an element."""
    text, nats = own.text[:SHOWN], own.surprise[:SHOWN]
    shades = np.clip(np.round(nats / TOP * SHADES), 0, SHADES).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(shades)) + 1).tolist(), len(text)]
    parts = []
    for begin, end in itertools.pairwise(edges):
        told = escape(text[begin:end])
        parts.append(f'<span class="s{shades[begin]}">{told}</span>' if shades[begin] else told)
    return "".join(parts)


def _bars(own: Report) -> str:
    most = max(nats for _, _, nats in own.memory)
    rows = []
    for row, (low, high, nats) in enumerate(own.memory):
        y, width = 24 * row, 400 * nats / most
        rows.append(
            f'<text x="90" y="{y + 15}" text-anchor="end">{low} to {high - 1}</text>'
            f'<rect x="100" y="{y}" width="{width:.1f}" height="20" fill="#c83c14"/>'
            f'<text x="{108 + width:.1f}" y="{y + 15}">{nats:.3f}</text>'
        )
    height = 24 * len(own.memory)
    label = "nats a character by how many characters stand between it and a beginning"
    return (
        f'<svg viewBox="0 0 600 {height}" width="600" height="{height}" role="img" font-size="13" '
        f'font-family="sans-serif"><title>{label}</title>{"".join(rows)}</svg>'
    )

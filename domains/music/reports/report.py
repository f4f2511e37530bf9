"""A report as a value: what a model of four voices makes, beside what it learned from; told as a table, drawn as a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from seqgen.batching.encode import read_named
from seqgen.domain import Splits
from seqgen.errors import DataError, UsageError

from .. import TEMPERATURE
from ..grid import Grid
from ..score import Score
from .copies import Known, Run
from .marks import bars_of, kept, ranges_of, rates, total

if TYPE_CHECKING:
    from ..api import MusicModel

PRIMER = 8  # bars that are gone on from, and new ones
_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222;background:#fff}
pre{font:14px/1.7 ui-monospace,monospace;white-space:pre-wrap}svg{max-width:100%}"""


class Report(NamedTuple):
    """What a model makes. figures: by name, of its samples and of the pieces they stand beside.

    copied: the longest run that each sample shares with a piece it learned from; alike: the same of held-out pieces.
    """

    name: str
    beside: str
    bars: int
    samples: int
    pieces: int
    figures: dict[str, tuple[float, float]]
    copied: list[Run]
    alike: list[Run]


def report(
    model: MusicModel,
    *,
    beside: str | Splits[Score] | None = None,
    count: int = 20,
    bars: int = 16,
    temperature: float = TEMPERATURE,
    seed: int = 0,
) -> Report:
    """Samples measured beside the pieces they should be like, see `MusicModel.report`."""
    if not isinstance(model.codec, Grid):
        raise UsageError(f"this report is of four voices, and {model.name} is no model of them; take one that is")
    name = beside if beside is not None else model.learned_from
    if not name:
        raise UsageError(
            "it is not known what this model learned from; name a file, folder or data set to stand beside"
        )
    if count < 1:
        raise UsageError(f"a report on {count} samples cannot be; ask for 1 or more")
    from ..presets import DOMAIN

    found = read_named(DOMAIN, name, dict(DOMAIN.reading.settings)) if isinstance(name, str) else name
    if not isinstance(found, Splits):
        raise UsageError(f"{name} holds steps, not pieces; name what it was made of")
    held = [*found.valid, *found.test]
    pieces = [*found.train, *held]
    if not pieces:
        raise DataError(f"{name} has no pieces to stand beside; name another")
    ranges = ranges_of(model.codec, pieces)
    made = [one.score for one in model.compose([None] * count, bars=bars, temperature=temperature, seed=seed)]
    ours, theirs = (rates(total(part, ranges)) for part in (made, pieces))
    figures = {what: (ours[what], theirs[what]) for what in ours}
    halves = [(bars_of(piece, 0, PRIMER), bars_of(piece, PRIMER, 2 * PRIMER)) for piece in held]
    both = [(one, two) for one, two in halves if one is not None and two is not None and one.notes and two.notes]
    if both:
        primers, after = zip(*both, strict=True)
        gone_on = [
            model.compose([primer], bars=PRIMER, temperature=temperature, seed=seed)[0].score.since(primer.seconds)
            for primer in primers[:count]
        ]
        for what, own, other in zip(
            ("stay in its key", "stay in it or a close one"),
            kept(primers[:count], gone_on),
            kept(primers, after),
            strict=True,
        ):
            figures[f"{PRIMER} bars after a primer of {PRIMER} {what}, %"] = own, other
    known = Known(found.train)
    copied, alike = ([known.longest(piece) for piece in part] for part in (made, held[:count]))
    return Report(model.name, _called(name), bars, count, len(pieces), figures, copied, alike)


def _called(name: str | Splits[Score]) -> str:
    return name if isinstance(name, str) else "the pieces given"


def table(own: Report) -> str:
    """As lines for a terminal."""
    width = max(map(len, own.figures)) + 2
    lines = [
        f"{own.name}: {own.samples} samples of {own.bars} bars, beside {own.pieces} pieces of {own.beside}",
        f"{'':{width}}{'samples':>9}{'pieces':>9}",
    ]
    lines += [f"{what:{width}}{ours:9.2f}{theirs:9.2f}" for what, (ours, theirs) in own.figures.items()]
    for what, runs in (("samples", own.copied), ("held-out pieces", own.alike)):
        if runs:
            mean = sum(run.length for run in runs) / len(runs)
            lines.append(
                f"longest run of {what} that a piece learned from has, in any key: {mean:.1f} sixteenths on average"
            )
    best = max(own.copied)
    number = own.copied.index(best) + 1
    lines.append(
        f"the longest: {best.length} sixteenths from bar {best.own} of sample {number}, "
        f"which are bar {best.bar} of piece {best.piece + 1}"
    )
    return "\n".join(lines)


def page(own: Report) -> str:
    """One HTML file: the table and a picture of it. No script."""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>seqgen: {escape(own.name)}</title><style>{_STYLE}</style>
<h1>{escape(own.name)}</h1><pre>{escape(table(own))}</pre>{bars_svg(own.figures)}</html>
"""


def bars_svg(figures: dict[str, tuple[float, float]]) -> str:
    """Two bars a figure, samples above pieces; the longer of each pair has the same length: they are of several units."""
    parts = []
    for row, (what, pair) in enumerate(figures.items()):
        top = 52 * row
        parts.append(f'<text x="0" y="{top + 14}">{escape(what)}</text>')
        for below, (value, colour) in enumerate(zip(pair, ("#c83c14", "#8a8a8a"), strict=True)):
            length, y = 400 * value / max(*pair, 1e-9), top + 19 + 13 * below
            parts.append(f'<rect x="0" y="{y}" width="{length:.1f}" height="12" fill="{colour}"/>')
            parts.append(f'<text x="{length + 6:.1f}" y="{y + 11}" font-size="12">{value:.2f}</text>')
    height = 52 * len(figures)
    label = "figures of samples, red, and of the pieces they stand beside, grey"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 520 {height}" width="520" height="{height}" role="img" '
        f'font-size="14" font-family="sans-serif"><title>{label}</title>{"".join(parts)}</svg>'
    )

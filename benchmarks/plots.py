"""Pictures of what the speed benchmarks wrote with --json: bars for every rate, curves for time_to_loss.

`python benchmarks/plots.py figures/*.json --out docs/pictures` writes one SVG a unit and file, named after the file.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import svgwrite

WIDTH, LEFT, RIGHT, TOP, BAR = 720, 180, 570, 64, 20
INK, FAINT, GRID = "#24292f", "#59636e", "#e6e9ed"
COLORS = {"seqgen": "#0969da", "torch": "#bc4c00", "flax": "#8250df", "keras": "#1a7f37"}  # bf16 paler
UNITS = {"tokens/s": "rates", "points/s": "mixture", "symbols/s": "rates", "us/token": "windows", "s": "seconds"}


class Canvas:
    """A white picture with a title."""

    def __init__(self, title: str, note: str, height: int) -> None:
        # debug=False: svgwrite's own checks cost twenty times the drawing. All numbers are finite.
        self.picture: Any = svgwrite.Drawing(size=(WIDTH, height), viewBox=f"0 0 {WIDTH} {height}", debug=False)
        self.picture.set_desc(title=title, desc=note)
        self.picture.add(self.picture.rect((0, 0), (WIDTH, height), fill="white"))
        style: Any = {"font_family": "system-ui, Helvetica, Arial, sans-serif", "font_size": 12, "fill": FAINT}
        self.group = self.picture.add(self.picture.g(**style))
        self.write(title, 16, 26, font_size=16, font_weight="bold", fill=INK)
        self.write(note, 16, 46)

    def write(self, text: str, x: float, y: float, **style: Any) -> None:
        self.group.add(self.picture.text(text, (round(x, 1), round(y, 1)), **style))

    def line(self, x0: float, y0: float, x1: float, y1: float, color: str, width: float = 1) -> None:
        ends = (round(x0, 1), round(y0, 1)), (round(x1, 1), round(y1, 1))
        self.group.add(self.picture.line(*ends, stroke=color, stroke_width=width))

    def save(self, path: Path) -> None:
        path.write_text(self.picture.tostring(), encoding="utf-8")


def bars(rows: Sequence[Mapping[str, Any]], title: str, note: str) -> Canvas:
    """Medians as bars, lowest and highest as a line across the end, in groups by what stands before the colon."""
    groups = [(what, list(found)) for what, found in groupby(rows, lambda row: row["what"].rpartition(": ")[0])]
    canvas = Canvas(title, note, TOP + BAR * len(rows) + 34 * len(groups))
    y = TOP
    for what, found in groups:
        # Shapes that differ share no scale; seconds do.
        most = max(row["high"] or row["reached"] for row in (rows if found[0]["unit"] == "s" else found)) or 1.0
        canvas.write(what, 16, y + 16, fill=INK, font_weight="bold")
        y += 24
        for row in found:
            name = row["what"].rpartition(": ")[2]
            ends = [
                LEFT + (RIGHT - LEFT) * row[key] / most for key in ("reached", "low", "high") if row[key] is not None
            ]
            canvas.write(name, LEFT - 8, y + 14, text_anchor="end")
            corner, size = (LEFT, y + 3), (round(max(ends[0] - LEFT, 1), 1), BAR - 6)
            canvas.group.add(canvas.picture.rect(corner, size, fill=_color(row["what"]), fill_opacity=_shade(name)))
            if len(ends) == 3:
                canvas.line(ends[1], y + BAR / 2, ends[2], y + BAR / 2, INK, 1.5)
            canvas.write(f"{_short(row['reached'])} {row['unit']}", max(ends) + 6, y + 14)
            y += BAR
        y += 10
    return canvas


def curves(series: Mapping[str, Sequence[Sequence[float]]], title: str, note: str) -> Canvas:
    """Held-out loss over the seconds of training, cut off above where the first quarter of the way is done."""
    bottom, left = 360, 60
    canvas = Canvas(title, note, bottom + 48)
    points = [point for curve in series.values() for point in curve]
    last = max(x for x, _ in points) or 1.0
    low = min(y for _, y in points)
    high = max(low + 0.25 * (max(y for _, y in points) - low), low + 1e-3)

    def at(x: float, y: float) -> tuple[float, float]:
        up = min((y - low) / (high - low), 1.0)
        return round(left + (RIGHT - left) * x / last, 1), round(bottom - (bottom - TOP) * up, 1)

    for part in range(5):
        x, y = last * part / 4, low + (high - low) * part / 4
        canvas.line(left, at(0, y)[1], RIGHT, at(0, y)[1], GRID)
        canvas.write(f"{y:.2f}", left - 8, at(0, y)[1] + 4, text_anchor="end")
        canvas.write(f"{_short(x)} s", at(x, low)[0], bottom + 20, text_anchor="middle")
    for number, (name, curve) in enumerate(series.items()):
        style = {"fill": "none", "stroke": _color(name), "stroke_width": 2, "stroke_opacity": _shade(name)}
        line = canvas.picture.polyline([at(x, y) for x, y in curve if y <= high], **style)
        canvas.group.add(line)
        # All end at the same loss: names there would lie on one another.
        canvas.write(name, RIGHT + 16, TOP + 18 * number, fill=_color(name), font_weight="bold", opacity=_shade(name))
    return canvas


def pictures(figures: Mapping[str, Any], stem: str) -> Iterator[tuple[str, Canvas]]:
    """(file name, picture) of one file of figures."""
    title, note = stem.replace("_", " ").capitalize(), figures["about"]["machine"]
    for suffix in dict.fromkeys(UNITS.values()):
        rows = [row for row in figures["rows"] if UNITS.get(row["unit"]) == suffix and math.isfinite(row["reached"])]
        if rows:
            yield f"{stem}_{suffix}.svg", bars(rows, f"{title}: {rows[0]['unit']}", note)
    if figures.get("series"):
        yield f"{stem}_curve.svg", curves(figures["series"], f"{title}: held-out loss, nats", note)


def _color(what: str) -> str:
    return next((color for library, color in COLORS.items() if library in what), FAINT)


def _shade(name: str) -> float:
    return 0.5 if "bf16" in name else 0.85


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("figures", nargs="+", type=Path, metavar="FILE", help="what a benchmark wrote with --json")
    options.add_argument("--out", type=Path, default=Path("docs", "pictures"), metavar="FOLDER", help="(docs/pictures)")
    args = options.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for path in args.figures:
        for name, picture in pictures(json.loads(path.read_text(encoding="utf-8")), path.stem):
            picture.save(args.out / name)
            print(args.out / name)


if __name__ == "__main__":
    main()

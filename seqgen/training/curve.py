"""The learning curve of a run as one SVG picture, drawn for light and dark viewers alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 588, 72, 352  # the plot; to the right of it the lines are named
INK, FAINT, GRID = "#24292f", "#59636e", "#e6e9ed"
TRAIN, VALID = "#0969da", "#bc4c00"
BINS = 300  # more points than this are a smear at this width

Points = tuple[np.ndarray, np.ndarray]  # steps and values, float64, steps ascending


def write_curve(
    metrics: Iterable[Mapping[str, Any]], path: Path, *, unit: str, floors: Mapping[str, float] = MappingProxyType({})
) -> None:
    """Draws training loss (raw and smoothed) and validation loss over steps, both in `unit`, such as "nats/char".

    metrics: rows as `seqgen.training.metrics.read` gives them: `step` and, each where it is known, `nll`, `valid`,
    `steps_per_s`. Values that are missing or not finite are left out; without any the picture says so.
    floors: what counting alone reaches on what is validated on, by what is counted: a line across each.
    """
    import svgwrite  # here, so that its 30 ms fall due when there is something to draw

    rows = sorted(metrics, key=lambda row: row["step"])
    train, valid = _points(rows, "nll"), _points(rows, "valid")
    unit = "".join(letter for letter in unit if letter.isprintable())

    # debug=False: svgwrite's own checks cost twenty times the drawing. All numbers below are finite, all names ours.
    picture = svgwrite.Drawing(size=(WIDTH, HEIGHT), viewBox=f"0 0 {WIDTH} {HEIGHT}", debug=False)
    picture.set_desc(title="Learning curve", desc=_summary(rows, valid, floors))
    picture.add(picture.rect((0, 0), (WIDTH, HEIGHT), fill="white"))
    canvas = picture.add(picture.g(font_family="system-ui, Helvetica, Arial, sans-serif", font_size=12, fill=FAINT))

    def write(text: str, x: float, y: float, **attributes: Any) -> None:
        canvas.add(picture.text(text, (round(x, 1), round(y, 1)), **attributes))

    def line(x0: float, y0: float, x1: float, y1: float, color: str) -> None:
        canvas.add(picture.line((round(x0, 1), round(y0, 1)), (round(x1, 1), round(y1, 1)), stroke=color))

    write(f"Loss, {unit}" if unit else "Loss", LEFT, 30, font_size=16, font_weight="bold", fill=INK)
    write(_summary(rows, valid, floors), LEFT, 50)
    if not len(train[0]) + len(valid[0]):
        line(LEFT, BOTTOM, RIGHT, BOTTOM, FAINT)
        write("nothing measured yet", (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2, text_anchor="middle", font_size=14)
        path.write_text(picture.tostring(), encoding="utf-8")
        return

    low, high = _useful_range(train, valid)
    last = max(rows[-1]["step"], 1)

    def to_x(steps: Any) -> Any:
        return LEFT + (RIGHT - LEFT) * np.asarray(steps, float) / last

    def to_y(values: Any) -> Any:  # what leaves the plot does so by one height at most: viewers dislike huge numbers
        return BOTTOM - (BOTTOM - TOP) * np.clip((np.asarray(values, float) - low) / (high - low), -1, 2)

    for tick in _ticks(low, high, 6):
        line(LEFT, to_y(tick), RIGHT, to_y(tick), GRID)
        write(f"{round(tick, 9):g}", LEFT - 8, to_y(tick) + 4, text_anchor="end")
    for tick in _ticks(0, last, 6, whole=True):
        line(to_x(tick), BOTTOM, to_x(tick), BOTTOM + 5, FAINT)
        write(f"{tick:,.0f}", to_x(tick), BOTTOM + 20, text_anchor="middle")
    line(LEFT, BOTTOM, RIGHT, BOTTOM, FAINT)
    write("steps", (LEFT + RIGHT) / 2, BOTTOM + 38, text_anchor="middle")

    frame = picture.defs.add(picture.clipPath(id="plot"))
    frame.add(picture.rect((LEFT, TOP - 4), (RIGHT - LEFT + 5, BOTTOM - TOP + 8)))
    plot = canvas.add(picture.g(clip_path="url(#plot)", fill="none", stroke_linejoin="round"))

    def curve(points: Points, color: str, width: float, opacity: float) -> None:
        if not len(points[0]):
            return
        corners = zip(to_x(points[0]).round(1).tolist(), to_y(points[1]).round(1).tolist(), strict=True)
        style = {"stroke": color, "stroke_width": width, "stroke_opacity": opacity}
        plot.add(picture.polyline(list(corners), **style))

    for floor in floors.values():
        curve((np.array([0, last]), np.array([floor, floor])), FAINT, 1, 0.8)
    curve(_thin(train), TRAIN, 1, 0.3)
    curve(_smooth(train, top=high + (high - low)), TRAIN, 2, 1)
    curve(valid, VALID, 2, 1)
    # A single value is no line; of many measurements of the validation set the line itself says enough.
    dots = [(valid, VALID)] if len(valid[0]) <= 40 else []
    dots += [(train, TRAIN)] if len(train[0]) == 1 else []
    for points, color in dots:
        for x, y in zip(to_x(points[0]).tolist(), to_y(points[1]).tolist(), strict=True):
            plot.add(picture.circle((round(x, 1), round(y, 1)), 3, fill=color))
    if len(valid[0]):
        best = int(np.argmin(valid[1]))
        x, y = to_x(valid[0][best]).item(), to_y(valid[1][best]).item()
        plot.add(picture.circle((round(x, 1), round(y, 1)), 5.5, stroke=VALID, stroke_width=1.5))

    names = [
        [float(np.clip(to_y(points[1][-1]), TOP, BOTTOM)), name, points[1][-1], color]
        for points, name, color in ((_smooth(train), "training", TRAIN), (valid, "validation", VALID))
        if len(points[0])
    ]
    names.sort()
    if len(names) == 2 and (close := 16 - (names[1][0] - names[0][0])) > 0:  # apart by a line of text
        names[0][0] -= close / 2
        names[1][0] += close / 2
    for y, name, value, color in names:
        write(f"{name} {_loss(value)}", RIGHT + 10, y + 4, fill=color, font_weight="bold")
    path.write_text(picture.tostring(), encoding="utf-8")


def _points(rows: list[Mapping[str, Any]], name: str) -> Points:
    found = [(row["step"], row[name]) for row in rows if _usable(row.get(name))]
    steps, values = np.array(found, float).reshape(-1, 2).T
    return steps, values


def _usable(value: Any) -> bool:
    # Nor NaN then, and there is room to subtract.
    return isinstance(value, int | float | np.floating) and bool(-1e30 < value < 1e30)


def _loss(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 1e4 else f"{value:.3g}"


def _summary(rows: list[Mapping[str, Any]], valid: Points, floors: Mapping[str, float]) -> str:
    """How far, how fast, how good."""
    timed = [row for row in rows if _usable(row.get("steps_per_s")) and row["steps_per_s"] > 0]
    parts = [f"{rows[-1]['step']:,} steps" if rows else "0 steps"]
    if timed:
        before = [0, *(row["step"] for row in timed)]
        seconds = sum((row["step"] - b) / row["steps_per_s"] for row, b in zip(timed, before, strict=False))
        speed = np.median([row["steps_per_s"] for row in timed])
        parts[0] += f" in {timedelta(seconds=round(min(seconds, 1e12)))} ({speed:.3g} steps/s)"
    if len(valid[0]):
        best = int(np.argmin(valid[1]))
        parts.append(f"best validation {_loss(valid[1][best])} at step {valid[0][best]:,.0f}")
    parts += [f"{name} {_loss(floor)}" for name, floor in floors.items()]
    if lost := sum("nll" in row and not _usable(row["nll"]) for row in rows):
        parts.append(f"no number in {lost:,} rows")
    return ", ".join(parts)


def _useful_range(train: Points, valid: Points) -> tuple[float, float]:
    """Bottom and top of the plot. The first steps fall from far above; what they show is not worth the height."""
    values = np.concatenate((train[1], valid[1]))
    low, middle = np.quantile(values, (0.02, 0.5))
    # Nor is a spike: it leaves the plot at the top.
    top = middle + 12 * (middle - low) if middle > low else values.max()
    steps, values = (np.concatenate(pair) for pair in zip(_smooth(train, top), valid, strict=True))
    low, high = min(low, values.min()), min(top, values[steps >= 0.04 * steps.max()].max())
    room = 0.05 * (high - low) or 0.05 * max(abs(low), 1)
    return float(low - room), float(high + room)


def _smooth(points: Points, top: float = math.inf) -> Points:
    """Means over a bell of about a thirtieth of the run to each side, of at most `BINS` points.

    top: what is higher counts as this much, so that one spike does not drag its neighbours along.
    """
    steps, values = points
    parts = min(BINS, len(steps)) or 1
    steps, values = (
        np.array([part.mean() for part in np.array_split(row, parts) if len(part)])
        for row in (steps, np.minimum(values, top))
    )
    distance = (np.arange(len(steps))[:, None] - np.arange(len(steps))) / max(len(steps) / 60, 1e-3)
    bell = np.exp(-0.5 * distance**2)
    return steps, bell @ values / bell.sum(axis=1)


def _thin(points: Points) -> Points:
    """Lowest and highest of every bin where there are too many points: the noise and every spike stay visible."""
    steps, values = points
    if len(steps) <= 2 * BINS:
        return points
    bins = list(zip(np.array_split(steps, BINS), np.array_split(values, BINS), strict=True))
    return (
        np.array([step for part, _ in bins for step in (part[0], part[-1])]),
        np.array([value for _, part in bins for value in (part.min(), part.max())]),
    )


def _ticks(low: float, high: float, about: int, *, whole: bool = False) -> list[float]:
    """Round numbers from `low` to `high`, 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    gap = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    gap = max(gap, 1) if whole else gap
    return [number * gap for number in range(math.ceil(low / gap), math.floor(high / gap) + 1)]

"""Ink as G-code for pen plotters that move in mm: GRBL, Marlin and their like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqgen.errors import UsageError

from ..ink import Floats

_COMMAND = re.compile(r"[A-Z][A-Z0-9.\- ]{0,60}")


@dataclass(frozen=True)
class Plotter:
    r"""How a machine is told to lift its pen and to put it down. Several commands are parted by \n.

    up, down: for a servo at the spindle's output, as GRBL's builds for pens have it, with time to move; M280 or G0 Z for
    others. feed: mm a minute while the pen is down.

    Raises UsageError for a feed that is none, and for what is no command of capitals and numbers.

    >>> Plotter(up="G0 Z5", down="G1 Z0").down
    'G1 Z0'
    """

    up: str = "M5\nG4 P0.2"
    down: str = "M3 S90\nG4 P0.2"
    feed: float = 1500.0

    def __post_init__(self) -> None:
        if not 0 < self.feed <= 100_000:
            raise UsageError(f"the pen's feed is {self.feed}; give mm a minute above 0, at most 100,000")
        for name in ("up", "down"):
            commands = getattr(self, name).replace("\\n", "\n")
            if not all(_COMMAND.fullmatch(command) for command in commands.split("\n")):
                raise UsageError(f"pen {name} is {commands!r:.60}; give commands such as M3 S90, G0 Z5, M280 P0 S40")
            object.__setattr__(self, name, commands)


def gcode(strokes: Sequence[Floats], height: float, plotter: Plotter = Plotter()) -> str:
    """Strokes in mm, y down, on a page so many mm high, whose lower left corner is the machine's origin.

    Places are rounded to 0.01 mm. The pen is up before the first move and after the last one, which leads to the origin.

    >>> "; ".join(gcode([np.array([[1.0, 2], [3, 4]])], 10, Plotter(up="M5", down="M3 S90")).split("\\n")[:8])
    'G21; G90; M5; G0 X1 Y8; M3 S90; G1 X3 Y6 F1500; M5; G0 X0 Y0'
    """
    lines = ["G21", "G90", plotter.up]
    for stroke in strokes:
        places = np.round(np.column_stack([stroke[:, 0], height - stroke[:, 1]]), 2) + 0.0
        (x, y), *others = places.tolist()
        lines += [f"G0 X{x:.7g} Y{y:.7g}", plotter.down]
        lines += [f"G1 X{x:.7g} Y{y:.7g}" for x, y in others]
        if others:
            lines[-len(others)] += f" F{plotter.feed:g}"
        lines.append(plotter.up)
    return "\n".join([*lines, "G0 X0 Y0", "M2", ""])

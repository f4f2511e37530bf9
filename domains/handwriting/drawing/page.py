"""How ink is drawn and on what: sizes, colours, paper, the run of its lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seqgen.errors import UnknownName, UsageError

LARGEST = 20_000.0  # mm, of a page
ALIGNS = ("left", "justified", "centred", "ragged")
RULES = ("none", "ruled", "squared")
NIBS = ("constant", "speed")
MOST_SLANT, MOST_DRIFT = 60.0, 10.0  # degrees

COLORS = {
    "black": "#000000",
    "blue": "#0000ff",
    "brown": "#a52a2a",
    "darkblue": "#00008b",
    "gray": "#808080",
    "green": "#008000",
    "navy": "#000080",
    "orange": "#ffa500",
    "purple": "#800080",
    "red": "#ff0000",
    "white": "#ffffff",
    "yellow": "#ffff00",
}
# Width and height; margins at the top, right, bottom and left; all mm. An envelope (DL) has the address to the right.
PAPERS: dict[str, tuple[float, float, tuple[float, float, float, float]]] = {
    "a4": (210.0, 297.0, (25.0, 20.0, 25.0, 25.0)),
    "letter": (215.9, 279.4, (25.4, 25.4, 25.4, 25.4)),
    "a5": (148.0, 210.0, (18.0, 15.0, 18.0, 18.0)),
    "postcard": (148.0, 105.0, (10.0, 10.0, 10.0, 10.0)),
    "envelope": (220.0, 110.0, (38.0, 10.0, 10.0, 60.0)),
}
RULE, RULE_COLOR = 0.15, "#b4c4d8"  # width of rules, mm
_MARGIN = 5.0
Margins = tuple[float, float, float, float]


@dataclass(frozen=True)
class Page:
    """How ink is drawn; all lengths are mm.

    x_height: of letters like x, estimated over all lines where it is not known. scale: mm for a unit of the ink, instead of x_height.
    pen: width of the line. color, background: names of `COLORS` or #rrggbb; background None is transparent.
    margin: around all ink: one for all sides, or top, right, bottom and left; None is 5 mm, or what is usual for the paper.
    paper: "fit", as large as the writing; a name of `PAPERS`; or "WIDTHxHEIGHT". On paper words flow from line to
    line and from page to page.
    align: "left", "justified" by wider spaces, "centred", or "ragged", as people begin their lines.
    line_pitch: from line to line; None is what the lines need, and on paper 3 x-heights.
    slant: degrees by which letters are leant to the right. drift: degrees by which lines rise or fall at most, each
    otherwise.
    rules: "none", "ruled" under each line, "squared" by half a line. nib: "constant", or by "speed": wider where the
    pen was slow.

    Raises UsageError for a length that is none, a color that is neither, a name that is none of these, and for margins
    that leave no room.

    >>> Page(color="navy").color
    '#000080'
    >>> Page(paper="a5").size, Page(paper="100x40", margin=5).margins
    ((148.0, 210.0), (5, 5, 5, 5))
    """

    x_height: float = 4.0
    scale: float | None = None
    pen: float = 0.3
    color: str = "black"
    background: str | None = "white"
    margin: float | tuple[float, ...] | None = None
    paper: str = "fit"
    align: str = "left"
    line_pitch: float | None = None
    slant: float = 0.0
    drift: float = 0.0
    rules: str = "none"
    nib: str = "constant"

    def __post_init__(self) -> None:
        lengths = {"x_height": self.x_height, "scale": self.scale, "pen": self.pen, "line_pitch": self.line_pitch}
        for name, length in lengths.items():
            if length is not None and not 0 < length <= LARGEST:
                raise UsageError(f"the {name} of a page is {length}; give mm above 0, at most {LARGEST:,.0f}")
        object.__setattr__(self, "color", _hex(self.color))
        if self.background is not None:
            object.__setattr__(self, "background", _hex(self.background))
        for name, chosen, known in (
            ("align", self.align, ALIGNS),
            ("rules", self.rules, RULES),
            ("nib", self.nib, NIBS),
        ):
            if chosen not in known:
                raise UnknownName(name, chosen, known)
        for name, angle, most in (("slant", self.slant, MOST_SLANT), ("drift", self.drift, MOST_DRIFT)):
            if not abs(angle) <= most:
                raise UsageError(f"the {name} of a page is {angle}; give degrees from -{most:g} to {most:g}")
        size = self.size
        margin = self.margin
        if margin is None:
            margin = PAPERS[self.paper][2] if self.paper in PAPERS else _MARGIN
            object.__setattr__(self, "margin", margin)
        sides = margin if isinstance(margin, tuple) else (margin,) * 4
        if len(sides) != 4 or not all(0 <= side <= LARGEST for side in sides):
            raise UsageError(
                f"the margin of a page is {self.margin}; give mm above 0, at most {LARGEST:,.0f}, for all sides or for "
                "top, right, bottom, left"
            )
        top, right, bottom, left = self.margins
        if size is not None and not (left + right < size[0] and top + bottom < size[1]):
            raise UsageError(f"margins of {self.margin} mm leave no room on {self.paper}; give smaller ones")

    @property
    def margins(self) -> Margins:
        """At the top, right, bottom and left."""
        assert self.margin is not None
        top, right, bottom, left = self.margin if isinstance(self.margin, tuple) else (self.margin,) * 4
        return top, right, bottom, left

    @property
    def size(self) -> tuple[float, float] | None:
        """Width and height of the paper; None where it is as large as the writing."""
        if self.paper == "fit":
            return None
        if found := re.fullmatch(r"(\d{1,5}(?:\.\d{1,3})?)x(\d{1,5}(?:\.\d{1,3})?)", self.paper):
            width, height = map(float, found.groups())
            if not (0 < width <= LARGEST and 0 < height <= LARGEST):
                raise UsageError(f"a paper of {self.paper} mm is none; give sides above 0, at most {LARGEST:,.0f}")
            return width, height
        if self.paper not in PAPERS:
            raise UnknownName("paper", self.paper, ["fit", *PAPERS, "WIDTHxHEIGHT"])
        return PAPERS[self.paper][:2]


def _hex(color: str) -> str:
    name = COLORS.get(color, color) if isinstance(color, str) else ""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", name):
        raise UsageError(f"{color!r:.40} is no color; give #rrggbb or one of {', '.join(COLORS)}")
    return name.lower()

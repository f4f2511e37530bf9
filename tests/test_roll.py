"""Piano rolls: notes stand where pitch and time say, both backends draw the same, nothing foreign gets in."""

from __future__ import annotations

import io
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from seqgen.domains.music.score import DRUMS, FASTEST, LONGEST, Meter, Note, Score, Tempo
from seqgen.domains.music.showing import layout as layout_module
from seqgen.domains.music.showing.layout import COLORS, LEFT, NOTES, SYSTEM, SYSTEMS, WIDTH, Line, Rect, Text, layout
from seqgen.domains.music.showing.roll import roll_svg, write_roll
from seqgen.errors import UsageError

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "defs", "g", "rect", "line", "text"}
ATTRIBUTES = {"baseProfile", "version", "width", "height", "viewBox", "x", "y", "x1", "y1", "x2", "y2", "rx", "fill"}
ATTRIBUTES |= {"stroke", "font-family", "font-size", "text-anchor"}
GROUND = {layout_module.BLACK_KEY, "white"}

QUARTET = Score(
    [
        Note(0.5 * i, base + (2, 0, 4, 5)[i % 4], 0.5, 80, 48, part)
        for part, base in enumerate((72, 65, 57, 45))
        for i in range(32)
    ]
)
BEAT = [Note(0.5 * i, (36, 42, 38, 46)[i % 4], 0.1, 60 + i, DRUMS, 9) for i in range(32)]


def draw(score: Score) -> ET.Element:
    """The picture, read back and checked for what every picture owes."""
    text = roll_svg(score)
    root = ET.fromstring(text)
    height = float(root.attrib["height"])
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        for name in {"x", "y", "x1", "y1", "x2", "y2", "width", "height", "rx"} & set(element.attrib):
            assert re.fullmatch(r"\d+(\.\d)?", element.attrib[name]), (name, element.attrib[name])
            assert 0 <= float(element.attrib[name]) <= max(WIDTH, height)
    return root


def notes(score: Score) -> list[Rect]:
    """The rectangles that are notes: not the paper, no lane, no swatch of the legend."""
    return [s for s in layout(score).shapes if isinstance(s, Rect) and s.fill not in GROUND and s.width != 12.0]


def words(score: Score) -> list[str]:
    return [shape.text for shape in layout(score).shapes if isinstance(shape, Text)]


def test_notes_stand_where_pitch_and_time_say() -> None:
    score = Score([Note(0.0, 60, 0.5), Note(1.0, 72, 0.5), Note(2.0, 66, 2.0)])
    first, second, third = sorted(notes(score), key=lambda rect: rect.x)
    second_wide = second.x - first.x
    assert first.x == LEFT and third.x - first.x == pytest.approx(2 * second_wide, abs=0.2)
    assert (first.y + second.y) / 2 == pytest.approx(third.y, abs=0.2) and second.y < first.y
    assert third.width == pytest.approx(2 * second_wide, abs=1.0) and first.width < second_wide
    c4 = next(s for s in layout(score).shapes if isinstance(s, Text) and s.text == "C4")
    assert first.y < c4.y < first.y + first.height + 2


def test_one_rectangle_a_note_and_its_colour_the_part() -> None:
    drawn = notes(QUARTET)
    assert len(drawn) == len(QUARTET.notes) and len({rect.fill for rect in drawn}) == 4
    assert words(QUARTET)[:5] == [
        f"{len(QUARTET.notes)} notes in 4 parts, 0:16",
        *(f"part {i}, ensemble" for i in range(1, 5)),
    ]
    by_program = Score([Note(0.0, 60, 1.0, 80, 0), Note(0.0, 64, 1.0, 80, 40)])
    assert words(by_program)[1:3] == ["piano", "strings"]
    alone = Score([Note(0.0, 60, 1.0)])
    assert words(alone)[0] == "1 note, 0:01" and "piano" not in words(alone)


def test_colours_tell_the_parts_apart() -> None:
    assert len(set(COLORS)) == len(COLORS) == 8
    many = Score([Note(0.1 * part, 40 + part, 1.0, 80, part, part) for part in range(30)])
    draw(many)
    assert any(re.fullmatch(r"and \d+ more", word) for word in words(many))


def test_softer_notes_are_paler() -> None:
    drawn = sorted(notes(Score([Note(float(i), 60, 0.5, velocity) for i, velocity in enumerate((10, 60, 127))])))
    red = [int(rect.fill[1:3], 16) for rect in drawn]
    assert red[0] > red[1] > red[2] and drawn[2].fill == COLORS[0]


def test_parts_on_one_pitch_share_its_lane() -> None:
    behind, front = notes(Score([Note(0.0, 60, 1.0, part=0), Note(0.0, 60, 2.0, part=1)]))
    assert behind.width > front.width and behind.height > front.height and behind.fill != front.fill
    assert behind.y + behind.height == pytest.approx(front.y + front.height, abs=0.15)


def test_drums_have_lanes_of_their_own() -> None:
    said = words(Score([*QUARTET.notes, *BEAT]))
    assert [word for word in said if word in ("open hat", "hat", "snare", "kick", "tom")] == [
        "open hat",
        "hat",
        "snare",
        "kick",
    ]
    assert "drums" in said
    drums = Score(BEAT)
    assert len(notes(drums)) == len(BEAT) and not [word for word in words(drums) if re.fullmatch(r"C\d", word)]
    assert len({rect.y for rect in notes(drums)}) == 4
    assert "percussion" in words(Score([Note(0.0, 3, 0.1, 80, DRUMS)]))


def test_bars_follow_tempo_and_meter() -> None:
    score = Score(
        [Note(0.0, 60, 10.0)],
        [Tempo(0.0, 120.0), Tempo(4.0, 60.0)],  # two bars of 2 s, then bars of 3 s
        [Meter(0.0, 4, 4), Meter(4.0, 3, 4)],
    )
    shapes = layout(score).shapes
    bars = sorted({s.x0 for s in shapes if isinstance(s, Line) and s.color == layout_module.BAR and s.y1 - s.y0 > 10})
    assert np.diff(bars) / (bars[1] - bars[0]) == pytest.approx([1, 1, 1.5, 1.5], abs=0.01)
    numbers = [s for s in shapes if isinstance(s, Text) and s.color == layout_module.INK and s.text.isdigit()]
    assert [(s.text, s.x) for s in numbers] == list(zip("1234", bars[:-1], strict=True))
    assert "0:05" in [s.text for s in shapes if isinstance(s, Text)]


def test_long_pieces_go_on_in_the_next_system() -> None:
    score = Score([Note(0.5 * i, 60 + i % 12, 0.5) for i in range(240)])  # 2 minutes, bars of 2 s
    left = [s for s in layout(score).shapes if isinstance(s, Text) and s.text.isdigit() and s.x == LEFT]
    assert [int(text.text) for text in left] == list(range(1, 61, 8))
    assert len(notes(score)) == 240 and len({text.y for text in left}) == 8
    tied = Score([Note(0.0, 60, 20.0)])
    assert len(notes(tied)) == 2  # a note across the break is drawn on both sides


def test_what_is_left_out_is_said() -> None:
    hour = Score([Note(float(i), 60 + i % 12, 1.0) for i in range(3600)])
    drawn = layout(hour)
    shown = SYSTEMS * SYSTEM
    assert drawn.summary == f"3,600 notes, 1:00:00; shown up to 3:12, {3600 - shown:,.0f} later notes left out"
    assert len(notes(hour)) == shown and drawn.height < 5000
    dense = Score([Note(i / 1000, i % 128, 0.01) for i in range(NOTES + 5)])
    assert layout(dense).summary.endswith("5 later notes left out")


def test_nothing_is_drawn_as_nothing() -> None:
    draw(Score([]))
    assert words(Score([]))[0] == "no notes" and not notes(Score([]))


def test_both_backends_draw_the_same(tmp_path: Path) -> None:
    score = Score([*QUARTET.notes, *BEAT])
    write_roll(score, tmp_path / "roll.PNG")
    image = np.asarray(Image.open(tmp_path / "roll.PNG"))
    drawing = layout(score)
    assert image.shape == (round(2 * drawing.height), 2 * WIDTH, 3)
    for rect in notes(score):
        middle = image[round(2 * (rect.y + rect.height / 2)), round(2 * rect.x + min(rect.width, 4))]
        assert "#" + bytes(middle).hex() == rect.fill
    assert (image[0] == 255).all()
    assert len(list(draw(score).iter(f"{SVG}rect"))) == 1 + sum(isinstance(s, Rect) for s in drawing.shapes)


def test_the_same_score_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png", "b.png"):
        write_roll(Score([*QUARTET.notes, *BEAT]), tmp_path / name)
    assert (
        (tmp_path / "a.svg").read_bytes()
        == (tmp_path / "b.svg").read_bytes()
        == roll_svg(Score([*QUARTET.notes, *BEAT])).encode()
    )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert set(Image.open(io.BytesIO((tmp_path / "a.png").read_bytes())).info) == set()  # no date, no path


@pytest.mark.parametrize("name", ["roll.pdf", "roll", "roll.svg.txt"])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"^a piano roll is saved as \.svg, \.png, not as '{name}'; end the name"):
        write_roll(QUARTET, tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing/roll.svg", "missing/roll.png", "a\0b.svg"])
def test_a_place_that_cannot_be_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot write .*; name another place$"):
        write_roll(Score([]), tmp_path / name)


def test_a_folder_in_the_place_stays_one(tmp_path: Path) -> None:
    (tmp_path / "roll.svg").mkdir()
    with pytest.raises(UsageError, match=r"^cannot write .*roll\.svg: it is a folder; name a file$"):
        write_roll(Score([]), tmp_path / "roll.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["roll.svg"]


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            Note,
            st.floats(0, 400) | st.floats(0, LONGEST / 2),
            st.integers(0, 127),
            st.floats(0, 30) | st.floats(0, LONGEST / 2),
            st.integers(1, 127),
            st.integers(0, DRUMS),
            st.integers(-5, 5),
        ),
        max_size=6,
    ),
    st.lists(st.builds(Tempo, st.floats(0, 500), st.floats(1e-3, FASTEST) | st.floats(5e-324, 1.0)), max_size=3),
    st.lists(st.builds(Meter, st.floats(0, 500), st.integers(1, 10**9), st.integers(1, 2**255)), max_size=3),
)
def test_any_score_makes_a_picture(notes: list[Note], tempos: list[Tempo], meters: list[Meter]) -> None:
    score = Score(notes, tempos, meters)
    draw(score)
    drawing = layout(score)
    assert len(drawing.shapes) < 40_000
    assert all(math.isfinite(n) for s in drawing.shapes for n in s if isinstance(n, float))


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("Soprano", "Alto", "Tenor", "Bass"), ["Soprano", "Alto", "Tenor", "Bass"]),
        (("Soprano", "", "<b>&"), ["Soprano", "part 2, ensemble", "<b>&", "part 4, ensemble"]),
        (("\u6b4c", "A name that is far too long to be shown"), ["part 1, ensemble", "part 2, ensemble"]),
    ],
)
def test_parts_are_called_by_their_names_where_these_can_be_shown(names: tuple[str, ...], shown: list[str]) -> None:
    named = Score(QUARTET.notes, names=names)
    found = words(named)
    assert [word for word in found if word in shown][: len(shown)] == shown
    draw(named)


def test_two_instruments_of_one_part_are_told_apart() -> None:
    both = Score([Note(0.0, 60, 1.0), Note(1.0, 64, 1.0, 80, 40)], names=("Solo",))
    assert {"Solo, piano", "Solo, strings"} <= set(words(both))

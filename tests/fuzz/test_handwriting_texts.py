"""Any text to write: ink that says all of it, as valid SVG, or one line of refusal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from xml.etree.ElementTree import fromstring

import pytest
from handwriting_models import model_for, random_params

from seqgen.domains.handwriting import HandwritingModel, Offsets, ink_svg
from seqgen.errors import UsageError

PRINTABLE = "".join(map(chr, range(32, 127)))


@pytest.fixture(scope="module")
def model() -> HandwritingModel:
    """It has learned nothing and stops where the cap is, or by chance: its window hardly moves."""
    codec = Offsets(PRINTABLE, ("one", "two"), (0.08, 0.0), (0.33, 0.34))
    made = model_for(codec)
    return HandwritingModel(codec, made, random_params(made, pace=0.01), "untaught")


def text(draw: random.Random) -> str:
    kinds = [
        range(32, 127),
        range(32, 127),
        [9, 10, 13, 32, 32, 60, 38, 34, 39, 92],
        range(32),
        range(0xD800, 0xE000),
        [0x85, 0xA0, 0x2028, 0x2029, 0x200B, 0xFEFF],
        range(0xFFF0, 0x11000),
        [0x1F600, 0x301, 0xE9, 0x4E2D, 0x5D0],
    ]
    wanted = draw.choices(kinds, k=draw.choice([1, 1, 1, 2]), weights=[9, 9, 4, 1, 1, 1, 1, 1])
    return "".join(chr(draw.choice(draw.choice(wanted))) for _ in range(draw.choice([0, 1, 2, 3, 5, 8])))


def trials(model: HandwritingModel, count: int, seed: int, widths: Sequence[int]) -> int:
    """How many texts were written."""
    draw, written = random.Random(seed), 0
    for trial in range(count):
        wanted = text(draw)
        try:
            inks = model.write(wanted, width=draw.choice(widths), hand=draw.choice([None, "two"]), seed=trial)
        except UsageError as error:
            assert "\n" not in str(error) and str(error).isprintable(), repr(wanted)
            continue
        assert "".join("".join(ink.text or "" for ink in inks).split()) == "".join(wanted.split())
        assert sum(len(ink.strokes) for ink in inks) == ink_svg(inks).count("<path")
        fromstring(ink_svg(inks).encode())
        written += 1
    return written


def test_any_text_is_written_or_refused(model: HandwritingModel) -> None:
    assert 20 < trials(model, 50, 0, [3, 40]) < 48  # a width of 1 compiles for more lines side by side


@pytest.mark.slow
def test_five_thousand_texts(model: HandwritingModel) -> None:
    assert 2000 < trials(model, 5000, 1, [1, 3, 40]) < 4750

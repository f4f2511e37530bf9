"""The room of handwriting in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from studio_page import ask, shipped

from seqgen.domains import handwriting
from seqgen.domains.handwriting.formats.gcode import gcode

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
WORDS = "A line, and then another one that is longer than forty characters."
LINE = "this line is one of many in its own text"


def shown(page: Page, button: str = "Write") -> str:
    """Writes it all at once; returns what the sheet is called then."""
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("button", name="Show it all").click()
    page.get_by_role("button", name="Write", exact=True).wait_for()
    return str(page.locator("svg.sheet").get_attribute("aria-label"))


@pytest.mark.node
def test_a_seed_writes_in_the_page_what_it_writes_elsewhere(enter: Any, keep: Any) -> None:
    page = enter("handwriting")
    page.get_by_label("Seed").fill("11")
    page.get_by_role("combobox", name="Hand", exact=True).select_option("oak")
    page.get_by_label("mixed with").select_option("birch")
    page.get_by_label("Share").fill("0.4")
    page.get_by_label("Write this").fill(WORDS)
    assert shown(page) == "handwriting: A line, and then another one that is / longer than forty characters."
    wanted = ask("write", shipped("handwriting", "hands"), text=WORDS, hand={"oak": 0.6, "birch": 0.4}, seed=11, bias=1)
    found = handwriting.read_ink(keep(page, "SVG for plotters"))
    assert [ink.text for ink in found] == ["A line, and then another one that is", "longer than forty characters."]
    for ink, line in zip(found, wanted, strict=True):
        points = np.array(line)
        ends = np.flatnonzero(points[:, 2])
        assert len(ink.strokes) == len(ends)
        last = np.array([stroke[-1] for stroke in ink.strokes]) - ink.strokes[0][0]
        assert np.abs(last / 4 - points[ends, :2]).max() <= 0.005  # an x is 4 mm high
    smooth = handwriting.read_ink(keep(page, "SVG, smooth"))
    assert [len(ink.strokes) for ink in smooth] == [len(ink.strokes) for ink in found]


def test_every_control_of_the_handwriting(enter: Any, keep: Any) -> None:
    page = enter("handwriting")
    page.get_by_label("Write this").fill(f"{LINE}\n" * 20)  # minutes of writing: it is not done before it is stopped
    page.get_by_label("Model").select_option("two-hands")
    page.get_by_text("Ready").locator("visible=true").wait_for()
    page.get_by_label("Neatness").fill("2")
    page.get_by_role("button", name="Write", exact=True).click()
    page.locator("svg.sheet path").first.wait_for()
    assert page.locator(".letters span").all_text_contents() == list(LINE)
    page.get_by_role("button", name="Stop").click()
    page.get_by_label("Write this").fill('"Wait" <&>')
    page.get_by_label("Tempo").fill("10")
    shown(page)
    first = keep(page, "SVG for plotters").read_bytes()
    page.get_by_label("Pen").fill("0.2")
    page.get_by_label("Slant").fill("20")
    leant = keep(page, "SVG for plotters")
    assert b'stroke-width="0.2"' in leant.read_bytes() != first
    assert handwriting.read_ink(leant)[0].text == '"Wait" <&>'
    shown(page, "Another")
    assert page.get_by_label("Seed").input_value() == "1"
    page.get_by_label("Write this").fill("漢")
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_text("has not learned to write 漢").wait_for()


def test_signs_that_a_model_hardly_saw_are_drawn(enter: Any, keep: Any) -> None:
    page = enter("handwriting")
    page.get_by_label("Write this").fill("5% of a@b, naïve")
    assert shown(page) == "handwriting: 5% of a@b, naïve"
    (ink,) = handwriting.read_ink(keep(page, "SVG for plotters"))
    assert ink.text == "5% of a@b, naïve" and max(map(len, ink.strokes)) > 50  # an @ in one go


def test_a_letter_is_written_on_paper_and_plotted(enter: Any, keep: Any) -> None:
    from PIL import Image

    page = enter("handwriting")
    page.get_by_label("Paper").select_option("A5")
    page.get_by_label("Write this").fill("Dear Ann, the day is long. " * 2)
    assert " / " in shown(page)
    drawn = keep(page, "SVG for plotters")
    assert b'width="148mm" height="210mm"' in drawn.read_bytes()
    lines = handwriting.read_ink(drawn)
    places = np.concatenate([stroke for ink in lines for stroke in ink.strokes])
    assert places[:, 0].min() > 15 and places[:, 0].max() <= 128.1 and len(lines) > 2
    stand = np.diff([ink.baseline() for ink in lines])
    assert np.abs(stand - 4.2 * 4).max() < 2  # lines stand equally far apart
    strokes = [stroke for ink in lines for stroke in ink.strokes]
    strokes = [
        stroke if np.ptp(stroke, axis=0).max() > 0.01 else stroke[:1] for stroke in strokes
    ]  # a dot is a short line
    told, wanted = keep(page, "G-code").read_text(), gcode(strokes, 210)
    assert [line[:2] for line in told.split("\n")] == [line[:2] for line in wanted.split("\n")]
    number = re.compile(r"-?\d+(?:\.\d+)?")
    both = [np.array([float(one) for one in number.findall(text)]) for text in (told, wanted)]
    assert np.abs(both[0] - both[1]).max() <= 0.02
    picture = Image.open(keep(page, "PNG"))
    assert picture.size == pytest.approx((148 * 300 / 25.4, 210 * 300 / 25.4), abs=1)
    assert picture.convert("L").getextrema() == (0, 255)
    page.get_by_label("Size").fill("10")
    page.get_by_label("Write this").fill("One word. " * 80)
    page.get_by_role("button", name="Write", exact=True).click()
    page.get_by_role("button", name="Show it all").click()
    page.get_by_text("The page is full; lines that had no room:").wait_for()


def test_the_pen_is_wider_where_it_is_slow(enter: Any, keep: Any) -> None:
    page = enter("handwriting")
    shown(page)
    even = keep(page, "SVG, smooth").read_text()
    page.get_by_label("Wider where slow").check()
    widths = {float(one) for one in re.findall('stroke-width="([^"]+)"', keep(page, "SVG, smooth").read_text())}
    assert min(widths) >= 0.6 * 0.12 and max(widths) <= 1.7 * 0.12 + 0.001 and len(widths) > 5
    assert even.count("stroke-width") == 1 and keep(page, "SVG for plotters").read_text().count("stroke-width") == 1


def test_nothing_is_written_while_another_model_comes(enter: Any) -> None:
    page, held = enter("handwriting"), []
    page.route("**/models/*/model.safetensors", lambda route: held.append(route))
    page.get_by_label("Model").select_option("two-hands")
    page.get_by_text("Loading two-hands").wait_for()
    page.get_by_role("button", name="Another").click()
    page.get_by_label("Write this").press("Control+Enter")
    page.wait_for_timeout(300)
    assert page.locator("svg.sheet path").count() == 0
    held[0].continue_()
    page.get_by_text("Ready").locator("visible=true").wait_for()
    assert shown(page).startswith("handwriting: Dear reader")
    assert page.get_by_text("Seed 1.").is_visible()


def test_the_keyboard_alone_suffices(enter: Any, tab_to: Any) -> None:
    page = enter("handwriting")
    tab_to(page, "Tempo")
    page.keyboard.press("End")
    tab_to(page, "Write this")
    page.keyboard.press("Control+a")
    page.keyboard.type("By hand")
    page.keyboard.press("Control+Enter")
    page.get_by_text("points. Seed").wait_for()
    tab_to(page, "SVG, smooth")
    with page.expect_download() as told:
        page.keyboard.press("Enter")
    assert told.value.suggested_filename == "handwriting.svg"

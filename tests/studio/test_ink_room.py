"""The room of handwriting in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from studio_page import ask, shipped

from seqgen.domains import handwriting

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

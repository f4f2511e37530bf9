"""How the page looks and what people who cannot see it are told, in every room."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from studio_page import check_looks

pytestmark = pytest.mark.browser
SHOWN = {  # what to press in a room, and what is to be seen then
    "text": ("Write", ".page span >> nth=120"),
    "handwriting": ("Write", ".sheet path >> nth=8"),
    "music": ("Compose", ".roll rect >> nth=9"),
}


@pytest.mark.parametrize("room", SHOWN)
def test_a_room_fits_on_every_screen_and_keeps_nobody_out(enter: Any, room: str, tmp_path: Path) -> None:
    page = enter(room)
    button, seen = SHOWN[room]
    page.get_by_role("button", name=button, exact=True).click()
    page.locator(seen).wait_for(state="attached")
    page.keyboard.press("Escape")
    if room == "text":
        page.locator(".page span").nth(40).click()
    check_looks(page, tmp_path, room)


@pytest.mark.parametrize(
    ("room", "seen", "name", "value"),
    [
        ("text", "textarea", "Begin with", "JULIET:"),
        ("handwriting", "svg.sheet", "Write this", "Hello"),
        ("music", "svg.roll", "Bars", "3"),
        ("harmony", "svg.tune", "Bars", "3"),
        ("reading", "svg.pad", "Or have this written", "Hello"),
    ],
)
def test_a_room_is_there_before_its_model(
    browser: Any, studio: Any, room: str, seen: str, name: str, value: str
) -> None:
    page, held, let_go = browser.new_page(), [], False
    page.route("**/*.safetensors", lambda route: route.continue_() if let_go else held.append(route))
    with page.expect_request("**/*.safetensors"):
        page.goto(f"{studio.address}#{room}")
    page.get_by_text(re.compile(r"^Loading \w+: 0 %")).wait_for()
    assert page.locator(seen).first.is_visible() and page.get_by_role("link", name="Music").is_visible()
    page.get_by_label(name).fill(value)
    assert page.get_by_text("Ready").count() == 0
    let_go = True  # what is asked for from now on comes at once
    for one in held:
        one.continue_()
    page.get_by_text("Ready").first.wait_for()
    assert page.get_by_label(name).input_value() == value
    page.close()


def test_who_skips_to_the_room_stays_in_it(enter: Any) -> None:
    page = enter("music")
    page.locator(".skip").press("Enter")
    page.wait_for_function("() => location.hash === '#room'")
    page.wait_for_timeout(300)
    assert page.get_by_role("region", name="Music").is_visible() and "Music" in page.title()


def test_a_room_that_comes_late_stays_hidden(enter: Any) -> None:
    page, held = enter("music"), []
    page.route("**/rooms/ink.js", lambda route: held.append(route))
    page.get_by_role("link", name="Handwriting").click()
    page.get_by_role("link", name="Harmony").click()
    page.get_by_role("region", name="Harmony").get_by_text("Draw a tune").wait_for()
    held[0].continue_()
    page.locator("section[aria-label=Handwriting] textarea").wait_for(state="attached")
    page.wait_for_timeout(100)
    assert not page.get_by_role("region", name="Handwriting").is_visible()

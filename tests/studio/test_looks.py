"""How the page looks and what people who cannot see it are told, in every room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studio_page import check_fits, check_for_everybody

pytestmark = pytest.mark.browser
SHOWN = {  # what to press in a room, and what is to be seen then
    "text": ("Write", ".page span >> nth=120"),
    "handwriting": ("Write", ".sheet path >> nth=8"),
    "music": ("Compose", ".roll rect >> nth=9"),
}


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (768, "light"), (1440, "light")])
@pytest.mark.parametrize("room", SHOWN)
def test_a_room_fits_on_every_screen_and_keeps_nobody_out(
    enter: Any, room: str, width: int, scheme: str, tmp_path: Path
) -> None:
    page = enter(room, viewport={"width": width, "height": 900}, color_scheme=scheme)
    button, seen = SHOWN[room]
    page.get_by_role("button", name=button, exact=True).click()
    page.locator(seen).wait_for(state="attached")
    page.keyboard.press("Escape")
    if room == "text":
        page.locator(".page span").nth(40).click()
    page.screenshot(path=tmp_path / f"{room}-{width}.png", full_page=True)
    check_for_everybody(page)
    check_fits(page)

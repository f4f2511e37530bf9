"""How the page looks and what people who cannot see it are told, in every room."""

from __future__ import annotations

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

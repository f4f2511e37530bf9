"""How the page looks and what people who cannot see it are told, in every room."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
ROOMS = ["text", "handwriting", "music"]
BUTTON = {"text": "Write", "handwriting": "Write", "music": "Compose"}


def used(page: Page, room: str) -> None:
    """Until there is something to see."""
    page.get_by_role("button", name=BUTTON[room], exact=True).click()
    page.locator(
        {"text": ".page span >> nth=120", "handwriting": ".sheet path >> nth=8", "music": ".roll rect >> nth=9"}[room]
    ).wait_for(state="attached")
    page.keyboard.press("Escape")
    if room == "text":
        page.locator(".page span").nth(40).click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("room", ROOMS)
def test_everybody_is_told_what_is_there(enter: Any, room: str, scheme: str) -> None:
    page = enter(room, color_scheme=scheme)
    used(page, room)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run()")
    assert not [(one["id"], one["impact"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_fits_on_every_screen(enter: Any, room: str, width: int, tmp_path: Path) -> None:
    page = enter(room, viewport={"width": width, "height": {360: 740, 768: 1024}.get(width, 900)})
    used(page, room)
    page.screenshot(path=tmp_path / f"{room}-{width}.png", full_page=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    outside = page.evaluate(OUTSIDE)
    assert not outside


OUTSIDE = """() => [...document.querySelectorAll("button, input, select, textarea, svg")]
  .filter(one => one.checkVisibility() && (one.getBoundingClientRect().left < 0 || one.getBoundingClientRect().right > innerWidth))
  .map(one => one.outerHTML.slice(0, 80))"""

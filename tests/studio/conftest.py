"""What the tests of the studio's page share: the page as it is served, in a real Chromium, watched."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from studio_page import OWN, a_run, chromium, own_models, shipped
from studio_requests import serving

from seqgen.shell.studio.keeping import Kept
from seqgen.shell.studio.server import Studio
from seqgen.shell.studio.site import site
from seqgen.shell.studio.watching import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECONDS = 180_000  # milliseconds until what should appear is missed: others may be at work here

NAMED = """() => {
  const one = document.activeElement;
  return one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent;
}"""

Enter = Callable[..., "Page"]


@contextlib.contextmanager
def served(models: list[str], run: Path | None = None, ink: Path | None = None) -> Iterator[Studio]:
    with serving(Studio(site(models, run, ink), run and Watched(run), ink and Kept(ink))) as studio:
        yield studio


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    """With all models that ship."""
    with served([]) as studio:
        yield studio


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return a_run(tmp_path / "poems")


@pytest.fixture
def watching(run: Path) -> Iterator[Studio]:
    """With a training that is watched."""
    with served(["shakespeare"], run) as studio:
        yield studio


@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Studio]:
    """With a folder for ink, `tmp_path / "ink"`."""
    with served(["hands", "recogniser"], ink=tmp_path / "ink") as studio:
        yield studio


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models of kinds that do not ship; they have learned nothing."""
    return own_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def own(made: Path) -> Iterator[Studio]:
    """With these."""
    with served([str(made / name) for name in OWN]) as studio:
        yield studio


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Studio]:
    """With two models of text that are alike, `shakespeare` and `twin`."""
    shutil.copytree(shipped("text", "shakespeare"), tmp_path / "twin")
    with served(["shakespeare", str(tmp_path / "twin")]) as studio:
        yield studio


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    own = ["--no-sandbox"] if os.getuid() == 0 else []  # which Chromium needs of root
    with sync_playwright() as playwright:
        arguments = [*own, "--autoplay-policy=no-user-gesture-required"]
        launched = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def enter(browser: Browser, studio: Studio) -> Iterator[Enter]:
    """Opens a room: `enter("text")`, with settings of `Browser.new_context`. Nothing may go wrong in it, and nothing leave it."""
    contexts, troubles, foreign = [], [], []

    def entering(room: str, address: str = studio.address, ready: str = "Ready", **settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS)
        page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        home = urlsplit(address)[:2], ("blob", ""), ("data", "")
        page.on("request", lambda request: urlsplit(request.url)[:2] in home or foreign.append(request.url))
        page.goto(f"{address}#{room}")
        page.get_by_text(ready).locator("visible=true").first.wait_for()
        return page

    yield entering
    for context in contexts:
        context.close()
    assert not foreign and not troubles


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[Page, str], Path]:
    """What the button of this name offers, as a file."""

    def keeping(page: Page, button: str) -> Path:
        with page.expect_download() as told:
            page.get_by_role("button", name=button, exact=True).click()
        path = tmp_path / told.value.suggested_filename
        told.value.save_as(path)
        return path

    return keeping


@pytest.fixture
def tab_to() -> Callable[[Page, str], None]:
    """Presses Tab until what has this name, or one that begins so, has the focus."""

    def tabbing(page: Page, name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate(NAMED).startswith(name):
                return
        raise AssertionError(f"Tab does not lead to {name}")

    return tabbing

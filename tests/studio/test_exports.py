"""The page where no studio serves it: in one file, opened without any server, and as a folder of another server."""

from __future__ import annotations

import re
import runpy
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from seqgen.domains import handwriting, music
from seqgen.shell.studio.site import export

pytestmark = pytest.mark.browser
REFERENCE = Path(__file__).parents[2] / "docs" / "reference.py"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stick") / "studio.html"
    return export(path, ["shakespeare", "hands", "recogniser", "chorales"])


def test_all_rooms_are_in_it(enter: Any, file: Path, keep: Any) -> None:
    address = file.as_uri()
    page = enter("text", address)
    page.get_by_role("button", name="Write").click()
    page.locator(".page span").nth(40).wait_for()
    page.get_by_role("button", name="Stop").click()
    path = keep(page, "Save")
    assert path.read_text(encoding="utf-8").startswith("ROMEO:")

    page.get_by_role("link", name="Handwriting").click()
    page.get_by_role("button", name="Write", exact=True).locator("visible=true").click()
    page.get_by_role("button", name="Show it all").click()
    page.get_by_text("points. Seed").wait_for()
    assert handwriting.read_ink(keep(page, "SVG, smooth"))[0].text == "Dear reader, this is a pen."

    page.get_by_role("link", name="Reading").click()
    page.get_by_role("button", name="Write", exact=True).locator("visible=true").click()
    page.locator(".letters-read li").first.wait_for()

    page.get_by_role("link", name="Music").click()
    page.get_by_label("Bars").fill("2")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text("2 bars,").wait_for()
    assert music.read_midi(keep(page, "MIDI")).notes

    page.get_by_role("link", name="Harmony").click()
    page.get_by_role("application").focus()
    page.keyboard.type("a")
    page.keyboard.press("ArrowRight")  # a rest
    page.keyboard.type("d")
    page.get_by_role("button", name="Harmonise").click()
    page.get_by_text("1 bars,").wait_for()


def test_its_page_and_code_are_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(re.sub(r'<script type="text/plain".*?</script>', "", text, flags=re.DOTALL).encode()) <= 150_000
    assert not re.search(r'(src|href)="(?!data:|#)', text)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def test_a_folder_works_at_any_place_of_a_plain_server(enter: Any, tmp_path: Path) -> None:
    folder = export(tmp_path / "some" / "place", ["shakespeare"])
    runpy.run_path(str(REFERENCE))["link_from_studio"](folder / "reference.html")
    (folder / "reference.html").write_text("<!DOCTYPE html><title>API</title><link rel=icon href=data:,>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as plain:
        threading.Thread(target=plain.serve_forever, args=(0.01,), daemon=True).start()
        page = enter("text", f"http://127.0.0.1:{plain.server_port}/some/place/")
        page.get_by_role("button", name="Write").click()
        page.locator(".page span").nth(20).wait_for()
        page.get_by_role("link", name="The Python package").click()
        page.wait_for_url("**/some/place/reference.html")
        plain.shutdown()

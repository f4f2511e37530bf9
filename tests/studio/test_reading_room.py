"""Reading what is written with a pen, and one's own hand for `adopt`, in a real browser."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from studio_page import ask, check_looks, shipped

from seqgen.domains import handwriting
from seqgen.shell.cli import build_parser

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.node]
SHEET = "svg.pad >> visible=true"


@pytest.fixture(scope="module")
def strokes() -> list[np.ndarray]:
    """Two words in x-heights."""
    (line,) = ask("write", shipped("handwriting", "hands"), text="quick brown", hand={"oak": 1}, seed=0, bias=1)
    points = np.array(line)
    return np.split(points[:, :2], np.flatnonzero(points[:-1, 2]) + 1)


def draw(page: Page, strokes: list[np.ndarray]) -> None:
    """With the mouse, on the sheet."""
    box = page.locator(SHEET).bounding_box()
    assert box is not None
    for stroke in strokes:
        places = (stroke * 20 + (box["x"] + 30, box["y"] + 120)).tolist()
        page.mouse.move(*places[0])
        page.mouse.down()
        for x, y in places[1:]:
            page.mouse.move(x, y)
        page.mouse.up()


def test_what_is_undone_in_a_field_is_no_stroke(enter: Any, strokes: list[np.ndarray]) -> None:
    page = enter("reading")
    draw(page, strokes[:2])
    ink = page.locator(".pad .ink > *")
    page.get_by_label("Or have this written").press_sequentially("ab")
    page.keyboard.press("Control+z")
    assert ink.count() == 2
    page.get_by_role("button", name="Undo stroke").focus()
    page.keyboard.press("Control+z")
    assert ink.count() == 1


def test_every_control_of_the_reading(enter: Any, keep: Any, strokes: list[np.ndarray], tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = enter("reading")
    said = page.locator(".said")
    draw(page, strokes)
    expect(said).to_have_text("quick brown")
    path = keep(page, "Save ink")
    (ink,) = handwriting.read_ink(path)
    assert ink.text == "quick brown" and len(ink.strokes) == len(strokes) and ink.seconds > 0
    again = ask("recognise", shipped("handwriting", "recogniser"), strokes=[s.tolist() for s in ink.strokes])
    assert again["text"] == "quick brown"
    letters = page.locator(".letters-read li")
    assert letters.count() == 11
    first = again["letters"][0]["likely"][0]
    assert str(letters.first.locator("span").first.text_content()) == f"q {round(100 * first['odds'])} %"
    letters.first.hover()
    assert page.locator(".pad .marked circle").count() > 0

    page.get_by_role("button", name="Undo stroke").click()
    assert page.locator(".pad .ink path").count() == len(strokes) - 1
    page.keyboard.press("Control+z")
    assert page.locator(".pad .ink path").count() == len(strokes) - 2
    page.get_by_role("button", name="Clear").click()
    expect(said).to_have_text("")
    page.get_by_label("Ink from a file").set_input_files(path)
    expect(said).to_have_text("quick brown")
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"lines": [{"strokes": [[["a", 0]]]}]}')
    page.get_by_label("Ink from a file").set_input_files(wrong)
    page.get_by_text("this is no ink that this page can read").wait_for()


def test_the_keyboard_alone_suffices(enter: Any, tab_to: Any) -> None:
    from playwright.sync_api import expect

    page = enter("reading")
    tab_to(page, "Or have this written")
    page.keyboard.press("Control+a")
    page.keyboard.type("pen")
    tab_to(page, "Write")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).not_to_be_empty()
    expect(page.locator(".letters-read li").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".said")).to_be_empty()


STROKE = """(sheet, [kind, id, extra]) => {
  const {left, top} = sheet.getBoundingClientRect();
  const at = (name, x, y) => sheet.dispatchEvent(new PointerEvent(name, {
    pointerType: kind, pointerId: id, clientX: left + x, clientY: top + y, bubbles: true, button: 0, ...extra}));
  sheet.setPointerCapture = () => {};
  at("pointerdown", 50, 50); at("pointermove", 80, 90); at("pointerup", 80, 90);
}"""


def test_a_palm_is_no_pen(enter: Any) -> None:
    page = enter("reading")
    sheet, ink = page.locator(SHEET), page.locator(".pad .ink path")
    sheet.evaluate(STROKE, ["touch", 1, {}])
    assert ink.count() == 1
    sheet.evaluate(STROKE, ["pen", 2, {}])
    sheet.evaluate(STROKE, ["touch", 3, {}])
    assert ink.count() == 2
    sheet.evaluate(STROKE, ["mouse", 4, {"button": 2}])
    assert ink.count() == 2


def test_a_line_is_as_wide_as_the_pen_is_pressed_and_kept_so(enter: Any, keep: Any) -> None:
    page = enter("reading")
    page.locator(SHEET).evaluate(
        """sheet => {
          const {left, top} = sheet.getBoundingClientRect();
          const at = (name, x, pressure) => sheet.dispatchEvent(new PointerEvent(name, {
            pointerType: "pen", clientX: left + x, clientY: top + 50, bubbles: true, button: 0, pressure}));
          sheet.setPointerCapture = () => {};
          at("pointerdown", 50, 0.1); at("pointermove", 60, 0.1); at("pointermove", 70, 0.9); at("pointerup", 80, 0);
        }"""
    )
    paths = page.locator(".pad .ink path")
    widths = [float(paths.nth(i).get_attribute("stroke-width") or 0) for i in range(paths.count())]
    assert widths == pytest.approx([1.5, 4.5]) and page.locator(".pad .ink > *").count() == 1
    path = keep(page, "Save ink")
    assert json.loads(path.read_text(encoding="utf-8"))["lines"][0]["pressures"] == [[0.1, 0.1, 0.9]]
    assert handwriting.read_ink(path)[0].points == 3
    page.get_by_label("Ink from a file").set_input_files(path)
    assert json.loads(keep(page, "Save ink").read_text(encoding="utf-8"))["lines"][0]["pressures"] == [[0.1, 0.1, 0.9]]
    page.get_by_role("button", name="Undo stroke").click()
    assert paths.count() == 0


def test_a_hand_of_ones_own_is_written_checked_and_saved(enter: Any, keep: Any, strokes: list[np.ndarray]) -> None:
    page = enter("your-hand", ready="Line 1 of")
    keeping = page.get_by_role("button", name="Save my hand")
    for number in range(3):
        assert keeping.is_disabled()
        page.get_by_label("This line").fill("quick brown" if number else "quick crown")
        draw(page, strokes)
        page.get_by_text("It reads as it should." if number else "It reads “quick brown”.").wait_for()
        page.get_by_role("button", name="Next line").click()
        assert page.locator(SHEET).locator(".ink path").count() == 0
    page.get_by_role("button", name="Back").click()
    assert page.locator(SHEET).locator(".ink path").count() == len(strokes)
    page.get_by_role("button", name="Undo stroke").click()
    path = keep(page, "Save my hand")
    inks = handwriting.read_ink(path)
    assert [ink.text for ink in inks] == ["quick crown", "quick brown", "quick brown"] and path.name == "my_hand.json"
    assert [len(ink.strokes) for ink in inks] == [len(strokes), len(strokes), len(strokes) - 1]
    assert {ink.hand for ink in inks} == {"mine"} and all(ink.seconds > 0 for ink in inks)
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == "seqgen-ink"
    for line in str(page.locator("pre").text_content()).splitlines():
        build_parser().parse_args(shlex.split(line)[1:])
    page.get_by_role("button", name="Clear").click()
    assert keeping.is_disabled()


def test_a_hand_is_kept_by_the_server_where_a_folder_was_named(
    enter: Any, keep: Any, keeping: Any, strokes: list[np.ndarray], tmp_path: Path
) -> None:
    page = enter("your-hand", keeping.address, ready="Line 1 of")
    for _ in range(3):
        draw(page, strokes[:4])
        page.get_by_role("button", name="Next line").click()
    page.get_by_role("button", name="Save my hand").click()
    path = tmp_path / "ink" / "hand-1.json"
    page.get_by_text(f"Kept as {path}.").wait_for()
    assert len(handwriting.read_ink(path)) == 3
    first, _ = str(page.locator("pre").text_content()).splitlines()
    assert build_parser().parse_args(shlex.split(first)[1:]) and str(path) in shlex.split(first)


def test_a_hand_that_the_server_cannot_keep_is_offered_as_a_file(
    enter: Any, keep: Any, keeping: Any, strokes: list[np.ndarray]
) -> None:
    page = enter("your-hand", keeping.address, ready="Line 1 of")
    for _ in range(3):
        draw(page, strokes[:1])
        page.get_by_role("button", name="Next line").click()
    page.evaluate("() => { window.fetch = async () => { throw new Error(); }; }")
    path = keep(page, "Save my hand")
    page.get_by_text("The server could not keep it").wait_for()
    assert path.name == "my_hand.json" and len(handwriting.read_ink(path)) == 3


@pytest.mark.parametrize(
    ("room", "ready", "done"), [("reading", "Ready", "read in"), ("your-hand", "Line 1 of", "It reads")]
)
def test_everybody_can_write(
    enter: Any, strokes: list[np.ndarray], room: str, ready: str, done: str, tmp_path: Path
) -> None:
    page = enter(room, ready=ready)
    draw(page, strokes)
    page.get_by_text(done).wait_for()
    check_looks(page, tmp_path, room)

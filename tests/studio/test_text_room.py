"""The room of text in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from studio_page import LABELS, ask, check_looks, shipped

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser


def sheet(page: Page) -> Locator:
    return page.get_by_role("textbox", name="The text.")


def grown(page: Page, count: int) -> None:
    page.locator(".page span").nth(count).wait_for(state="attached")


def written(page: Page, count: int) -> str:
    """Writes until so many characters are there, and stops."""
    page.locator("button.main").click()
    grown(page, count)
    page.get_by_role("button", name="Stop").click()
    return str(sheet(page).text_content())


@pytest.mark.node
def test_a_seed_writes_in_the_page_what_it_writes_elsewhere(enter: Any, keep: Any) -> None:
    from seqgen.domains import text

    page = enter("text")
    page.get_by_label("Begin with").fill("ROMEO:")
    page.get_by_label("Seed").fill("7")
    shown = written(page, 100)
    path = keep(page, "Save")
    assert path.name == "seqgen.txt" and path.read_text(encoding="utf-8") == shown
    options = {"temperature": text.TEMPERATURE, "minP": text.MIN_P}
    wanted = ask("text", shipped("text", "shakespeare"), prompt="ROMEO:", length=94, seed=7, options=options)
    assert shown.startswith(f"ROMEO:{wanted}")
    page.get_by_text("Penalties for what was there").click()
    page.get_by_label("Presence").fill("0.7")
    page.get_by_role("button", name="Begin anew").click()
    assert written(page, 100).startswith(text.load().sample("ROMEO:", length=94, seed=7, presence=0.7))


def test_every_control_of_the_text(enter: Any) -> None:
    from playwright.sync_api import expect

    page = enter("text", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Temperature").fill("0")
    page.get_by_label("Begin with").fill("The 漢字 ")
    once = written(page, 60)
    page.get_by_role("button", name="Begin anew").click()
    expect(sheet(page)).to_have_text("The 漢字 ", use_inner_text=False)
    assert written(page, 60)[:60] == once[:60]  # the likeliest each time
    page.get_by_label("Temperature").fill("1.5")
    page.get_by_label("Top-p").fill("0.9")
    page.get_by_label("Min-p").fill("0.01")
    page.get_by_label("Top-k").fill("5")
    page.get_by_label("Longest repeat").fill("20")
    page.get_by_text("Penalties for what was there").click()
    for name, value in (("Repetition", "1.1"), ("Presence", "0.5"), ("Frequency", "0.02")):
        page.get_by_label(name).fill(value)
    page.get_by_role("button", name="Try another").click()
    page.get_by_role("button", name="Stop").wait_for()  # from the prompt on, and not yet the text before
    grown(page, 40)
    page.keyboard.press("Escape")
    assert page.get_by_label("Seed").input_value() == "2"
    other = sheet(page).text_content()
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == other
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    assert sheet(page).text_content().startswith(once[:60])
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Redo").click()
    assert sheet(page).text_content() == other
    page.get_by_text("Branches").click()
    branches = page.locator(".branches li")
    assert branches.count() == 3  # the first prompt, and what was written from the second one
    branches.nth(1).get_by_role("button").first.click()
    assert sheet(page).text_content().startswith(once[:60])
    branches.last.get_by_role("button", name="Remove").click()
    assert branches.count() == 2


def test_what_is_pressed_while_it_writes_is_done(enter: Any) -> None:
    from playwright.sync_api import expect

    page = enter("text")
    main = page.locator("button.main")
    main.click()
    grown(page, 40)
    page.get_by_role("button", name="Begin anew").click()
    expect(sheet(page)).to_have_text("ROMEO:")
    main.click()
    grown(page, 40)
    one = str(sheet(page).text_content())[:40]
    page.get_by_role("button", name="Try another").click()
    expect(page.get_by_label("Seed")).to_have_value("2")
    page.wait_for_function("one => !document.querySelector('.page').textContent.startsWith(one)", arg=one)
    grown(page, 40)
    page.get_by_role("button", name="Undo").click()
    expect(main).not_to_have_text("Stop")
    expect(sheet(page)).to_have_text("ROMEO:")
    page.get_by_role("button", name="Redo").click()
    assert len(str(sheet(page).text_content())) > 40


def test_of_a_model_nothing_is_left_once_another_is_chosen(enter: Any, twins: Any) -> None:
    from playwright.sync_api import expect

    page, held = enter("text", twins.address), []
    page.route("**/models/1/model.safetensors", lambda route: held.append(route))
    written(page, 40)
    page.get_by_label("Model").select_option("twin")
    for name in ("Write", "Begin anew", "Try another", "Undo"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    assert sheet(page).text_content() == "" and page.locator(".branches li").count() == 0
    page.wait_for_function("() => document.querySelector('[role=status]').textContent.startsWith('Loading twin')")
    page.get_by_label("Model").select_option("shakespeare")
    before = written(page, 40)
    held[0].continue_()  # too late
    page.wait_for_timeout(2000)
    assert sheet(page).text_content() == before
    page.get_by_label("Model").select_option("twin")
    assert written(page, 40)[:40] == before[:40]


def test_a_branch_is_removed_down_to_what_is_shown(enter: Any) -> None:
    page = enter("text")
    before = written(page, 60)
    page.get_by_text("Branches").click()
    branches = page.locator(".branches li")
    remove = page.get_by_role("button", name="Remove").and_(page.locator(":enabled"))
    page.locator(".page span").nth(30).click()
    page.locator(".others li button[aria-current=false]").first.click()
    grown(page, 40)
    page.keyboard.press("Escape")
    page.locator(".page span").nth(36).click()
    page.get_by_role("button", name="Cut here").click()
    kept = sheet(page).text_content()
    assert branches.count() == 2 and len(str(kept)) == 36
    remove.last.click()
    assert sheet(page).text_content() == kept and branches.count() == 2
    remove.click()
    assert sheet(page).text_content() == kept and branches.count() == 1
    page.locator(".page span").nth(7).click()  # after a new line, which nobody can click
    page.get_by_role("button", name="Cut here").click()
    remove.click()
    assert sheet(page).text_content() == before[:7]
    assert written(page, 60)[:30] == before[:30]


def test_another_character_is_chosen_and_gone_on_from(enter: Any) -> None:
    page = enter("text")
    before = written(page, 60)
    page.locator(".page span").nth(30).click()
    others = page.locator(".others li button")
    assert others.count() == 10
    other = page.locator(".others li button[aria-current=false]").first
    name = str(other.text_content())
    other.click()
    grown(page, 40)
    page.get_by_role("button", name="Stop").click()
    after = str(sheet(page).text_content())
    assert after[:30] == before[:30] and after[30] == {"␣": " ", "⏎": "\n"}.get(name, name) != before[30]
    page.locator(".page span").nth(20).click()
    page.get_by_role("button", name="Cut here").click()
    assert sheet(page).text_content() == after[:20]
    page.keyboard.press("Control+z")
    assert sheet(page).text_content() == after


def test_what_two_branches_share_stays_where_it_is(enter: Any) -> None:
    page = enter("text")
    written(page, 60)
    page.evaluate("window.first = document.querySelector('.page span')")
    page.locator(".page span").nth(30).click()
    page.locator(".others li button[aria-current=false]").first.click()
    grown(page, 40)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo").click()
    assert page.evaluate("first.isConnected")


def test_lines_that_are_come_back_to_are_those_that_were_there(enter: Any) -> None:
    page = enter("text")
    before = written(page, 200)
    assert before.count("\n", 60) > 2
    page.evaluate("window.lines = [...document.querySelectorAll('.page div')]")
    page.locator(".page span").nth(30).click()
    page.locator(".others li button[aria-current=false]").first.click()
    grown(page, 60)
    page.keyboard.press("Escape")
    other = sheet(page).text_content()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    assert sheet(page).text_content() == before
    assert page.evaluate("lines.filter(line => line.isConnected).length") >= before.count("\n") - 1
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Redo").click()
    assert sheet(page).text_content() == other
    spans = page.locator(".page span").all_text_contents()
    assert "".join(spans) == other and len(spans) == len(str(other))


def test_a_long_text_is_seen_from_its_end_and_copied_as_it_is(enter: Any) -> None:
    page = enter("text", viewport={"width": 360, "height": 800}, permissions=["clipboard-read", "clipboard-write"])
    text = "".join(
        f"{number} lines are to be seen, most of them longer than such a screen is wide.\n\n" for number in range(30)
    )
    page.get_by_label("Begin with").fill(text)
    page.get_by_role("button", name="Begin anew").click()
    grown(page, len(text) - 1)
    below = "one => one.scrollHeight - one.scrollTop - one.clientHeight"
    page.wait_for_function(f"() => [document.querySelector('.page')].map({below})[0] < 40")
    sheet(page).evaluate("one => getSelection().selectAllChildren(one)")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == text
    page.evaluate("() => { getSelection().collapseToEnd(); return navigator.clipboard.writeText('mine'); }")
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == "mine"


def test_the_keyboard_alone_suffices(enter: Any, tab_to: Any) -> None:
    page = enter("text")
    tab_to(page, "Begin with")
    page.keyboard.press("Control+a")
    page.keyboard.type("Now ")
    tab_to(page, "Write")
    page.keyboard.press("Enter")
    grown(page, 40)
    page.keyboard.press("Escape")
    before = str(sheet(page).text_content())
    tab_to(page, "The text.")
    page.keyboard.press("Home")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # from the first alternative, where the focus is now, to the second
    page.keyboard.press("Enter")
    grown(page, 20)
    page.keyboard.press("Escape")
    after = str(sheet(page).text_content())
    assert before.startswith("Now ") and after[:10] == before[:10]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert sheet(page).text_content() == before


def test_a_document_of_a_label_ends_and_another_begins(enter: Any, own: Any, made: Any, keep: Any) -> None:
    from playwright.sync_api import expect

    from seqgen.domains import text

    page = enter("text", own.address)
    main, ended = page.locator("button.main"), page.get_by_text(re.compile("^It ends here, after "))
    assert page.get_by_label("Label").locator("option").all_text_contents() == list(LABELS)
    page.get_by_label("Label").select_option("loud")
    page.get_by_label("Seed").fill("2")
    main.click()
    ended.wait_for()
    wanted = text.load(made / "letters").sample(seed=2, label="loud")
    assert keep(page, "Save").read_text(encoding="utf-8").removesuffix("\n\n") == wanted
    assert page.locator(".page .end").count() == 1
    expect(main).to_have_text("Go on")
    main.click()
    page.wait_for_function("() => document.querySelectorAll('.page .end').length === 2")
    expect(main).to_have_text("Go on")
    both = str(sheet(page).text_content())
    assert both.startswith(f"{wanted}\n\n") and len(both) > len(wanted) + 4
    page.keyboard.press("Control+z")
    assert sheet(page).text_content() == f"{wanted}\n\n"
    page.locator(".page span").nth(len(wanted)).click()
    page.get_by_text("In place of ∎ the end").wait_for()
    page.locator(".others li button[aria-current=false]").first.click()
    page.wait_for_function("() => document.querySelectorAll('.page .end').length === 1")
    page.keyboard.press("Escape")
    assert str(sheet(page).text_content()).startswith(wanted)


def test_labels_are_mixed_and_what_was_written_of_another_stays(enter: Any, own: Any, made: Any) -> None:
    from playwright.sync_api import expect

    from seqgen.domains import text

    page, writer = enter("text", own.address), text.load(made / "letters")
    page.get_by_label("Begin with").fill("The ")
    page.get_by_label("Min-p").fill("0")  # what was never trained ends seldom
    page.locator("button.main").click()
    ended = page.get_by_text(re.compile("^It ends here, after "))
    ended.wait_for()
    calm = writer.sample("The ", seed=1, min_p=0.0, label="calm")
    assert sheet(page).text_content() == f"{calm}\n\n"
    page.get_by_label("mixed with").select_option("loud")
    expect(sheet(page)).to_have_text("The ", use_inner_text=False)
    page.get_by_label("Share").fill("0.3")
    expect(sheet(page)).to_have_text("The ", use_inner_text=False)
    page.locator("button.main").click()
    ended.wait_for()
    assert sheet(page).text_content() == writer.sample("The ", seed=1, min_p=0.0, label="calm:0.7,loud:0.3") + "\n\n"
    page.get_by_text("Branches").click()
    told = page.locator(".branches li").all_text_contents()
    assert [re.search("(calm\\S*) Remove", one)[1] for one in told] == [
        "calm",
        "calm:0.5,loud:0.5",
        "calm:0.7,loud:0.3",
    ]
    page.locator(".branches li").first.get_by_role("button").first.click()
    assert sheet(page).text_content() == f"{calm}\n\n"
    page.locator(".branches li").last.get_by_role("button", name="Remove").click()
    assert page.locator(".branches li").count() == 2 and sheet(page).text_content() == f"{calm}\n\n"


def test_a_room_with_labels_fits_on_every_screen(enter: Any, own: Any, tmp_path: Path) -> None:
    page = enter("text", own.address)
    page.locator("button.main").click()
    page.get_by_text(re.compile("^It ends here, after ")).wait_for()
    page.get_by_text("Branches").click()
    check_looks(page, tmp_path, "text-labels")

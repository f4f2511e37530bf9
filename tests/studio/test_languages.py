"""The page in another language than English."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from studio_page import check_looks, shipped

from seqgen.shell.studio.site import export, site

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SHOWN = {  # what to press in a room, and what is to be seen then
    "text": ("写作", ".page span >> nth=40"),
    "handwriting": ("书写", ".sheet path >> nth=2"),
    "reading": ("书写", ".letters-read li >> nth=2"),
    "your-hand": ("下一行", "p.status >> nth=1"),
    "music": ("作曲", ".roll rect >> nth=9"),
    "harmony": ("示例", ".tune .voice0 >> nth=9"),
}
# All that is said, but for what models and people wrote, and commands.
SAID = """() => {
  const written = ".page, .letters, .letters-read, .said, .others li button, .branches, .sheet, code, textarea";
  const own = [...document.querySelectorAll("body *")].filter(one => !one.closest(written) && !one.closest("script"));
  return own.flatMap(one => [
    ...[...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data),
    ...["aria-label", "title", "placeholder"].map(name => one.getAttribute(name) ?? "")]);
}"""
# Names: of this program, of what a file or a sampler is called everywhere, of hands and models, of keys on a keyboard.
HANDS = json.loads((shipped("handwriting", "hands") / "config.json").read_bytes())["codec"]["hands"]
MODELS = [word for entry in json.loads(site()["models.json"]) for word in entry["name"].split("-")]
NAMES = {
    *[
        "seqgen",
        "studio",
        "English",
        "SVG",
        "PNG",
        "G",
        "code",
        "MIDI",
        "WAV",
        "MusicXML",
        "JSON",
        "Top",
        "Min",
        "Ctrl",
    ],
    *MODELS,
    *HANDS,
}


def english(page: Page) -> set[str]:
    """Words that are none of Chinese in what the page says."""
    told = [re.sub("“[^”]*”", "", said) for said in page.evaluate(SAID)]  # but for what was read, which is quoted
    return {word for said in told for word in re.findall("[A-Za-z]{2,}", said)} - NAMES


@pytest.mark.parametrize("room", SHOWN)
def test_who_reads_chinese_is_told_all_of_it_in_chinese(enter: Any, room: str, tmp_path: Path) -> None:
    page = enter(room, ready="第 1 行" if room == "your-hand" else "就绪", locale="zh-CN")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    button, seen = SHOWN[room]
    page.get_by_role("button", name=button, exact=True).locator("visible=true").click()
    page.locator(f"section:visible {seen}").wait_for(state="attached")
    if room != "reading":  # whose Escape clears the sheet
        page.keyboard.press("Escape")
    if room == "text":
        page.locator(".page span").nth(30).click()
        page.get_by_text("意外程度").wait_for()
        page.get_by_text("分支", exact=True).click()
    assert not english(page)
    check_looks(page, tmp_path, f"{room}-chinese")


def test_a_training_is_told_of_in_chinese(enter: Any, watching: Any, tmp_path: Path) -> None:
    page = enter("training", watching.address, "正在训练。", locale="zh-TW")
    page.get_by_role("button", name="停止训练").click()
    page.get_by_text("已请求停止").wait_for()
    assert english(page) <= {"poems", "RUN"}


def test_a_language_is_chosen_and_remembered(enter: Any, tab_to: Any) -> None:
    page = enter("text", locale="fr-FR")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_label("Language").locator("option[lang=zh-Hans]").text_content() == "中文"
    page.get_by_label("Language").select_option("中文")
    page.get_by_text("就绪").wait_for()
    page.reload()
    page.get_by_text("就绪").wait_for()
    tab_to(page, "语言")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.get_by_text("Ready").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.evaluate("""() => {
      Object.defineProperty(document, "cookie", { get: () => "", set: () => {} });
      Storage.prototype.setItem = () => { throw new Error(); };
    }""")  # a browser that stores nothing
    page.get_by_label("Language").select_option("中文")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_language_is_remembered_by_the_next_studio(enter: Any, studio: Any, twins: Any) -> None:
    page = enter("text", studio.address)
    page.get_by_label("Language").select_option("中文")
    page.get_by_text("就绪").wait_for()
    assert twins.address.split("/")[2] != studio.address.split("/")[2]  # another port
    other = page.context.new_page()
    other.goto(f"{twins.address}#text")
    other.get_by_text("就绪").wait_for()
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["value"], cookie["path"], cookie["sameSite"]) == (
        "seqgen-language",
        "zh-Hans",
        "/",
        "Strict",
    )


def test_a_file_remembers_its_language_too(enter: Any, tmp_path: Path) -> None:
    page = enter("music", export(tmp_path / "studio.html", ["chorales"]).as_uri())
    page.get_by_label("Language").select_option("中文")
    page.get_by_text("就绪").wait_for()
    page.reload()
    page.get_by_text("就绪").wait_for()


def test_a_page_that_waits_for_its_models_speaks_its_language(enter: Any) -> None:
    page, held = enter("text", ready="就绪", locale="zh-CN"), []
    page.route("**/models.json", lambda route: held.append(route))
    page.reload(wait_until="commit")
    page.wait_for_function("() => document.documentElement.lang === 'zh-Hans'")
    assert page.get_by_role("link").all_text_contents() == ["跳到主要内容"]
    held[0].continue_()
    page.get_by_text("就绪").wait_for()

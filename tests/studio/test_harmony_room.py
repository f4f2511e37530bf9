"""A tune that is drawn or played, and harmonised, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from studio_page import ask, check_looks, shipped

from seqgen.domains import music

pytestmark = pytest.mark.browser
TUNE = [60, 64, 67, 72]
# Presses a button again before anything else can happen; what it says after each time.
TWICE = "one => [1, 2].map(() => { one.click(); return one.textContent; })"


@pytest.mark.node
def test_a_tune_is_played_and_harmonised_by_the_keyboard_alone(enter: Any, tab_to: Any, keep: Any) -> None:
    page = enter("harmony")
    tab_to(page, "Bars")
    page.keyboard.press("Control+a")
    page.keyboard.type("1")
    tab_to(page, "Tries side by side")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    tab_to(page, "The tune.")
    page.keyboard.type("adgf")
    page.keyboard.press("Backspace")
    page.keyboard.type("k")
    tab_to(page, "Harmonise")
    page.keyboard.press("Enter")
    page.get_by_text("1 bars,").wait_for()
    page.keyboard.press("Escape")
    found = music.read_midi(keep(page, "MIDI"))
    assert [note.pitch for note in found.notes if note.part == 0] == TUNE
    cells = [symbol for pitch in TUNE for symbol in (pitch, *[pitch + 128] * 3)]
    asked = {"meter": (4, 4), "bars": 1, "tune": cells, "seed": 0, "particles": 2, "temperature": music.TEMPERATURE}
    spans = [{"start": 4 * at, "end": 4 * at + 4, "pitch": pitch} for at, pitch in enumerate(TUNE)]
    steps = ask("harmonise", shipped("music", "bach"), leading="soft", notes=spans, tonic=True, **asked)
    wanted = music.load("bach").codec.decode(steps).notes
    assert [(note.part, note.pitch) for note in found.notes] == [(note.part, note.pitch) for note in wanted]


# Two keyboards, of which one plays: notes held and let go, one too high for a soprano, and a pedal.
KEYBOARDS = """() => {
  const all = [];
  navigator.requestMIDIAccess = async () => {
    all.push(new Map([["one", {}], ["other", {}]]));
    return { inputs: all.at(-1) };
  };
  window.play = (...data) => all.forEach(inputs => inputs.get("other").onmidimessage({ data: Uint8Array.from(data) }));
}"""


def test_a_tune_is_played_on_a_midi_keyboard(enter: Any) -> None:
    page = enter("harmony")
    page.evaluate("() => { navigator.requestMIDIAccess = async () => { throw new Error(); }; }")
    page.get_by_role("button", name="MIDI keyboard").click()
    page.get_by_text("lets this page hear no MIDI keyboard").wait_for()
    page.evaluate(KEYBOARDS)
    for _ in range(2):  # the second time changes nothing
        page.get_by_role("button", name="MIDI keyboard").click()
        page.get_by_text("MIDI keyboards that are heard: 2").wait_for()
    page.evaluate(
        "() => { play(0x90, 60, 99); play(0x90, 60, 0); play(0xb3, 64, 127); play(0x93, 88, 1); play(0x83, 88, 1); }"
    )
    notes = page.locator("svg.tune .voice0")
    assert [notes.nth(i).get_attribute("x") for i in range(notes.count())] == ["0", "4"]
    assert [notes.nth(i).get_attribute("y") for i in range(notes.count())] == [str(83 - 60), str(83 - 76)]


# Records two notes of a keyboard that says when they were played: 1.1 seconds apart, after the four clicks.
RECORDED = """async () => {
  const record = [...document.querySelectorAll("button")].find(one => one.textContent === "Record"), now = performance.now();
  let heard;
  navigator.requestMIDIAccess = async () => ({ inputs: new Map([["one", heard = {}]]) });
  [...document.querySelectorAll("button")].find(one => one.textContent === "MIDI keyboard").click();
  record.click(); // four clicks of half a second, after a tenth
  await new Promise(resolve => setTimeout(resolve, 300));
  const play = (after, ...data) => heard.onmidimessage({ data: Uint8Array.from(data), timeStamp: now + 2475 + after });
  play(0, 0x90, 72, 99); play(900, 0x80, 72, 0); play(1100, 0x90, 74, 99); play(1600, 0x90, 74, 0);
  const said = record.textContent;
  record.click();
  return said;
}"""


def test_a_tune_is_recorded_with_its_timing_and_drawn_to_the_grid_as_far_as_is_wanted(enter: Any, keep: Any) -> None:
    page = enter("harmony")
    page.get_by_label("Bars").fill("2")
    page.get_by_label("Tempo").fill("120")
    page.get_by_label("A note is a").select_option("half")
    page.get_by_label("Quantise").fill("0")
    page.locator(".piano i").first.click()  # which makes the sound
    assert page.evaluate(RECORDED) == "Stop"
    notes = page.locator("svg.tune .voice0")

    def apart() -> float:
        first, second = (float(notes.nth(i).get_attribute("x") or 0) for i in range(notes.count()))
        return second - first

    assert apart() == pytest.approx(8.8)
    page.get_by_label("Quantise").fill("50")
    assert apart() == pytest.approx(8.4)
    page.get_by_label("Quantise").fill("100")
    assert apart() == 8
    for seed, percent, seconds in (("1", "0", 1.1), ("2", "100", 1.0)):
        page.get_by_label("Quantise").fill(percent)
        page.get_by_label("Seed").fill(seed)
        page.get_by_role("button", name="Harmonise").click()
        page.get_by_text(f"Seed {seed}.").wait_for()
        page.keyboard.press("Escape")
        tune = [note for note in music.read_midi(keep(page, "MIDI")).notes if note.part == 0]
        assert [note.pitch for note in tune] == [72, 74]
        assert tune[1].onset - tune[0].onset == pytest.approx(seconds, abs=0.01)


def test_a_tune_is_played_with_a_finger_or_a_mouse(enter: Any) -> None:
    page = enter("harmony")
    for key in (0, 4, 7):
        page.locator(".piano i").nth(key).click()
    notes = page.locator("svg.tune .voice0")
    assert [float(notes.nth(i).get_attribute("y") or 0) for i in range(notes.count())] == [83 - 60, 83 - 64, 83 - 67]
    page.get_by_role("button", name="Record").click()
    page.locator("svg.tune .now").wait_for(state="attached")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Record").wait_for()
    assert page.locator("svg.tune .now").count() == 0 and notes.count() == 0
    page.get_by_role("button", name="Undo").click()
    assert notes.count() == 3 and page.get_by_role("button", name="Redo").is_enabled()
    page.keyboard.press("Control+z")
    assert notes.count() == 2
    for _ in range(2):
        page.get_by_role("button", name="Redo").click()
    assert notes.count() == 0 and page.get_by_role("button", name="Redo").is_disabled()


def test_a_key_that_was_chosen_is_that_of_the_end(enter: Any) -> None:
    page = enter("harmony")
    tune = page.get_by_role("application")
    tune.focus()
    page.keyboard.type("adg")
    page.get_by_label("A note is a").select_option("half")
    tune.focus()
    page.keyboard.type("a")
    page.get_by_role("combobox", name="Key").select_option("G major")
    page.get_by_label("End").select_option("tonic")
    page.get_by_role("button", name="Harmonise").click()
    page.get_by_text("not end on the tonic chord of G major; choose another end, or key").wait_for()
    page.get_by_label("Bars").fill("1")
    page.keyboard.press("Enter")
    assert page.locator("svg.tune .voice0").last.get_attribute("width") == "3.9"  # what was beyond the bar is gone


def test_a_tune_is_gone_on_from(enter: Any, keep: Any) -> None:
    page = enter("harmony")
    page.get_by_role("application").focus()
    page.keyboard.type("adg")
    page.get_by_label("Bars").fill("2")
    page.get_by_label("Bars").press("Enter")
    page.get_by_label("Go on after it").check()
    page.get_by_role("button", name="Harmonise").click()
    page.get_by_text("2 bars,").wait_for()
    page.keyboard.press("Escape")
    soprano = [note.pitch for note in music.read_midi(keep(page, "MIDI")).notes if note.part == 0]
    assert soprano[:3] == TUNE[:3] and len(soprano) > 3


def test_the_seed_that_is_told_is_the_one_that_was_taken(enter: Any) -> None:
    page = enter("harmony")
    page.get_by_role("button", name="An example").click()
    page.get_by_role("button", name="Harmonise").click()
    page.get_by_text(re.compile("^Composing")).wait_for()
    page.get_by_label("Seed").fill("5")
    page.get_by_text("4 bars,").wait_for()
    assert page.get_by_text("Seed 0.").is_visible()


def test_every_control_of_the_harmony(enter: Any, keep: Any, tmp_path: Path) -> None:
    page = enter("harmony")
    page.get_by_label("Tries side by side").fill("2")
    assert page.get_by_role("button", name="Harmonise").is_disabled()
    box = page.locator("svg.tune").bounding_box()
    assert box is not None
    page.get_by_label("A note is a").select_option("half")
    for bar in range(4):  # a note of a bar each: begun and drawn out
        page.mouse.move(box["x"] + box["width"] * (bar + 0.05) / 4, box["y"] + box["height"] * (0.4 + 0.04 * bar))
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * (bar + 0.99) / 4, box["y"] + box["height"] * 0.5)
        page.mouse.up()
    assert page.locator("svg.tune .voice0").count() == 4
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.52)  # away with the last
    assert page.locator("svg.tune .voice0").count() == 3
    page.get_by_label("Tempo").fill("200")
    page.get_by_label("Voice leading").select_option("strict")
    page.get_by_label("End").select_option("free")
    page.get_by_role("button", name="Harmonise").click()
    page.get_by_text("3 bars,").wait_for()
    first = music.read_midi(keep(page, "MIDI"))
    assert len([note for note in first.notes if note.part == 0]) == 3 and len(first.notes) > 9
    page.get_by_role("button", name="Another").click()
    page.get_by_text("Seed 1.").wait_for()
    page.keyboard.press("Escape")  # it sings, or has come to its end by now
    play = page.get_by_role("button", name="Play", exact=True)
    assert play.evaluate(TWICE) == ["Stop", "Play"]
    check_looks(page, tmp_path, "harmony")
    page.get_by_role("button", name="An example").click()
    assert page.locator("svg.tune .voice0").count() == 16
    page.get_by_label("A note is a").select_option("quarter")
    page.get_by_role("application").focus()
    for key in [*["ArrowLeft"] * 16, *["ArrowRight"] * 15, "t"]:  # F sharp, in G major
        page.keyboard.press(key)
    page.get_by_label("End").select_option("tonic")
    page.get_by_role("button", name="Harmonise").click()
    page.get_by_text("The tune does not end on the tonic chord of G major").wait_for()
    page.get_by_role("button", name="Clear").click()
    assert page.locator("svg.tune .voice0").count() == 0
    assert page.get_by_role("button", name="MIDI", exact=True).is_disabled()

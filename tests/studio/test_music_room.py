"""The room of music in a real browser."""

from __future__ import annotations

import re
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studio_page import ask, check_looks, shipped

from seqgen.domains import music
from seqgen.domains.music.showing.synth import synthesize

pytestmark = pytest.mark.browser


@pytest.mark.node
def test_a_seed_makes_in_the_page_what_it_makes_elsewhere(enter: Any, keep: Any, tmp_path: Path) -> None:
    page = enter("music")
    page.get_by_label("Model").select_option("chorales")
    page.get_by_text("Ready.").locator("visible=true").wait_for()
    page.get_by_label("Meter").select_option("3/4")
    page.get_by_label("Bars").fill("3")
    page.get_by_label("Seed").fill("5")
    page.get_by_label("Tempo").fill("120")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text("3 bars,").wait_for()
    other = tmp_path / "other.mid"
    ask(
        "compose",
        shipped("music", "chorales"),
        meter=(3, 4),
        bars=3,
        seed=5,
        bpm=120,
        temperature=music.TEMPERATURE,
        minP=music.MIN_P,
        out=str(other),
    )
    kept = keep(page, "MIDI")
    assert kept.read_bytes() == other.read_bytes()
    read = music.read_midi(kept)
    assert {note.part for note in read.notes} == {0, 1, 2, 3} and read.meters[0][1:] == (3, 4)
    assert read.tempos[0].bpm == pytest.approx(120)


def test_every_control_of_the_music(enter: Any, keep: Any) -> None:
    page = enter("music")
    page.get_by_label("Temperature").fill("0.9")
    page.get_by_label("Top-p").fill("0.95")
    page.get_by_label("Min-p").fill("0.02")
    page.get_by_label("Bars").fill("2")
    page.get_by_label("Tempo").fill("200")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text("2 bars,").wait_for()
    first = keep(page, "MIDI").read_bytes()
    page.get_by_role("button", name="Play").wait_for()  # it has sounded to its end
    page.get_by_label("over and over").check()
    page.get_by_role("button", name="Play").click()
    line = page.locator(".roll .now")
    before = line.get_attribute("x1")
    page.wait_for_function("before => document.querySelector('.roll .now').getAttribute('x1') !== before", arg=before)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Another").click()
    page.get_by_text("Seed 1.").wait_for()
    assert page.get_by_label("Seed").input_value() == "1"
    page.keyboard.press("Escape")
    assert keep(page, "MIDI").read_bytes() != first
    assert str(page.locator("svg.roll").get_attribute("aria-label")).startswith("piano roll of 2 bars")


def test_a_piece_is_kept_as_sound_and_as_a_score(enter: Any, keep: Any) -> None:
    page = enter("music")
    page.get_by_label("Bars").fill("3")
    page.get_by_label("Tempo").fill("120")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text("3 bars,").wait_for()
    page.keyboard.press("Escape")
    played, written = music.read_midi(keep(page, "MIDI")), music.read_musicxml(keep(page, "MusicXML"))
    places = [
        sorted((round(8 * note.onset), round(8 * note.end), note.pitch, note.part) for note in score.notes)
        for score in (played, written)
    ]
    assert places[0] == places[1] and written.meters[0][1:] == (4, 4) and written.tempos[0].bpm == 120
    with wave.open(str(keep(page, "WAV"))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (2, 2, 44100)
        assert sound.getnframes() == pytest.approx(44100 * (played.seconds + 1.8), rel=0.01)
        heard = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2) / 32768
    assert np.abs(heard).max() == pytest.approx(0.9, abs=0.01) and np.abs(heard[-100:]).max() < 0.01
    wanted = synthesize(played)
    for part in range(4):
        one, other = (bands(both[part * 60_000 : (part + 1) * 60_000].mean(axis=1)) for both in (heard, wanted))
        assert one @ other > 0.95 * np.linalg.norm(one) * np.linalg.norm(other)
        assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(other), rel=0.5)


def bands(sound: np.ndarray) -> np.ndarray:
    """How loud it is in thirds of octaves from 60 Hz to 8 kHz."""
    energy, hertz = abs(np.fft.rfft(sound)) ** 2, np.fft.rfftfreq(len(sound), 1 / 44_100)
    edges = 60 * 2 ** (np.arange(22) / 3)
    return np.sqrt([energy[(hertz >= low) & (hertz < high)].sum() for low, high in pairwise(edges)])


def test_some_voices_are_written_anew_and_the_others_stay(enter: Any, keep: Any) -> None:
    page = enter("music")
    page.get_by_label("Bars").fill("2")
    page.get_by_text("Write some of it anew").click()
    anew = page.get_by_role("button", name="Write anew")
    assert anew.is_disabled()
    page.get_by_role("button", name="Compose").click()
    page.get_by_text("2 bars,").wait_for()
    page.keyboard.press("Escape")
    before = music.read_midi(keep(page, "MIDI")).notes
    page.get_by_label("Tenor").uncheck()
    page.get_by_label("From bar").fill("2")
    page.get_by_label("Seed").fill("4")
    anew.click()
    page.get_by_text(re.compile(r"^2 bars, .*Seed 4\.")).wait_for()
    page.keyboard.press("Escape")
    after = music.read_midi(keep(page, "MIDI")).notes
    kept = [[note for note in notes if note.part in (0, 2)] for notes in (before, after)]
    assert kept[0] == kept[1] and before != after
    bar = 60 / 100 * 4
    first = [[(n.onset, n.pitch, n.part) for n in notes if n.onset < bar - 0.01] for notes in (before, after)]
    assert first[0] == first[1]


def test_a_model_that_knows_keys_is_asked_for_one(enter: Any, own: Any) -> None:
    page = enter("music", own.address)
    page.get_by_label("Bars").fill("2")
    page.get_by_role("combobox", name="Key").select_option("A minor")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text(re.compile(r"^2 bars, \d+ notes, A minor\.")).wait_for()
    page.get_by_role("combobox", name="Key").select_option("as it comes")
    page.get_by_label("Voice leading").select_option("soft")
    page.get_by_label("End").select_option("tonic")
    page.get_by_label("Seed").fill("1")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text(re.compile(r"^2 bars, \d+ notes, .* (major|minor)\. Seed 1\.")).wait_for()


def test_every_control_of_songs(enter: Any, own: Any, made: Path, keep: Any, tmp_path: Path) -> None:
    page = enter("music", own.address)
    page.get_by_label("Model").select_option("ballads")
    page.get_by_label("Tempo").get_by_text("as it comes").wait_for(state="attached")
    page.get_by_label("Bars").fill("3")
    page.get_by_label("Seed").fill("8")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text(re.compile(r"^3 bars, \d+ notes, .*Seed 8\.")).wait_for()
    path = keep(page, "MIDI")
    assert path.name == "song-8.mid"
    found, wanted = music.read_midi(path), music.load(made / "ballads").sample(bars=3, seed=8)
    assert [(n.pitch, n.program) for n in found.notes] == [(n.pitch, n.program) for n in wanted.notes]
    page.get_by_role("combobox", name="Meter").select_option("6/8")
    page.get_by_role("combobox", name="Tempo").select_option("152")
    page.get_by_role("combobox", name="Key").select_option("E flat major")
    page.get_by_role("button", name="Another").click()
    page.get_by_text(re.compile(r"^3 bars, \d+ notes, E flat major, ♩ = 152\. Seed 9\.")).wait_for()
    found = music.read_midi(keep(page, "MIDI"))
    assert found.meters[0][1:] == (6, 8) and found.tempos[0].bpm == pytest.approx(152, abs=1e-3)
    assert found.keys[0][1:] == (-3, "major")
    written = music.read_musicxml(keep(page, "MusicXML"))
    assert written.keys[0][1:] == (-3, "major") and written.meters[0][1:] == (6, 8)
    assert {(n.pitch, n.program) for n in written.notes if n.program < 128} <= {
        (n.pitch, n.program) for n in found.notes
    }
    page.get_by_role("button", name="Play").wait_for()
    check_looks(page, tmp_path, "songs")
    page.get_by_label("Model").select_option("choir")
    page.get_by_label("Voice leading").wait_for()
    assert page.get_by_role("combobox", name="Tempo").count() == 0


def test_how_far_it_is_is_said_by_tenths_and_not_once_it_is_stopped(enter: Any) -> None:
    page = enter("music")
    page.get_by_label("Bars").fill("200")
    page.evaluate("""() => {
      window.told = [];
      const line = document.querySelector("section:not([hidden]) [role=status]");
      new MutationObserver(() => told.push(line.textContent)).observe(line, { childList: true });
    }""")
    page.get_by_role("button", name="Compose").click()
    page.get_by_text("Composing: 10 %").wait_for()
    page.get_by_role("button", name="Stop").first.click()
    told = page.evaluate("told")
    assert told == [*(f"Composing: {10 * tenth} %" for tenth in range(len(told) - 1)), ""] and len(told) > 2


# A sample that is no longer wanted after a few of its steps: what its roll is called then.
SAMPLE = """async kind => {
  const [{ open }, { sample }] = await Promise.all([import("./models.js"), import("./rooms/samples.js")]);
  const entries = await (await fetch("models.json")).json();
  let left = 3;
  const made = sample(await open(entries.find(({ codec }) => codec === kind)), () => left-- > 0);
  while (left >= -1 && !made.querySelector(".now[x1]")) await new Promise(resolve => setTimeout(resolve, 50));
  return made.firstChild.getAttribute("aria-label");
}"""


@pytest.mark.parametrize("codec", ["grid", "beats"])
def test_a_sample_that_was_interrupted_is_whole_as_far_as_it_goes(enter: Any, own: Any, codec: str) -> None:
    assert re.match(r"piano roll of \d bars", enter("music", own.address).evaluate(SAMPLE, codec))


def test_the_keyboard_alone_suffices(enter: Any, tab_to: Any) -> None:
    page = enter("music")
    tab_to(page, "Bars")
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    tab_to(page, "Compose")
    page.keyboard.press("Space")
    page.get_by_text("2 bars,").wait_for()
    page.keyboard.press("Escape")
    tab_to(page, "MIDI")
    with page.expect_download() as told:
        page.keyboard.press("Enter")
    assert told.value.suggested_filename == "chorale-0.mid"

"""How fast the studio's page is in Chromium, how large it is, and how often a seed makes there what it makes in Python.

Needs the extra `browser` and Chromium, and for the part `parity` Node.js. Without the module in WebAssembly: for comparison.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _report import Row, measured, report_parts

from seqgen import registry
from seqgen.domains import handwriting, music, text
from seqgen.shell.studio.server import Studio
from seqgen.shell.studio.site import MODELS, PAGE, site

ASK = Path(__file__).parent.parent / "tests" / "studio" / "ask.mjs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ROUNDS, SEEDS = 3, 100
LENGTH, LONG = 200, 5_000  # characters
WORDS = "The quick brown fox jumps over"
POINT, LIFT = 0.02, 0.08  # seconds of a hand, as page/rooms/ink.js has them
FRAMES = """seconds => new Promise(resolve => {
  let count = 0, begun;
  const next = at => { begun ??= at; if (at - begun >= 1000 * seconds) resolve(count / seconds); else { count++; requestAnimationFrame(next); } };
  requestAnimationFrame(next);
})"""
# Milliseconds from a click until the picture of what it did is there.
CLICKED = """name => new Promise(resolve => {
  const begun = performance.now();
  [...document.querySelectorAll("button")].find(one => one.checkVisibility() && one.textContent === name).click();
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)));
})"""
FIRST = """() => new Promise(resolve => {
  const begun = performance.now(), page = document.querySelector(".page"), there = page.querySelectorAll("span").length;
  const look = () => page.querySelectorAll("span").length > there ? resolve(performance.now() - begun) : requestAnimationFrame(look);
  document.querySelector("button.main").click();
  look();
})"""


@contextlib.contextmanager
def room(name: str, *, simple: bool = False) -> Iterator[Any]:
    """A page with this room, its model loaded; simple: of a browser without WebAssembly."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    arguments = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with Studio(site()) as studio, sync_playwright() as playwright:
        threading.Thread(target=studio.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.set_default_timeout(300_000)
        if simple:
            page.add_init_script("delete globalThis.WebAssembly")
        page.goto(f"{studio.address}#{name}")
        page.get_by_text("Ready").locator("visible=true").first.wait_for()
        yield page
        browser.close()
        studio.shutdown()


def size() -> list[Row]:
    found = site()
    bytes_of = {name: len(data if isinstance(data, bytes) else data.read_bytes()) for name, data in found.items()}
    own = sum(count for name, count in bytes_of.items() if not name.startswith("models/") and name != MODELS)
    return [
        Row("page and code without weights", own / 1e3, "<=", 150, "kB"),
        Row("all of it with weights", sum(bytes_of.values()) / 1e6, "<=", 45, "MB"),
    ]


def writing() -> list[Row]:
    rates: dict[bool, list[float]] = {False: [], True: []}
    first = []
    for _, simple in itertools.product(range(ROUNDS), rates):
        with room("text", simple=simple) as page:
            milliseconds = page.evaluate(FIRST)
            page.locator(".page span").nth(1_500).wait_for(state="attached")
            told = str(page.locator("[role=status]").first.text_content())
            rates[simple].append(float(told.split()[2]))
            if not simple:
                first.append(milliseconds / 1e3)
    return [
        measured("text", rates[False], ">=", 250, "characters/s"),
        measured("text without WebAssembly", rates[True], unit="characters/s"),
        measured("first character once the model is there", first, "<=", 1.0, "s"),
    ]


def going_back() -> list[Row]:
    """Undo, and back, in a text of 5,000 characters, and what its tree and its page take."""
    with room("text") as page:
        session = page.context.new_cdp_session(page)

        def used() -> float:
            session.send("HeapProfiler.collectGarbage")
            usage = session.send("Runtime.getHeapUsage")
            return float(usage["usedSize"] + usage.get("embedderHeapUsedSize", 0) + usage.get("backingStorageSize", 0))

        before = used()
        page.locator("button.main").click()
        page.locator(".page span").nth(LONG).wait_for(state="attached")
        page.keyboard.press("Escape")
        kept = (used() - before) / 1e6
        page.locator(".page span").nth(LONG // 2).evaluate("one => { one.scrollIntoView(); one.click(); }")
        jumped = [page.evaluate(CLICKED, "Cut here")]
        moved = [page.evaluate(CLICKED, name) for name in ("Undo", "Redo") * 5]
    return [
        measured(f"undo and redo in a text of {LONG:,} characters", moved, "<=", 100, "ms"),
        measured("jump to its middle", jumped, "<=", 100, "ms"),
        Row("its tree of states, with the page of it", kept, "<=", 50, "MB"),
    ]


def composing() -> list[Row]:
    bars, tempo, rates = 16, 100, []
    for _ in range(ROUNDS):
        with room("music") as page:
            page.get_by_label("Bars").fill(str(bars))
            page.get_by_role("button", name="Compose").click()
            begun = page.evaluate("performance.now()")
            page.get_by_text(f"{bars} bars,").wait_for()
            rates.append(bars * 4 * 60 / tempo / ((page.evaluate("performance.now()") - begun) / 1e3))
    return [measured("music, times as fast as it plays", rates, ">=", 5, "x")]


def drawing() -> list[Row]:
    rates, frames = [], []
    for _ in range(ROUNDS):
        with room("handwriting") as page:
            page.get_by_label("Write this").fill(f"{WORDS}\n" * 4)
            begun = page.evaluate("performance.now()")
            page.get_by_role("button", name="Write", exact=True).click()
            page.get_by_role("button", name="Show it all").click()
            page.get_by_text("points. Seed").wait_for()
            seconds = (page.evaluate("performance.now()") - begun) / 1e3
            points = int(str(page.locator("section:not([hidden]) [role=status]").text_content()).split()[0])
            lifts = page.locator(".sheet g > g > path").count()
            rates.append((POINT * (points - lifts) + LIFT * lifts) / seconds)
            page.get_by_label("Tempo").fill("3")
            page.get_by_label("Write this").fill(f"{WORDS}\n" * 8)
            page.get_by_role("button", name="Write", exact=True).click()
            frames.append(page.evaluate(FRAMES, 4))
    return [
        measured("handwriting, times as fast as a hand", rates, ">=", 3, "x"),
        measured("frames while it draws at three times that", frames, ">=", 59, "a second"),
    ]


def ask(verb: str, domain: str, name: str, **asked: Any) -> Any:
    """What the page's modules make in Node.js."""
    folder = registry.domain(domain).shipped
    assert folder is not None
    request = json.dumps({"verb": verb, "page": str(PAGE), "folder": str(folder / name), **asked})
    node = shutil.which("node") or "node"
    done = subprocess.run([node, str(ASK)], input=request, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def parity() -> list[Row]:
    """Of seeds, as many as 100, how many make there what they make in Python; of ink, within 0.05 x-heights everywhere."""
    return [
        Row(what, sum(map(same, range(SEEDS))), ">=", 99, f"of {SEEDS} seeds")
        for what, same in (
            (f"the same text of {LENGTH} characters", same_text),
            ("the same notes of two bars", same_notes),
            ("the same line of ink", same_ink),
        )
    ]


def same_text(seed: int) -> bool:
    wanted = text.load().sample("ROMEO:", length=LENGTH, seed=seed).removeprefix("ROMEO:")
    options = {"temperature": text.TEMPERATURE, "minP": text.MIN_P}
    found = ask("text", "text", "shakespeare", prompt="ROMEO:", length=LENGTH, seed=seed, options=options)
    return bool(found == wanted)


def same_notes(seed: int) -> bool:
    wanted = music.load("bach").sample(bars=2, seed=seed, meter=music.Meter(0.0, 4, 4))
    asked = {"meter": (4, 4), "bars": 2, "seed": seed, "bpm": 100, "temperature": music.TEMPERATURE}
    found = ask("compose", "music", "bach", **asked, minP=music.MIN_P, out=os.devnull)
    return sorted((note["part"], note["pitch"], note["start"]) for note in found["notes"]) == sorted(
        (note.part, note.pitch, round(note.onset / 0.15)) for note in wanted.notes
    )


def same_ink(seed: int) -> bool:
    (wanted,) = handwriting.load().write(WORDS, hand="oak", seed=seed)
    (found,) = ask("write", "handwriting", "hands", text=WORDS, hand={"oak": 1}, seed=seed, bias=1.0)
    points, like = np.array(found)[:, :2], np.concatenate(wanted.strokes)
    return points.shape == like.shape and bool(np.abs(points - like).max() <= 0.05)


PARTS = {part.__name__: part for part in (size, writing, going_back, composing, drawing, parity)}


def told(part: Callable[[], list[Row]]) -> Callable[[bool], list[Row]]:
    """A toy opens no browser, which need not be there."""
    return lambda toy: [] if toy and part is not size else part()


if __name__ == "__main__":
    report_parts(__doc__, {name: told(part) for name, part in PARTS.items()}, lambda toy, folder: toy)

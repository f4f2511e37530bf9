"""The room of a training in a real browser."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from studio_page import check_looks, shipped

from seqgen.devices.stopping import STOP
from seqgen.training import metrics

pytestmark = pytest.mark.browser
LOG = "metrics.jsonl"


def log(run: Path, step: int, **row: float) -> None:
    metrics.append(run / LOG, {"step": step, **row})


def test_a_training_is_watched_stopped_and_gone_on_with(enter: Any, watching: Any, run: Path) -> None:
    from playwright.sync_api import expect

    log(run, 10, nll=3.0, steps_per_s=2.0)
    page = enter("training", watching.address, "It is running.", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".figures")).to_contain_text("10 of 100")
    expect(page.locator(".figures")).to_contain_text("2.00 steps/s")
    expect(page.locator(".figures")).to_contain_text("45 s")
    expect(page.get_by_role("heading", level=2).first).to_have_text("poems: text, small")
    log(run, 20, nll=2.5, steps_per_s=2.0)
    log(run, 20, valid=2.75)
    expect(page.locator(".figures")).to_contain_text("2.750 at step 20")
    expect(page.locator(".curve")).to_have_attribute(
        "aria-label",
        "learning curve: 20 of 100 steps; training 2.722 nats/char, validation 2.750 nats/char, at best 2.750 nats/char at step 20",
    )
    shutil.copytree(shipped("text", "shakespeare"), run / "model")
    page.locator(".samples p").wait_for()
    page.wait_for_function("() => document.querySelector('.samples p').textContent.length >= 240")
    (run / LOG).unlink()  # it diverged, and went back
    log(run, 10, nll=3.0, steps_per_s=2.0)
    expect(page.locator(".figures")).to_contain_text("10 of 100")
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"seqgen text train --resume {run}"
    page.get_by_role("button", name="Stop the training").click()
    page.get_by_text("Asked to stop").wait_for()
    assert (run / STOP).exists()
    (run / "curve.svg").touch()
    page.get_by_text("It has ended at step 10").wait_for()
    expect(page.get_by_role("button", name="Stop the training")).to_be_disabled()


def test_the_keyboard_alone_suffices(enter: Any, watching: Any, run: Path, tab_to: Any) -> None:
    log(run, 10, nll=3.0, steps_per_s=2.0)
    page = enter("training", watching.address, "It is running.")
    tab_to(page, "Text")
    page.keyboard.press("Enter")
    page.get_by_text("Ready").wait_for()
    tab_to(page, "Training")
    page.keyboard.press("Enter")
    tab_to(page, "Stop the training")
    page.keyboard.press("Enter")
    page.get_by_text("Asked to stop").wait_for()
    assert (run / STOP).exists()


def test_everybody_sees_and_is_told_how_it_goes(enter: Any, watching: Any, run: Path, tmp_path: Path) -> None:
    for step in range(1, 80):
        log(run, step, nll=1.5 + 2 / step + 0.2 * (step % 3), steps_per_s=0.5)
        if step % 10 == 0:
            log(run, step, valid=1.6 + 2 / step)
    shutil.copytree(shipped("text", "shakespeare"), run / "model")
    page = enter("training", watching.address, "It is running.")
    page.get_by_text("Step 2,450").wait_for()
    check_looks(page, tmp_path, "training")

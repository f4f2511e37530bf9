"""The progress display: plain lines on a clock of the test's own, the bar on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import types
from pathlib import Path

import pytest

from seqgen.training import progress
from seqgen.training.progress import Progress

ROOT = Path(__file__).parent.parent


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=clock.monotonic))
    return clock


def test_plain_lines_say_everything_and_come_in_time(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[float, str] = {}
    with Progress(2000, unit="chars", per_step=4096) as bar:
        clock.now += 5.0  # compiling
        for step in range(1, 401):
            bar.update(step, loss=4.0 - step / 200, valid=1.75 if step == 300 else None)
            if text := capsys.readouterr().err:
                said[clock.now - 1000.0] = text
            clock.now += 0.1
    last = capsys.readouterr().err
    first = min(said)
    assert 5 < first < 10, "an ETA within ten seconds, compiling included"
    # 10 steps a second from step 1 on; 21 steps are done at 2 s, so 1979 are left: 197.9 s.
    assert said[first] == "21/2000, 10 steps/s, 03:18 left, loss 3.895, 41k chars/s\n"
    gaps = [b - a for a, b in zip(list(said), list(said)[1:], strict=False)]
    assert gaps == pytest.approx([10.0] * 3, abs=0.11)
    assert ", valid 1.750, " in [*said.values()][-1]
    assert last.startswith("400/2000, ")
    assert "loss 2.000, valid 1.750" in last


def test_a_resumed_run_is_timed_by_its_own_steps(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1010, done=1000) as bar:
        bar.update(1001)
        clock.now += 4.0
        bar.update(1002)
    assert capsys.readouterr().err == "1002/1010, 0.25 steps/s, 00:32 left\n"


def test_the_rate_follows_the_last_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(10**6) as bar:
        for step in range(1, 1201):  # 100 s at 10 steps/s, then 100 s at 2
            bar.update(step)
            clock.now += 0.1 if step <= 1000 else 0.5
    rates = [float(rate) for rate in re.findall(r"([\d.]+) steps/s", capsys.readouterr().err)]
    assert rates[0] == pytest.approx(10)
    assert rates[-1] == pytest.approx(2, rel=0.02)


def test_no_line_comes_twice(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(2) as bar:
        bar.update(1)
        clock.now += 60
        bar.update(2)
    assert capsys.readouterr().err == "2/2, 60 s/step\n"


def test_nothing_is_said_when_nothing_happened(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(5):
        pass
    with pytest.raises(ZeroDivisionError), Progress(5) as bar:
        bar.say("validating")
        _ = 1 / 0
    assert capsys.readouterr().err == "validating\n"


def test_a_loss_that_is_no_number_is_shown(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(5) as bar:
        bar.update(1, loss=float("nan"))
    assert capsys.readouterr().err == "1/5, loss nan\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (8.84, "8.84"), (999.4, "999"), (999.9, "1k"), (36_400, "36.4k"), (2.5e6, "2.5M"), (3e9, "3G")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert progress._short(value) == text


def test_standard_output_stays_empty_and_rich_unloaded() -> None:
    code = (
        "import sys; from seqgen.training.progress import Progress\n"
        "with Progress(2) as bar: bar.update(2)\n"
        "assert 'rich' not in sys.modules"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "2/2\n")


CODE = (
    "import time; from seqgen.training.progress import Progress\n"
    "with Progress(2000, done=1900, unit='chars', per_step=4096) as bar:\n"
    "    for step in range(1901, 2001):\n"
    "        time.sleep(0.005)\n"
    "        bar.update(step, loss=1.5, valid=1.6)\n"
    "        if step == 1950: bar.say('saved [b]as it is[/b] :smile: ' + '1' * 100)\n"
)
SAVED = "saved [b]as it is[/b] :smile: " + "1" * 100


def on_a_terminal(columns: int, kind: str) -> str:
    """All that is written to a terminal of this width and kind."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "FORCE_COLOR")}
    child = subprocess.Popen(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env={**settings, "TERM": kind, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    screen = b""
    try:
        while piece := os.read(ours, 4096):
            screen += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert child.communicate(timeout=300) == (b"", None)
    assert child.returncode == 0
    return screen.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("columns", [80, 120])
def test_the_bar_on_a_terminal(columns: int) -> None:
    screen = on_a_terminal(columns, "xterm-256color")
    assert screen.count("\x1b[?25h") == 2 and screen.index("\x1b[?25h") < screen.index(" 96%"), "a kill hides no cursor"
    lines = [line for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", screen)) if line.strip()]
    assert max(len(line) for line in lines if line != SAVED) <= columns
    assert SAVED in lines
    assert lines[0].startswith(" 95% 1900/2000 ")
    # At 80 columns every word is still there.
    running = [line for line in lines if " left, " in line]
    assert re.match(
        r"( 9\d|100)% 19\d\d/2000, [\d.]+ steps/s, 00:0\d left, loss 1.500, valid 1.600, [\d.]+k chars/s ",
        running[-1],
    ), running[-1]
    assert lines[-1].startswith("100% 2000/2000, ")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_that_cannot_go_back_in_a_line_gets_lines() -> None:
    saved, last = on_a_terminal(80, "dumb").splitlines()
    assert saved == SAVED and re.fullmatch(r"2000/2000, [\d.]+ steps/s, loss 1.500, valid 1.600, .*", last)

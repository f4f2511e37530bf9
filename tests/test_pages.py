"""Starting again with huge pages happens once, and only where it helps."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seqgen.machine import huge_pages as pages
from seqgen.shell import cli

Started = list[tuple[str, list[str], dict[str, str]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Started:
    """A machine on which it would help, and what is started on it."""
    calls: Started = []
    monkeypatch.setattr(os, "execve", lambda *call: calls.append(call))
    monkeypatch.setattr(os, "confstr", lambda name: "glibc 2.36", raising=False)
    monkeypatch.setattr(pages, "SWITCH", tmp_path / "enabled")
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "seqgen.shell.cli", "text", "train", "a b"])
    monkeypatch.delenv(pages.TUNABLES, raising=False)
    pages.SWITCH.write_text("always [madvise] never\n", encoding="ascii")
    return calls


def test_the_same_program_starts_once_more(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(pages.TUNABLES, "glibc.malloc.check=0")
    pages.use_huge_pages()
    ((program, arguments, environment),) = started
    assert (program, arguments) == (sys.executable, [sys.executable, "-m", "seqgen.shell.cli", "text", "train", "a b"])
    assert environment[pages.TUNABLES] == "glibc.malloc.check=0:glibc.malloc.hugetlb=1"
    monkeypatch.setenv(pages.TUNABLES, environment[pages.TUNABLES])
    pages.use_huge_pages()
    assert len(started) == 1


@pytest.mark.parametrize("switch", ["[always] madvise never", "always madvise [never]", None])
def test_not_where_the_kernel_does_not_wait_to_be_asked(started: Started, switch: str | None) -> None:
    if switch is None:
        pages.SWITCH.unlink()
    else:
        pages.SWITCH.write_text(switch, encoding="ascii")
    pages.use_huge_pages()
    assert not started


@pytest.mark.parametrize("library", ["glibc 2.34", "musl 1.2", None])
def test_not_where_the_library_cannot_ask(
    started: Started, library: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "confstr", lambda name: library, raising=False)
    pages.use_huge_pages()
    assert not started


def test_only_a_program_that_trains_asks(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli.main(["text", "train"]) == 2  # called by somebody whose process this is
    monkeypatch.setattr(sys, "argv", ["seqgen", "info", "no such model"])
    assert cli.main() == 2
    assert not started
    monkeypatch.setattr(sys, "argv", ["seqgen", "text", "train"])
    assert cli.main() == 2
    assert len(started) == 1

"""Memory in pages of 2 MB, where Linux gives them to whoever asks: a training step takes half a gigabyte anew each time.

In pages of 4 KB the kernel spends a tenth of the time of training on handing them out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SWITCH = Path("/sys/kernel/mm/transparent_hugepage/enabled")
TUNABLES, ASK = "GLIBC_TUNABLES", "glibc.malloc.hugetlb"


def use_huge_pages() -> None:
    """Starts this program again with the C library told to ask for them: it listens only then. Often does nothing.

    Not where the kernel gives them to all or to none, where the C library is another or older than 2.35, nor where
    somebody has settled the question in GLIBC_TUNABLES already.
    """
    before = os.environ.get(TUNABLES, "")
    if ASK in before or not (_linux_waits_to_be_asked() and _library_can_ask()):
        return
    environment = {**os.environ, TUNABLES: ":".join(filter(None, (before, f"{ASK}=1")))}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _linux_waits_to_be_asked() -> bool:
    try:
        return "[madvise]" in SWITCH.read_text(encoding="ascii")
    except OSError:
        return False


def _library_can_ask() -> bool:
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    return name == "glibc" and tuple(map(int, version.split("."))) >= (2, 35)

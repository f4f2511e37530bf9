"""Where compiled programs are kept between runs: a private folder of this user, for this kind of machine.

Compiled programs are code: whoever can write to the folder can run theirs as you, so one that others can write to is
not used. Another kind of CPU gets a folder of its own, since home folders travel and machine code does not.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import stat
import sys
import warnings
from pathlib import Path
from typing import Any


def cache_folder() -> Path | None:
    """The folder for this user, CPU and version of JAX, there or not yet; None for SEQGEN_CACHE=off or without a home.

    It lies in the folder that SEQGEN_CACHE names, else in `seqgen` where the platform keeps caches.
    """
    given = os.environ.get("SEQGEN_CACHE", "")
    if given.lower() == "off":
        return None
    try:
        root = Path(given).expanduser().absolute() if given else user_cache()
    except RuntimeError:  # a user without a home, as in some containers
        return None
    return root / f"compiled-{platform.machine()}-{_cpu()}-jax{importlib.metadata.version('jax')}"


def user_cache() -> Path:
    """`seqgen` under XDG_CACHE_HOME, else where the platform keeps caches. Raises RuntimeError for a user without a home."""
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        root = Path(xdg)
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local")
    else:
        root = Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return root.expanduser().absolute() / "seqgen"


def use_compile_cache() -> Path | None:
    """Makes JAX keep what it compiles, small and quick programs too; returns the folder, None where it does without.

    It does without for SEQGEN_CACHE=off, where it cannot write, and, with a warning, where the folder is not safe.
    A cache that JAX has already (JAX_COMPILATION_CACHE_DIR) stays, unless SEQGEN_CACHE names another.
    """
    import jax

    config: Any = jax.config  # its values have no types
    if (present := config.jax_compilation_cache_dir) and "SEQGEN_CACHE" not in os.environ:
        return Path(present)  # the user's own, or ours from an earlier call
    folder = private_folder()
    if folder is None:
        return None
    config.update("jax_compilation_cache_dir", str(folder))
    _in_use.append(folder)
    config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return folder


def private_folder() -> Path | None:
    """`cache_folder()`, made where it was not there; None where there is none, and, with a warning, where it is not safe."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    if (reason := danger(folder)) is not None:
        warnings.warn(
            f"{folder} is not used to keep compiled programs: {reason}; delete it or set SEQGEN_CACHE", stacklevel=3
        )
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


_in_use: list[Path] = []


def programs() -> Path | None:
    """The folder for `seqgen.machine.programs`, there or not yet; None where this process keeps nothing of its own."""
    return _in_use[-1] / "programs" if _in_use else None


def danger(folder: Path) -> str | None:
    """Why programs in an existing `folder` cannot be trusted, None where they can."""
    if sys.platform == "win32":  # there the user's profile is closed to others, and modes say nothing
        return None
    status = folder.stat()
    if status.st_uid != os.getuid():
        return f"it belongs to user {status.st_uid}, not to you ({os.getuid()})"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others can write to it (mode {stat.S_IMODE(status.st_mode):04o}, 0700 was wanted)"
    return None


def _cpu() -> str:
    """Eight digits that differ where the CPU knows other instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        words = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    except OSError:
        words = ""
    return hashlib.sha256((words or platform.processor()).encode()).hexdigest()[:8]

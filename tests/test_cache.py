"""The compile cache: private, per CPU and JAX, used when it is safe and never in the way."""

from __future__ import annotations

import importlib.metadata
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.compilation_cache import compilation_cache

from seqgen.machine import cache

SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)
ROOT = Path(__file__).parent.parent
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and owners are POSIX's")


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """JAX without a cache, and afterwards as it was."""
    before = {name: getattr(jax.config, name) for name in SETTINGS}
    monkeypatch.delenv("SEQGEN_CACHE", raising=False)
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()  # JAX opens the first folder it is given and stays with it
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_the_users_and_named_after_cpu_and_jax(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache.cache_folder()
    assert folder is not None
    assert folder.parent == tmp_path / "seqgen"
    assert folder.name.endswith(f"-jax{importlib.metadata.version('jax')}")
    monkeypatch.setattr(cache, "_cpu", lambda: "0" * 8)
    assert cache.cache_folder() != folder, "machine code of one CPU is not for another"
    monkeypatch.setenv("SEQGEN_CACHE", str(tmp_path / "mine"))
    assert cache.cache_folder().parent == tmp_path / "mine"  # type: ignore[union-attr]


@pytest.mark.parametrize(("platform", "folder"), [("linux", ".cache"), ("darwin", "Library/Caches")])
@posix
def test_without_xdg_it_lies_where_the_platform_keeps_caches(
    platform: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(cache.sys, "platform", platform)
    assert cache.cache_folder().parent == tmp_path / folder / "seqgen"  # type: ignore[union-attr]


def test_off_and_homeless_do_without(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("off", "OFF"):
        monkeypatch.setenv("SEQGEN_CACHE", word)
        assert cache.cache_folder() is None
        assert cache.use_compile_cache() is None

    def homeless(self: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("SEQGEN_CACHE")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert cache.use_compile_cache() is None
    assert jax.config.jax_compilation_cache_dir is None


def test_programs_are_kept_even_when_something_was_compiled_before(root: Path) -> None:
    jnp.arange(3.0) * 2
    folder = cache.use_compile_cache()
    assert folder == cache.cache_folder()
    jax.jit(lambda x: jnp.sin(x) * 17)(jnp.ones(5)).block_until_ready()
    assert folder is not None and any("lambda" in path.name for path in folder.iterdir())
    assert cache.use_compile_cache() == folder


@posix
def test_the_folder_is_closed_to_others(root: Path) -> None:
    before = os.umask(0)
    try:
        folder = cache.use_compile_cache()
    finally:
        os.umask(before)
    assert folder is not None and mode(folder) == 0o700


@posix
@pytest.mark.parametrize("bits", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_others_can_write_to_is_refused(root: Path, bits: int) -> None:
    folder = cache.cache_folder()
    assert folder is not None
    folder.mkdir(parents=True)
    folder.chmod(bits)
    with pytest.warns(
        UserWarning, match=rf"{folder.name} is not used .*others can write to it \(mode {bits:04o}.*SEQGEN"
    ):
        assert cache.use_compile_cache() is None
    assert jax.config.jax_compilation_cache_dir is None
    folder.chmod(0o755)  # reading it harms nobody
    assert cache.use_compile_cache() == folder


@posix
def test_a_folder_of_somebody_else_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getuid()
    monkeypatch.setattr(cache.os, "getuid", lambda: own + 1)
    with pytest.warns(UserWarning, match=rf"belongs to user {own}, not to you \({own + 1}\); delete it or set"):
        assert cache.use_compile_cache() is None
    assert jax.config.jax_compilation_cache_dir is None


def test_where_nothing_can_be_written_it_does_without_a_word(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.write_text("a file where the folder should be", encoding="utf-8")
    assert cache.use_compile_cache() is None
    root.unlink()
    monkeypatch.setattr(cache.os, "access", lambda path, how: False)
    assert cache.use_compile_cache() is None
    assert jax.config.jax_compilation_cache_dir is None


def test_a_cache_the_user_gave_jax_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "given"))
    assert cache.use_compile_cache() == tmp_path / "given"
    monkeypatch.setenv("SEQGEN_CACHE", str(tmp_path / "wanted"))
    assert cache.use_compile_cache() == cache.cache_folder()


def test_looking_for_the_folder_loads_no_jax() -> None:
    code = "import sys; from seqgen.machine.cache import cache_folder; cache_folder(); assert 'jax' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

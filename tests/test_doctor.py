"""`seqgen doctor`: what is missing or broken is named, with what to do, and decides the exit code."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seqgen import registry
from seqgen.errors import SeqgenError
from seqgen.machine.cache import cache_folder
from seqgen.shell import doctor
from seqgen.shell.cli import main
from seqgen.shell.doctor import Finding

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_CACHE", str(tmp_path / "cache"))


def found(what: str) -> Finding:
    (finding,) = [finding for finding in doctor.report() if finding.what == what]
    return finding


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, version: str | None) -> None:
    """The package has this version, or None: it is not installed."""
    real = importlib.metadata.version

    def version_of(asked: str) -> str:
        if asked != name:
            return real(asked)
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(importlib.metadata, "version", version_of)


def test_a_machine_that_runs_these_tests_is_usable(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.doctor() == 0
    said = capsys.readouterr().out
    packages = ["jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "safetensors", "svgwrite", "rich"]
    for name in ["seqgen", *packages]:
        assert f"\n{name} " in said
        assert importlib.metadata.version(name) in said
    assert f"Python {sys.version.split()[0]}" in " ".join(said.splitlines()[0].split())
    for what in ("platform", "CPUs", "devices", "precision", "compile cache", "domains", "data sets", "commands"):
        assert f"\n{what} " in said
    assert said.endswith("\nseqgen is usable\n")


def test_it_looks_and_changes_nothing(tmp_path: Path) -> None:
    doctor.report()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "version", "value", "remark"),
    [
        ("optax", None, "missing", r'pip install "optax>='),
        ("jaxlib", None, "missing", r'pip install "jaxlib"'),
        ("flax", "0.11.99.dev1", "0.11.99.dev1", r'or newer is needed: .*pip install "flax>='),
        ("seqgen", None, "not installed", r'in its folder: .*pip install "."'),
    ],
)
def test_a_missing_or_old_package_is_named_with_the_command(
    name: str,
    version: str | None,
    value: str,
    remark: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretend(monkeypatch, name, version)
    finding = found(name)
    assert (finding.value, finding.needed) == (value, True)
    assert re.search(remark, finding.remark)
    assert doctor.doctor() == 1
    assert capsys.readouterr().out.endswith(f"\nto be seen to: {name}\n")


def test_without_jax_the_rest_is_still_told() -> None:
    code = (
        "import sys, importlib.metadata as m\n"
        "real = m.version\n"
        "def version(name):\n"
        "    if name == 'jax': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version, sys.modules['jax'] = version, None\n"
        "from seqgen.shell.doctor import doctor\n"
        "sys.exit(doctor())"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (1, "")
    assert "! JAX does not work: import of jax halted" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("to be seen to: jax, devices")


def test_a_driver_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    def devices() -> Any:
        raise RuntimeError("Unable to initialize backend 'cuda': no driver\nmany more lines")

    monkeypatch.setattr(jax, "devices", devices)
    finding = found("devices")
    assert finding.needed
    assert finding.remark.startswith(
        "JAX does not work: Unable to initialize backend 'cuda': no driver; JAX_PLATFORMS=cpu"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_the_compile_cache_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = cache_folder()
    assert folder is not None
    assert found("compile cache") == ("compile cache", "not there yet", str(folder), False)
    folder.mkdir(mode=0o700, parents=True)
    (folder / "program").write_bytes(bytes(2_500_000))
    assert found("compile cache")[1:3] == ("2.5 MB in 1 files, 0700", str(folder))
    folder.chmod(0o777)
    unsafe = found("compile cache")
    assert unsafe.value == "unsafe" and "mode 0777" in unsafe.remark and not unsafe.needed
    monkeypatch.setenv("SEQGEN_CACHE", str(folder / "program"))
    assert found("compile cache").value == "unusable"
    monkeypatch.setenv("SEQGEN_CACHE", "off")
    assert found("compile cache").value == "off"


def test_the_data_folder_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQGEN_DATA", str(tmp_path))
    assert found("SEQGEN_DATA")[1:3] == (str(tmp_path), "")
    monkeypatch.setenv("SEQGEN_DATA", str(tmp_path / "none"))
    assert found("SEQGEN_DATA").remark == "is not a folder: name one, or unset it"
    monkeypatch.delenv("SEQGEN_DATA")
    assert found("SEQGEN_DATA").value == "not set"


def test_a_broken_plug_in_is_named_and_the_rest_is_usable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = registry.domain

    def domain(name: str) -> Any:
        if name == "chess":
            raise SeqgenError("the domain 'chess' of chessy 1.2 does not import: ImportError: no board; update it")
        return real(name)

    monkeypatch.setattr(registry, "domains", lambda: ("chess", "text"))
    monkeypatch.setattr(registry, "domain", domain)
    assert doctor.doctor() == 0
    said = capsys.readouterr().out
    assert "the domain 'chess' of chessy 1.2 does not import: ImportError: no board" in said
    monkeypatch.setattr(registry, "domains", lambda: ("chess",))
    assert doctor.doctor() == 1
    assert capsys.readouterr().out.endswith("\nto be seen to: domains\n")


def test_shipped_models_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses
    import hashlib

    text = dataclasses.replace(registry.domain("text"), shipped=tmp_path / "models")
    monkeypatch.setattr(registry, "domain", lambda name: text)
    assert found("text models")[1:] == ("missing", f"none in {tmp_path / 'models'}; install seqgen again", True)
    good = tmp_path / "models" / "good"
    good.mkdir(parents=True)
    (good / "config.json").write_bytes(b"{}")
    (good / "SHA256SUMS").write_bytes(hashlib.sha256(b"{}").hexdigest().encode() + b"  config.json\n")
    shutil.copytree(good, tmp_path / "models" / "bad")
    (tmp_path / "models" / "bad" / "config.json").write_bytes(b"[]")
    (tmp_path / "models" / ".unfinished").mkdir()
    (tmp_path / "models" / "__pycache__").mkdir()  # of the scripts that made the models
    assert found("text model good")[1:] == ("checksums right", str(good), False)
    bad = found("text model bad")
    assert (bad.value, bad.needed) == ("damaged", True)
    assert "config.json is damaged or edited" in bad.remark
    assert not [finding for finding in doctor.report() if "unfinished" in finding.what or "pycache" in finding.what]


def test_it_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("seqgen is usable\n")

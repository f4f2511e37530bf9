"""What seqgen finds on this machine and what it misses: versions, devices, folders, plug-ins, models."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .. import registry
from ..errors import SeqgenError
from ..files import storage
from ..machine.cache import cache_folder, danger


class Finding(NamedTuple):
    """One thing looked at. needed: seqgen does not work as it should until the remark is seen to."""

    what: str
    value: str
    remark: str = ""
    needed: bool = False


def doctor() -> int:
    """Prints the report as a table; 0 when seqgen is usable, 1 when something needed is missing."""
    findings = report()
    name = max(len(finding.what) for finding in findings)
    # A long folder must not push every remark out of the window.
    value = min(max(len(finding.value) for finding in findings), 40)
    for finding in findings:
        remark = f"{'! ' if finding.needed else ''}{finding.remark}"
        print(f"{finding.what:{name}}  {finding.value:{value}}  {remark}".rstrip())
    wrong = [finding.what for finding in findings if finding.needed]
    print(f"\nto be seen to: {', '.join(wrong)}" if wrong else "\nseqgen is usable")
    return 1 if wrong else 0


def report() -> list[Finding]:
    """Everything, in the order to read it: (what, value, remark, needed). Looks only, changes nothing."""
    parts = (_machine, _packages, _devices, _cache, _kernel, _data, _plugins, _models)
    return [finding for part in parts for finding in part()]


def _machine() -> Iterator[Finding]:
    yield Finding("Python", platform.python_version(), sys.executable)
    yield Finding("platform", f"{platform.system()} {platform.machine()}", platform.platform())
    # Containers and schedulers give a process fewer than there are.
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("CPUs", str(count), "" if count == os.cpu_count() else f"of {os.cpu_count()}, the rest are not ours")


def _packages() -> Iterator[Finding]:
    try:
        yield Finding("seqgen", importlib.metadata.version("seqgen"))
        requirements = importlib.metadata.requires("seqgen") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("seqgen", "not installed", f"in its folder: {_pip('.')}", needed=True)
        return
    for requirement in [line for line in requirements if "extra ==" not in line] + ["jaxlib"]:
        name, least = re.fullmatch(r"([\w.-]+)(?:\s*>=\s*([\w.]+))?.*", requirement).groups()  # type: ignore[union-attr]
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "missing", _pip(requirement), needed=True)
            continue
        if least and _numbers(version) < _numbers(least):
            yield Finding(name, version, f"{least} or newer is needed: {_pip(requirement)}", needed=True)
        else:
            yield Finding(name, version)


def _pip(requirement: str) -> str:
    return f'{Path(sys.executable).name} -m pip install "{requirement}"'


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", re.match(r"[\d.]*", version)[0]))  # type: ignore[index]


def _devices() -> Iterator[Finding]:
    try:
        import jax

        devices = jax.devices()
        (jax.numpy.ones(8) @ jax.numpy.ones(8)).block_until_ready()
    except Exception as error:  # noqa: BLE001 - drivers, plug-ins and loaders raise what they like
        remark = f"JAX does not work: {_brief(error)}; JAX_PLATFORMS=cpu may help, or {_pip('jax')}"
        yield Finding("devices", "none", remark, needed=True)
        return
    kinds = sorted({device.device_kind for device in devices})
    forced = f"; JAX_PLATFORMS={os.environ['JAX_PLATFORMS']}" if "JAX_PLATFORMS" in os.environ else ""
    missed = devices[0].platform == "cpu" and not forced and shutil.which("nvidia-smi")
    remark = f"there is an NVIDIA driver: {_pip('jax[cuda13]')}, cuda12 for one before 580" if missed else ""
    yield Finding("devices", f"{len(devices)} {devices[0].platform}", remark or f"{', '.join(kinds)}{forced}")
    config: Any = jax.config  # its values have no types
    products = config.jax_default_matmul_precision or "the device's default"
    yield Finding("precision", "float64" if config.jax_enable_x64 else "float32", f"matrix products: {products}")


def _cache() -> Iterator[Finding]:
    what = "compile cache"
    try:
        folder = cache_folder()
    except importlib.metadata.PackageNotFoundError:  # no JAX: said above
        return
    if folder is None:
        yield Finding(what, "off", "SEQGEN_CACHE is off, or this user has no home folder: every start compiles anew")
        return
    try:
        files = [path.stat() for path in folder.iterdir()]
        mode = stat.S_IMODE(folder.stat().st_mode)
        refused = danger(folder)
    except FileNotFoundError:
        yield Finding(what, "not there yet", str(folder))
        return
    except OSError as error:
        yield Finding(what, "unusable", f"{folder}: {error.strerror}; every start compiles anew")
        return
    if refused:
        yield Finding(what, "unsafe", f"{folder} is not used: {refused}; delete it or set SEQGEN_CACHE")
        return
    megabytes = sum(file.st_size for file in files) / 1e6
    yield Finding(what, f"{megabytes:.1f} MB in {len(files)} files, {mode:04o}", str(folder))


def _kernel() -> Iterator[Finding]:
    try:
        from ..machine import native
    except Exception:  # noqa: BLE001 - JAX does not work: said above
        return
    if reason := native.hindrance():
        yield Finding("training on a CPU", "by XLA alone", f"slower than with a kernel compiled here: {reason}")
    else:
        when = "" if native.compiled() else "compiled when it is first needed"
        hint = "train --precision bf16 is faster on this CPU" if native.multiplies_bf16() else ""
        yield Finding("training on a CPU", "by a kernel", "; ".join(filter(None, (when, hint))))


def _data() -> Iterator[Finding]:
    folder = os.environ.get("SEQGEN_DATA")
    if folder is None:
        yield Finding("SEQGEN_DATA", "not set", "data sets are looked for among the downloads")
    elif not Path(folder).is_dir():
        yield Finding("SEQGEN_DATA", folder, "is not a folder: name one, or unset it")
    else:
        yield Finding("SEQGEN_DATA", folder)


def _plugins() -> Iterator[Finding]:
    kinds: tuple[tuple[str, tuple[str, ...], Callable[[str], object]], ...] = (
        ("domain", registry.domains(), registry.domain),
        ("data set", registry.datasets(), registry.dataset),
        ("command", registry.commands(), registry.command),
    )
    for kind, names, load in kinds:
        broken = {}
        for name in names:
            try:
                load(name)
            except SeqgenError as error:
                broken[name] = _brief(error)
        working = [name for name in names if name not in broken]
        # A stranger's plug-in may break and leave the rest as good as ever; without any domain nothing goes.
        remark = "" if working else f"none works; {_pip('seqgen')} brings some"
        yield Finding(f"{kind}s", ", ".join(working) or "none", remark, needed=kind == "domain" and not working)
        for name, reason in broken.items():
            yield Finding(f"{kind} {name}", "broken", reason)
        for name in working if kind == "command" else ():
            look = registry.command(name).findings
            yield from (Finding(*finding) for finding in (look() if look else ()))


def _models() -> Iterator[Finding]:
    for name in registry.domains():
        try:
            shipped = registry.domain(name).shipped
        except SeqgenError:  # said above
            continue
        if shipped is None:
            continue
        folders = sorted(path for path in shipped.glob("*") if path.is_dir() and not path.name.startswith((".", "_")))
        if not folders:
            yield Finding(f"{name} models", "missing", f"none in {shipped}; install seqgen again", needed=True)
        for folder in folders:
            try:
                storage.check(folder)
            except SeqgenError as error:
                yield Finding(f"{name} model {folder.name}", "damaged", str(error), needed=True)
            else:
                yield Finding(f"{name} model {folder.name}", "checksums right", str(folder))


def _brief(error: Exception) -> str:
    """One line of it."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__

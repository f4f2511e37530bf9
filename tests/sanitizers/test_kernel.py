"""The compiled kernel, without JAX, under the sanitizers of addresses, behaviour and threads: `kernel_harness.cc`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seqgen.machine import native

HERE = Path(__file__).parent
# As the library is compiled, but for what only makes it fast or a library.
FLAGS = ("-std=c++17", "-O1", "-g", "-march=native", "-pthread", "-fno-sanitize-recover=all")
REFUSALS = ("-Wl,--wrap=aligned_alloc", "-Wl,--wrap=_Znwm")


@pytest.mark.sanitizer
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_sanitizers_find_nothing(sanitizers: str, tmp_path: Path) -> None:
    program = tmp_path / "harness"
    folders = (f"-I{HERE}", f"-I{native.SOURCES}")
    command = ["g++", *FLAGS, f"-fsanitize={sanitizers}", *folders, str(HERE / "kernel_harness.cc"), *REFUSALS]
    subprocess.run([*command, "-o", str(program)], check=True, timeout=600)
    # The thread sanitizer of some compilers needs memory where older kernels put it.
    plain = ["setarch", "-R"] if sanitizers == "thread" and shutil.which("setarch") else []
    ran = subprocess.run([*plain, str(program)], check=False, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout == "sound\n"

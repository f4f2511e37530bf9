"""Looks at a wheel and at its installed copy, run by the Python that has it installed: wheel.py WHEEL."""

from __future__ import annotations

import importlib
import re
import sys
import zipfile

names = zipfile.ZipFile(sys.argv[1]).namelist()
print("\n".join(names))
roots = {name.split("/")[0] for name in names}
outside = {root for root in roots if root != "seqgen" and not root.endswith(".dist-info")}
assert not outside, f"the wheel installs {outside} beside seqgen"
for folder in ("seqgen/domains/text/", "seqgen/datasets/"):
    assert any(name.startswith(folder) for name in names), f"the wheel lacks {folder}"
assert "seqgen/py.typed" in names
assert "seqgen/shell/studio/page/index.html" in names, "the wheel lacks the page of the studio"
tests = [name for name in names if re.search(r"(^|/)(tests/|test_\w+\.py$|conftest\.py$)", name)]
assert not tests, f"the wheel carries {tests}"

modules = [
    name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names if name.endswith(".py")
]
for name in modules:
    if not name.endswith("__main__"):
        module = importlib.import_module(name)
        assert module.__file__ and module.__file__.startswith(sys.prefix), f"{name} came from {module.__file__}"
print(f"imported {len(modules)} modules from {sys.prefix}")

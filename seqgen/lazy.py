"""Packages whose names are imported when they are first used, so that importing the package costs nothing."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(
    package: str, home: Mapping[str, Sequence[str]], deprecated: Mapping[str, tuple[str, str]] = {}
) -> tuple[Callable[[str], Any], list[str]]:
    """The module `__getattr__` (PEP 562) and `__all__` of a package, from submodule to the names it holds.

    deprecated: old name -> (new name, the version that will not know the old one); using it warns.
    """
    module_of = {name: module for module, names in home.items() for name in names}

    def get(name: str) -> Any:
        if name in deprecated:
            new, until = deprecated[name]
            old = f"{package}.{name}"
            warnings.warn(
                f"{old} is called {package}.{new} now; the old name goes with version {until}", DeprecationWarning, 2
            )
            name = new
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f".{module_of[name]}", package), name)

    return get, sorted(module_of)

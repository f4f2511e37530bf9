"""Python's own standard library as text: twelve million characters of code on every machine, no download."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import sysconfig
import textwrap
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from seqgen.domain import Splits
from seqgen.domains.text.files import split
from seqgen.errors import DataError

DOMAIN = "text"
ORIGIN = "https://github.com/python/cpython as installed with Python, the folder Lib"
LICENCE = "PSF-2.0"

# Tests are full of odd bytes and repetition; the packages of a site are not the library.
_LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


def load(*, download: bool = False) -> Splits[str]:
    """One document a module, sorted by path; the last 10 % of the characters are for validation.

    The text is that of the running Python, so figures compare only within one version of it; `download` changes
    nothing. Raises DataError when this Python came without sources.

    >>> len(load().train) > 100
    True
    """
    folder = Path(sysconfig.get_path("stdlib"))
    paths: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        # _sysconfigdata holds the settings of one build and not source code.
        paths += [
            Path(parent, name) for name in files if name.endswith(".py") and not name.startswith("_sysconfigdata")
        ]
    texts = []
    for path in sorted(paths, key=lambda path: path.parts):
        # One odd file, such as a distribution's dangling link, is no reason to go without the others.
        with contextlib.suppress(OSError, SyntaxError, UnicodeError), tokenize.open(path) as file:
            texts.append(file.read())
    if not any(texts):
        raise DataError(f"this Python came without sources in {folder}; use your own text")
    return split(texts)


def functions(module: str) -> Iterator[str]:
    """The functions and methods of a module as they are written, with their decorators, from the left margin; none of
    one that does not parse, such as the part of a module.

    >>> list(functions("class A:\\n    def one(self):\\n        return 1\\n"))
    ['def one(self):\\n    return 1']
    """
    lines = list(io.StringIO(module, newline=None))  # ends of lines as `ast` counts them: a form feed is none
    nodes: list[ast.AST] = [tree] if (tree := _parsed(module)) else []
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            text = textwrap.dedent("".join(lines[first - 1 : node.end_lineno])).rstrip("\n")
            if _parsed(text):  # not so where a string of several lines begins at the margin
                yield text
        else:
            nodes.extend(reversed([*ast.iter_child_nodes(node)]))


def _parsed(text: str) -> ast.AST | None:
    with warnings.catch_warnings(action="ignore"), contextlib.suppress(SyntaxError, ValueError):  # ValueError: a NUL
        return ast.parse(text)
    return None

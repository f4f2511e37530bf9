"""The API reference: every public name with its signature and its docstring, on one page.

python docs/reference.py build/reference.html

Ends with 1, and names them, where a public name has no docstring or no example, or a public method no docstring.
"""

from __future__ import annotations

import functools
import html
import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import seqgen

CORE = ("seqgen", "seqgen.heads", "seqgen.batching", "seqgen.training", "seqgen.sampling")
GROUPS = ("seqgen.domains", "seqgen.datasets")
STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
pre, code { font: .85rem/1.45 ui-monospace, monospace }
pre { padding: .6rem .8rem; background: #8882; overflow-x: auto }
h2 { margin-top: 3rem; border-bottom: 1px solid #8886 } h3, h4 { margin: 2rem 0 .5rem } h4 { margin-left: 1.5rem }
section { margin-left: 1.5rem } nav { columns: 3 12rem } dt { font-family: ui-monospace, monospace; font-size: .85rem }
"""


class Name(NamedTuple):
    """A public name: where it is found, what it is, and, for a name that stands elsewhere already, where."""

    package: str
    name: str
    thing: Any
    before: str | None = None

    @property
    def described(self) -> bool:
        """Whether it can have a docstring of its own; a number, a value or an alias is shown in its package's."""
        return inspect.isclass(self.thing) or inspect.isroutine(self.thing)


def packages() -> list[ModuleType]:
    """Whatever promises names: the core's, then those packages of domains and data sets that come with it."""
    plugged = [entry.module for group in GROUPS for entry in entry_points(group=group)]
    own = dict.fromkeys(name for name in plugged if name.startswith("seqgen."))
    return [importlib.import_module(name) for name in (*CORE, *own)]


def names(modules: list[ModuleType]) -> list[Name]:
    """What a package lists in `__all__`; of a data set without it, `load`, which is all that one must have."""
    found: list[Name] = []
    seen: dict[int, str] = {}
    for module in modules:
        for name in getattr(module, "__all__", ["load"]):
            thing = getattr(module, name)
            found.append(Name(module.__name__, name, thing, seen.get(id(thing))))
            seen.setdefault(id(thing), f"{module.__name__}.{name}")
    return found


def methods(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class has itself."""
    for name, member in vars(kind).items():
        if not name.startswith("_"):
            inside = (
                getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
            )
            if inspect.isfunction(inside):
                yield name, member if isinstance(member, (property, functools.cached_property)) else inside


def missing(found: list[Name], modules: list[ModuleType]) -> list[str]:
    """What is public and not described, or not shown in an example."""
    shown = {
        module.__name__: "\n".join(re.findall(r"^ *>>> .*", module.__doc__ or "", re.MULTILINE)) for module in modules
    }
    wrong = []
    for name in found:
        path = f"{name.package}.{name.name}"
        if name.before:
            continue
        if not name.described:
            if not re.search(rf"\b{name.name}\b", shown[name.package]):
                wrong.append(f"{path}: a value, and no example in the docstring of {name.package} has it")
            continue
        if not own_doc(name.thing):
            wrong.append(f"{path}: no docstring")
        elif ">>> " not in own_doc(name.thing):
            wrong.append(f"{path}: no example")
        if inspect.isclass(name.thing):
            wrong += [f"{path}.{method}: no docstring" for method, what in methods(name.thing) if not own_doc(what)]
    return wrong


def own_doc(thing: Any) -> str:
    """Its own docstring: not that of a class above it, nor the signature that a dataclass without one is given."""
    doc = inspect.cleandoc(vars(thing).get("__doc__") or "" if inspect.isclass(thing) else thing.__doc__ or "")
    return "" if inspect.isclass(thing) and doc.startswith(f"{thing.__name__}(") else doc


def signature(name: str, thing: Any) -> str:
    """As it would be written: on one line, or where that is long an argument a line."""
    if isinstance(thing, (property, functools.cached_property)):
        inner: Any = getattr(thing, "fget", None) or getattr(thing, "func", None)
        return f"{name}: {inner.__annotations__['return']}"
    try:
        found = inspect.signature(thing)
    except ValueError:  # an exception
        return name
    # Annotations are kept as they stand in the source, so they are strings here and would show as such.
    parts = [re.sub(r"(?<=: )'([^']*)'", r"\1", str(each)) for each in found.parameters.values() if each.name != "self"]
    kinds = [each.kind for each in found.parameters.values() if each.name != "self"]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parts.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    back = found.return_annotation
    after = "" if inspect.isclass(thing) or back is found.empty else f" -> {back}"
    line = f"{name}({', '.join(parts)}){after}"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(parts) + f",\n){after}"


def prose(doc: str) -> Iterator[str]:
    """A docstring as HTML: paragraphs, what begins with names and a colon as a list, examples as they are."""
    for block in re.split(r"\n\s*\n", doc):
        if not block.strip():
            continue
        text, example = re.match(r"(?s)(.*?)(>>> .*)?\Z", block).groups()  # type: ignore[union-attr]
        # An argument, or several, and its description; "Raises" begins a paragraph of its own.
        for part in re.split(r"\n(?=[a-z_][\w, ]*: |Raises )", text.strip()):
            term = re.match(r"([a-z_][\w, ]*): (?s:(.*))", part)
            words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(term[2] if term else part, quote=False))
            if term:
                yield f"<dl><dt>{term[1]}</dt><dd>{words}</dd></dl>"
            elif "\n    " in part or part.startswith(("- ", "    ")):  # a list or a drawing
                yield f"<pre>{words}</pre>"
            elif words:
                yield f"<p>{words}</p>"
        if example:
            yield f"<pre>{html.escape(example, quote=False)}</pre>"


def page(found: list[Name], modules: list[ModuleType]) -> str:
    """All of it, links above."""
    lines = [f'<!doctype html><meta charset="utf-8"><title>seqgen {seqgen.__version__}</title><style>{STYLE}</style>']
    lines += [f"<h1>seqgen {seqgen.__version__}: every public name</h1>"]
    for module in modules:
        here = [name for name in found if name.package == module.__name__]
        lines += [f"<h2>{module.__name__}</h2>", *prose(inspect.cleandoc(module.__doc__ or "")), "<nav>"]
        lines += [f'<a href="#{each.before or f"{each.package}.{each.name}"}">{each.name}</a><br>' for each in here]
        lines += ["</nav>"]
        for each in here:
            if each.before is None:
                lines += [f'<h3 id="{each.package}.{each.name}">{each.name}</h3>', *entry(each)]
    return "\n".join(lines) + "\n"


def entry(name: Name) -> Iterator[str]:
    """One public name, and its methods."""
    if not name.described:
        kind = getattr(name.thing, "__orig_class__", type(name.thing).__name__)  # Domain[str], or int
        yield f"<pre>{name.name}: {html.escape(str(kind))}</pre>"
        yield f"<p>See the example of <code>{name.package}</code> above.</p>"
        return
    yield f"<pre>{html.escape(signature(name.name, name.thing), quote=False)}</pre>"
    yield from prose(own_doc(name.thing))
    if inspect.isclass(name.thing):
        for method, what in methods(name.thing):
            yield f"<h4>{method}</h4><section><pre>{html.escape(signature(method, what), quote=False)}</pre>"
            yield from prose(own_doc(what))
            yield "</section>"


def link_from_studio(out: Path) -> None:
    """Where an exported studio lies beside it, its page leads here."""
    models = out.with_name("models.json")
    if not models.is_file():
        return
    others = [entry for entry in json.loads(models.read_text(encoding="utf-8")) if "reference" not in entry]
    text = json.dumps([*others, {"name": out.stem, "reference": out.name}], ensure_ascii=False, indent=1)
    models.write_text(text, encoding="utf-8")


def main() -> None:
    modules = packages()
    found = names(modules)
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(found, modules), encoding="utf-8")
    link_from_studio(out)
    wrong = missing(found, modules)
    print(*wrong, sep="\n", end="\n" * bool(wrong), file=sys.stderr)
    print(f"wrote {out}: {sum(each.before is None for each in found)} names in {len(modules)} packages")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

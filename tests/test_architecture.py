"""The house rules that a machine can check: which way imports point, what package code never does, file lengths."""

from __future__ import annotations

import ast
import functools
import graphlib
import itertools
import re
import statistics
import sys
import tokenize
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = [
    path for path in (ROOT / "seqgen").rglob("*.py") if path.relative_to(ROOT).parts[1] not in ("domains", "datasets")
]
DOMAINS = list((ROOT / "domains").rglob("*.py"))
DATASETS = list((ROOT / "datasets").rglob("*.py"))
PACKAGE = sorted(CORE + DOMAINS + DATASETS)

# The parts of numpy.random and random that carry their own state instead of the process's.
SEEDED = {"default_rng", "Generator", "BitGenerator", "SeedSequence", "PCG64", "Philox", "Random"}
# The rooms of the core from the ground up: what stands on a floor may look down, never up.
FLOORS = (
    {"errors", "lazy", "spec", "config", "domain", "registry", "edits"},
    {"files"},
    {"machine"},
    {"batching"},
    {"nn", "counting"},
    {"heads"},
    {"models"},
    {"devices"},
    {"sampling"},
    {"training"},
    {"shell"},
)
DOORS = {"__init__", "__main__"}  # the package itself, which names things of all floors and loads them when asked
UNSAFE = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def dotted(path: Path) -> str:
    inside = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(inside if inside[0] == "seqgen" else ("seqgen", *inside)).removesuffix(".__init__")


def imports(path: Path, without: Container[ast.AST] = ()) -> Iterator[str]:
    """The absolute names a file imports, at any depth; `from a import b` gives both a and a.b."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    package = (inside if inside[0] == "seqgen" else ("seqgen", *inside))[:-1]
    for node in ast.walk(tree(path)):
        if node in without:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            name = ".".join(base + ([node.module] if node.module else []))
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def offences(paths: list[Path], wrong: Callable[[Path], Iterator[str]]) -> list[str]:
    return [f"{path.relative_to(ROOT)}: {name}" for path in paths for name in wrong(path)]


def test_the_core_knows_no_domain_and_no_data_set() -> None:
    def wrong(path: Path) -> Iterator[str]:
        yield from (name for name in imports(path) if within(name, "seqgen.domains") or within(name, "seqgen.datasets"))
        # The names of the entry-point groups are all it may say.
        yield from (text for text in strings(path) if re.match(r"seqgen\.(domains|datasets)\.\w", text))

    assert not offences(CORE, wrong)


def test_no_arrow_of_the_core_points_up() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    rooms = {path.relative_to(ROOT / "seqgen").with_suffix("").parts[0]: path for path in CORE}
    assert rooms.keys() == floor.keys() | DOORS, "a new room has a floor"

    def wrong(path: Path) -> Iterator[str]:
        here = path.relative_to(ROOT / "seqgen").with_suffix("").parts[0]
        for name in imports(path):
            there = (*name.split("."), "")[1]
            if here in floor and name.startswith("seqgen.") and floor.get(there, -1) > floor[here]:
                yield name

    assert not offences(CORE, wrong)


def test_nothing_is_imported_in_a_circle() -> None:
    """At import time: what a function imports when it runs does not count."""
    module_of = {dotted(path): path for path in PACKAGE}

    def asked_at_once(path: Path) -> set[str]:
        late = {
            inner
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
            for inner in ast.walk(node)
            if inner is not node
        }
        names = set(imports(path, late))
        return {name for name in names & module_of.keys() if name != dotted(path)}

    graph = {name: asked_at_once(path) for name, path in module_of.items()}
    assert tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


def test_a_folder_of_the_core_can_be_looked_over() -> None:
    folders: dict[Path, int] = {}
    for path in CORE:
        folders[path.parent] = folders.get(path.parent, 0) + 1
    assert not {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > 14}


def test_a_domain_knows_only_itself_and_the_core() -> None:
    def wrong(path: Path) -> Iterator[str]:
        own = "seqgen.domains." + path.relative_to(ROOT / "domains").parts[0]
        for name in [*imports(path), *(text for text in strings(path) if re.fullmatch(r"seqgen\.[\w.:]+", text))]:
            other = within(name, "seqgen.domains") and not within(name.split(":")[0], own)
            if (other and name != "seqgen.domains") or within(name, "seqgen.datasets"):
                yield name

    assert not offences(DOMAINS, wrong)


@pytest.mark.parametrize("outside", ["domains", "datasets", "tests", "examples", "benchmarks", "torch"])
def test_package_code_imports_nothing_from_outside(outside: str) -> None:
    assert not offences(PACKAGE, lambda path: (name for name in imports(path) if within(name, outside)))


@pytest.mark.parametrize("folder", ["tests", "examples", "benchmarks"])
def test_the_bare_names_are_never_imported(folder: str) -> None:
    def wrong(path: Path) -> Iterator[str]:
        yield from (name for name in imports(path) if within(name, "domains") or within(name, "datasets"))

    assert not offences(list((ROOT / folder).rglob("*.py")), wrong)


def test_no_pickle_no_eval_no_global_randomness() -> None:
    def wrong(path: Path) -> Iterator[str]:
        names = set(imports(path))
        yield from (name for name in names if name.split(".")[0] in UNSAFE)
        yield from (
            name for name in names if re.match(r"(numpy\.)?random\.", name) and name.split(".")[-1] not in SEEDED
        )
        shared = {"np.random", "numpy.random"} | ({"random"} & names)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("eval", "exec", "__import__"):
                    yield f"{node.func.id}(), line {node.lineno}"
            elif isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value)
                if owner in shared and node.attr not in SEEDED:
                    yield f"{owner}.{node.attr}, line {node.lineno}: pass a Generator or a key"
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
                yield f"allow_pickle, line {node.value.lineno}"

    assert not offences(PACKAGE, wrong)


def test_files_stay_short() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE}
    assert statistics.median(lines.values()) <= 180
    assert not [f"{path.relative_to(ROOT)}: {count} lines" for path, count in lines.items() if count > 400]


def logic(path: Path) -> list[str]:
    """The lines inside functions, where a function's own variables and all strings are blanked, so that other names and
    words hide no copy; without comments, docstrings, imports and signatures."""
    own: dict[int, set[str]] = {}
    for node in ast.walk(tree(path)):  # from the outside in
        if isinstance(node, ast.FunctionDef):
            names = {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
            names |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and is_set(inner)}
            for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1):
                own[line] = own.get(line, set()) | names
            for line in range(node.lineno, node.body[0].lineno):
                own.pop(line, None)
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.Expr) and is_text(node.value)):
            for line in range(node.lineno, (node.end_lineno or 0) + 1):
                own.pop(line, None)
    lines: dict[int, list[str]] = {}
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.start[0] in own and token.string.strip() and token.type != tokenize.COMMENT:
                text = token.type not in (tokenize.NAME, tokenize.OP, tokenize.NUMBER)  # a string, or a part of one
                blank = text or token.string in own[token.start[0]]
                lines.setdefault(token.start[0], []).append("_" if blank else token.string)
    return [" ".join(words) for _, words in sorted(lines.items())]


def is_set(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def copies(one: Sequence[str], other: Sequence[str], least: int) -> list[str]:
    """So many lines that stand one after another in both."""
    parts = [{"\n".join(lines[i : i + least]) for i in range(len(lines) - least + 1)} for lines in (one, other)]
    return sorted(parts[0] & parts[1])


def test_a_copy_is_found_under_other_names(tmp_path: Path) -> None:
    code = '''
def {name}(a, {own}: int) -> int:
    """{name}"""
    import {name}
    {own}s = f(a, {own})  # {name}
    return {own}s.g("{name}")
'''
    for name, own in (("one", "x"), ("two", "y")):
        (tmp_path / f"{name}.py").write_text(code.format(name=name, own=own), encoding="utf-8")
    one, two = (logic(tmp_path / f"{name}.py") for name in ("one", "two"))
    assert one == two == ["_ = f ( _ , _ )", "return _ . g ( _ )"]
    assert copies(one, two, 2) and not copies(one, two[:1], 2)


def test_no_six_lines_stand_in_two_places_of_the_domains() -> None:
    files = {path: logic(path) for name in ("api", "cli") for path in (ROOT / "domains").glob(f"*/{name}.py")}
    assert len(files) == 12
    for (one, here), (other, there) in itertools.combinations(files.items(), 2):
        assert not copies(here, there, 6), f"{one.relative_to(ROOT)} and {other.relative_to(ROOT)}"


def test_the_two_mapped_folders_are_links_without_init() -> None:
    for folder in ("domains", "datasets"):
        # With an __init__.py here, `import datasets` in a checkout would be ours and not Hugging Face's.
        assert not (ROOT / folder / "__init__.py").exists()
        if sys.platform != "win32":
            assert (ROOT / "seqgen" / folder).readlink() == Path("..") / folder


def test_no_path_of_somebodys_machine() -> None:
    written = [path for end in ("py", "md", "toml", "txt", "sh") for path in (ROOT / "docs").rglob(f"*.{end}")]
    written += [path for path in (ROOT / ".ci").iterdir() if path.is_file()]
    written += [path for folder in ("tests", "examples", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    written += [ROOT / "pyproject.toml", *ROOT.glob("*.md"), *PACKAGE]
    private = re.compile(r"(?<![\w.])/(?:home|root|Users|w[o]rk)/|[A-Z]:\\+Users\b")
    assert not [f"{path}: {hit[0]}" for path in written for hit in private.finditer(path.read_text(encoding="utf-8"))]

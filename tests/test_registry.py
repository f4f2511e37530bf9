"""Plug-ins by entry point: ours, a stranger's, a broken one and a newcomer's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqgen import registry
from seqgen.domain import Domain
from seqgen.errors import SeqgenError, UnknownName, UsageError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, first on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_newcomers", {})
    registry._entry_points.cache_clear()
    yield tmp_path
    registry._entry_points.cache_clear()


def install(site: Path, name: str, entry_points: str, **modules: str) -> None:
    info = site / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    for module, code in modules.items():
        (site / f"{module}.py").write_text(code, encoding="utf-8")
        sys.modules.pop(module, None)  # another test's
    registry._entry_points.cache_clear()


def a_domain(name: str) -> Domain[str]:
    def nothing(*_: object) -> object:
        raise AssertionError

    return Domain(name, nothing, nothing, nothing, nothing, ("small",))  # type: ignore[arg-type]


def test_what_ships_is_found() -> None:
    assert "text" in registry.domains()
    assert "text" in registry.commands()
    assert set(registry.datasets()) >= {"number-rules", "python-manual", "python-sources", "tiny-shakespeare"}
    assert registry.dataset("number-rules").__name__ == "seqgen.datasets.number_rules"


@pytest.mark.parametrize(
    ("look_up", "message"),
    [
        (registry.domain, r"no domain named 'txet'; did you mean 'text'\? \(known: .*text"),
        (registry.dataset, r"no dataset named 'txet' \(known: .*number-rules, .*tiny-shakespeare"),
        (registry.command, r"no command named 'txet'; did you mean 'text'\?"),
    ],
)
def test_an_unknown_name_is_answered_with_a_guess(look_up: object, message: str) -> None:
    with pytest.raises(UnknownName, match=message):
        look_up("txet")  # type: ignore[operator]


def test_an_underscore_for_a_hyphen_is_guessed() -> None:
    with pytest.raises(UnknownName, match="did you mean 'tiny-shakespeare'"):
        registry.dataset("tiny_shakespeare")


def test_a_stranger_is_found_and_loaded(site: Path) -> None:
    install(
        site,
        "chess",
        "[seqgen.domains]\nchess = chess_plugin:DOMAIN\n[seqgen.commands]\nchess = chess_plugin:COMMANDS\n"
        "[seqgen.datasets]\ngames = chess_plugin\n",
        chess_plugin="DOMAIN = 'the domain'\nCOMMANDS = ['play']\n",
    )
    assert {"chess", "text"} <= set(registry.domains())
    loaded: object = registry.domain("chess")
    assert loaded == "the domain"
    assert registry.command("chess") == ["play"]
    assert registry.dataset("games").DOMAIN == "the domain"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module_here", "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("COMMANDS = []", "AttributeError: .*has no attribute 'DOMAIN'"),
        ("def (", "SyntaxError: "),
    ],
)
def test_a_broken_stranger_breaks_only_itself(site: Path, code: str, message: str) -> None:
    install(site, "broken", "[seqgen.domains]\nbroken = broken_plugin:DOMAIN\n", broken_plugin=code)
    assert "broken" in registry.domains()
    assert registry.dataset("number-rules")
    with pytest.raises(SeqgenError, match=f"the domain 'broken' of broken 1.2 does not import: {message}") as caught:
        registry.domain("broken")
    assert str(caught.value).endswith("; update or uninstall it")


def test_a_malformed_package_is_passed_over(site: Path) -> None:
    install(site, "malformed", "[seqgen.domains]\nno equals sign\n")
    assert "text" in registry.domains()
    assert "text" in registry.commands()


@pytest.mark.parametrize("place", [0, 1000], ids=["first", "last"])
def test_a_stranger_cannot_take_a_name_of_ours(site: Path, place: int) -> None:
    sys.path.remove(str(site))
    sys.path.insert(place, str(site))
    install(site, "thief", "[seqgen.datasets]\nnumber-rules = thief\n", thief="")
    assert registry.dataset("number-rules").__name__ == "seqgen.datasets.number_rules"


def test_a_newcomer_is_found_until_the_process_ends(site: Path) -> None:
    first, second = a_domain("numbers"), a_domain("numbers")
    registry.register(first)
    assert registry.domain("numbers") is first
    assert "numbers" in registry.domains()
    registry.register(second)  # a notebook's cell run again
    assert registry.domain("numbers") is second


def test_a_newcomer_cannot_take_an_installed_name(site: Path) -> None:
    with pytest.raises(UsageError, match="a domain named 'text' is installed already; give yours another name"):
        registry.register(a_domain("text"))


def test_names_import_nothing_and_one_plugin_imports_no_other() -> None:
    code = (
        "import sys; from seqgen import registry; registry.domains(), registry.datasets(), registry.commands();"
        "assert not {'numpy', 'jax'} & set(sys.modules), 'names cost NumPy';"
        "registry.dataset('number-rules');"
        "print(*(name for name in sys.modules if name.startswith(('seqgen.d', 'jax'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr
    assert set(done.stdout.split()) == {"seqgen.datasets", "seqgen.datasets.number_rules", "seqgen.domain"}

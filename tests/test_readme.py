"""README and docs keep their word: the commands are the ones CI runs, links lead somewhere, options exist."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")


def commands() -> dict[str, str]:
    """README's marked commands by name, found as .ci/run finds them."""
    return dict(
        re.findall(
            r"^<!-- ci: (\w+) -->\n```sh\n(.*?)\n```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    )


def seqgen_lines(page: Path) -> Iterator[list[str]]:
    """The arguments of every `seqgen ...` in a page's shell blocks."""
    for block in re.findall(
        r"^```(?:sh|console)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, ";"]:
                if set(word) <= set("&|;<>()"):  # the shell's: a command ends here
                    if words and Path(words[0]).name == "seqgen":
                        yield words[1:]
                    words = []
                else:
                    words.append(word)


def test_both_commands_are_one_line_each_and_ci_runs_them() -> None:
    found = commands()
    assert list(found) == ["demo", "test"]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for name, command in found.items():
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert "\n" not in command
        assert f"readme {name}" in script
    assert found["demo"].endswith(" && .venv/bin/seqgen demo")
    assert re.search(r'-e "\.\[test\]" && \.venv/bin/python -m pytest\b', found["test"])


def test_ci_pins_the_oldest_versions_that_pyproject_promises() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["test"]
    promised = dict(requirement.split(">=") for requirement in needed)  # each has a floor, and nothing else
    pinned = dict(line.split("==") for line in (ROOT / ".ci" / "oldest.txt").read_text(encoding="utf-8").split())
    assert pinned == promised | {"jaxlib": promised["jax"]}
    assert not [line for line in needed if "torch" in line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    targets = [a or b for a, b in LINK.findall(page.read_text(encoding="utf-8"))]
    relative = [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]
    assert not [target for target in relative if not (page.parent / target).exists()]


def test_every_command_shown_parses() -> None:
    from seqgen.shell.cli import build_parser

    parser, shown, wrong = build_parser(), 0, []
    for page in PAGES:
        for words in seqgen_lines(page):
            shown += 1
            complaint = io.StringIO()
            with contextlib.redirect_stderr(complaint), contextlib.redirect_stdout(io.StringIO()):
                try:
                    parser.parse_args(words)
                except SystemExit as end:  # 0: --help and --version are fine to show
                    if end.code:
                        wrong.append(f"{page.name}: seqgen {shlex.join(words)}: {complaint.getvalue()}")
    assert shown, "README shows no seqgen command: the pattern above no longer finds them"
    assert not wrong

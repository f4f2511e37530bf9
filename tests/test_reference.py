"""docs/reference.py describes every public name; none is without an example (test_public_api.py runs them)."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import seqgen

SCRIPT = Path(__file__).parent.parent / "docs" / "reference.py"


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_every_public_name_is_described_and_shown(reference: dict[str, Any]) -> None:
    modules = reference["packages"]()
    assert {"seqgen", "seqgen.heads", "seqgen.domains.text", "seqgen.datasets.groove"} <= {m.__name__ for m in modules}
    found = reference["names"](modules)
    assert len(found) > 100
    assert reference["missing"](found, modules) == []


def test_the_page_has_signatures_prose_and_examples(tmp_path: Path) -> None:
    out = tmp_path / "new" / "reference.html"
    answer = subprocess.run([sys.executable, SCRIPT, out], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"wrote {out}: ")
    page = out.read_text(encoding="utf-8")
    assert '<h3 id="seqgen.sample">' in page and '<a href="#seqgen.sample">sample</a>' in page
    assert "    rules: Rules = (),\n) -&gt; list[Steps]</pre>" in page
    assert "<dt>source</dt><dd><code>[U, ...]</code>, what conditions the whole sequence" in page
    assert "&gt;&gt;&gt; Discrete" not in page.split("<h3 ")[0], "a page begins with names"
    assert "batch_size" not in page and "<script" not in page


def test_the_studio_beside_it_leads_to_it(reference: dict[str, Any], tmp_path: Path) -> None:
    link, models = reference["link_from_studio"], tmp_path / "models.json"
    link(tmp_path / "reference.html")
    assert not models.exists()
    models.write_text('[{"name": "hands"}]')
    for _ in range(2):
        link(tmp_path / "reference.html")
        assert json.loads(models.read_text())[1:] == [{"name": "reference", "reference": "reference.html"}]


def test_what_is_missing_is_named(reference: dict[str, Any]) -> None:
    class Plain:
        """A class.

        >>> Plain()
        """

        def method(self) -> None: ...

        @property
        def value(self) -> int:
            """Said."""
            return 1

    def silent() -> None: ...

    def told() -> None:
        """Says what it is and shows nothing."""

    module: Any = types.ModuleType("seqgen.odd", "Odd things.\n\n>>> odd.SHOWN\n1")
    module.__all__ = ["Plain", "silent", "told", "SHOWN", "HIDDEN"]
    module.Plain, module.silent, module.told, module.SHOWN, module.HIDDEN = Plain, silent, told, 1, 2
    assert reference["missing"](reference["names"]([module]), [module]) == [
        "seqgen.odd.Plain.method: no docstring",
        "seqgen.odd.silent: no docstring",
        "seqgen.odd.told: no example",
        "seqgen.odd.HIDDEN: a value, and no example in the docstring of seqgen.odd has it",
    ]


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("(TBPTT)", "make_train_step"),
        ("data parallelism", "make_train_step"),
        ("gradient checkpointing", "Network"),
        ("teacher forcing", "Inputs"),
        ("padding mask", "Batch"),
        ("mixed precision", "TrainingConfig"),
        ("early stopping", "TrainingConfig"),
        ("gradient clipping", "TrainingConfig"),
        ("weight tying", "Categorical"),
        ("nucleus", "Options"),
        ("tokeniser", "Codec"),
        ("perplexity", "evaluate"),
    ],
)
def test_the_words_of_the_field_stand_where_they_are_looked_for(word: str, where: str) -> None:
    assert word in " ".join((getattr(seqgen, where).__doc__ or "").split())


def test_the_glossary_names_files_that_are_there() -> None:
    glossary = (SCRIPT.parent / "glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:seqgen|domains)/[\w/.]+)`", glossary))
    assert len(named) > 15
    assert not [path for path in named if not (SCRIPT.parent.parent / path).exists()]

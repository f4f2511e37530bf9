"""What a new run begins from where nobody said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqgen.domain import Splits
from seqgen.domains import text
from seqgen.domains.text.beginning import shipped_for
from seqgen.domains.text.presets import DOMAIN

pytestmark = pytest.mark.usefixtures("mixed_numbers")

VERSE = "\n".join(
    f"{who} what the {thing} of love hath {done} to me"
    for who in ("O say", "Now tell", "Behold", "Hear")
    for thing in ("hand", "heart", "eye", "sweet breath")
    for done in ("done", "given", "spoken", "shown")
)
USUAL = dict(DOMAIN.reading.settings)


def test_what_a_shipped_model_reads_well_is_begun_from_it() -> None:
    assert (
        shipped_for(Splits([VERSE[:600]], ["Good morrow, cousin. Is the day so young?\n" * 3]), USUAL) == "shakespeare"
    )


@pytest.mark.parametrize(
    ("train", "valid", "settings"),
    [
        ("def f(x):\n    return x + 1\n" * 40, "def f(x):\n    return x + 1\n" * 4, {}),  # counting reads it better
        ("春眠不覺曉處處聞啼鳥\n" * 40, "夜來風雨聲花落知多少\n", {}),
        (VERSE, VERSE[:300], {"level": "words"}),
        (VERSE, VERSE[:300], {"documents": "line"}),
        (VERSE, "", {}),
        (VERSE * 400, "Good morrow, cousin.\n", {}),  # large
    ],
)
def test_other_texts_begin_from_nothing(train: str, valid: str, settings: dict[str, Any]) -> None:
    assert shipped_for(Splits([train], [valid] if valid else []), {**USUAL, **settings}) is None


def test_it_is_said_and_can_be_undone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Splits([VERSE[:600]], ["Good morrow, cousin. Is the day so young?\n" * 3])

    def begun(name: str, **how: Any) -> Any:
        text.train(data, tmp_path / name, steps=1, **how)
        return json.loads((tmp_path / name / "config.json").read_text(encoding="utf-8"))["from"]

    assert begun("usual").endswith("shakespeare")
    assert (
        "begins from shakespeare, which reads this better than counting would; --from scratch"
        in capsys.readouterr().err
    )
    assert begun("scratch", start_from="scratch") is None and begun("sized", size="tiny") is None
    assert "begins from" not in capsys.readouterr().err

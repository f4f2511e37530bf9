"""Reports: floors that are right, intervals that hold, what is counted as invented and as copied, and the page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_text_api import CODEC, MODEL, parameters

from seqgen.counting.ngrams import NGrams
from seqgen.domains import text
from seqgen.domains.text.reports.measures import bootstrap, by_distance, counted, longest_copies
from seqgen.domains.text.reports.page import page
from seqgen.domains.text.reports.report import table
from seqgen.errors import DataError
from seqgen.models.pretrained import save_pretrained
from seqgen.shell import cli

LEARNED = "the gods ask of the land\nId so. <a&b> 日\n" * 20


def test_models_of_all_orders_are_those_of_each() -> None:
    text = np.random.default_rng(1).integers(0, 4, 400).astype(np.int32)
    for order, model in enumerate(NGrams.up_to(5, text, 4), 1):
        np.testing.assert_allclose(model.nats(text[:50]), NGrams.of(text, order=order, size=4).nats(text[:50]))


@pytest.mark.parametrize("order", [1, 2, 5])
def test_what_counting_predicts_sums_to_one(order: int) -> None:
    random = np.random.default_rng(0)
    model = NGrams.of(random.choice(4, 300, p=[0.4, 0.3, 0.2, 0.1]).astype(np.int32), order=order, size=5)
    for before in ([], [0], [3, 3, 3, 3, 3], [0, 1, 2, 0, 1], [4, 0]):
        likely = [np.exp(-model.nats(np.array([*before, symbol]))[-1]) for symbol in range(5)]
        assert sum(likely) == pytest.approx(1, abs=1e-12) and min(likely) > 0


def test_counting_by_hand() -> None:
    """Order 2 of "0 0 1 0 1 1 0" over two symbols, worked out on paper: begun from a symbol of its own, here `^`."""
    model = NGrams.of(np.array([0, 0, 1, 0, 1, 1, 0], np.int32), order=2, size=2)
    # Bigrams: ^0 1, 00 1, 01 2, 10 2, 11 1: n1 3, n2 2, n3 and n4 none (counted as 1): Y = 3/7.
    d1, d2 = 1 - 2 * 3 / 7 * 2 / 3, 2 - 3 * 3 / 7 * 1 / 2
    # Contexts: 0 follows ^, 0, 1 (3 of 5), 1 follows 0, 1 (2 of 5): n1 none (1), n2 1, n3 1: Y = 1/3.
    e2, e3 = 2 - 3 / 3 * 1 / 1, 3 - 4 / 3 * 1 / 1
    alone = {0: (3 - e3) / 5 + (e2 + e3) / 5 / 2, 1: (2 - e2) / 5 + (e2 + e3) / 5 / 2}
    expected = (2 - d2) / 3 + (d1 + d2) / 3 * alone[1]  # 1 after 0
    assert np.exp(-model.nats(np.array([0, 1]))[1]) == pytest.approx(expected)


def test_the_floors_are_of_the_text_they_are_given() -> None:
    learned, asked = CODEC.encode(LEARNED).steps, CODEC.encode("the land\n日").steps
    frequencies, best = counted(np.asarray(learned), np.asarray(asked), 10)
    assert best.nats < frequencies.nats < np.log(256) and re.fullmatch(r"\d symbols, Kneser-Ney", best.name)


def test_an_interval_is_as_wide_as_means_scatter() -> None:
    random = np.random.default_rng(3)
    means = [bootstrap(random.normal(2, 1, 40_000)) for _ in range(40)]
    assert sum(mean.low < 2 < mean.high for mean in means) > 33
    assert np.mean([mean.high - mean.low for mean in means]) == pytest.approx(4 / 200, rel=0.2)
    assert bootstrap(np.arange(10.0)).value == 4.5


def test_copies_and_distances() -> None:
    assert longest_copies("xxthe seaxx", "by the sea, the seat") == ["the sea"]
    assert longest_copies("", "abc") == [] == longest_copies("abc", "")
    assert by_distance([-np.ones(5, np.float32), -np.full(2, 3, np.float32)]) == [
        (0, 1, 2.0), (1, 2, 2.0), (2, 4, 1.0), (4, 5, 1.0)
    ]  # fmt: skip


def test_a_report_says_what_score_says_and_its_page_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned, asked = tmp_path / "learned.txt", tmp_path / "asked.txt"
    learned.write_text(LEARNED)
    asked.write_text("the gods <ask>\nof é & 日 Idiot " * 3)
    notes = {"data": {"name": str(learned), "encoding": "utf-8"}}
    folder = save_pretrained(
        tmp_path / "m", domain="text", codec=CODEC.to_dict(), model=MODEL, params=parameters(), training=notes
    )
    model = text.load(folder)
    made = model.report(asked.read_text(), words="shud")
    static, dynamic = model.score(made.text), model.score(made.text, adapt=True)
    assert made.static.value == pytest.approx(static.nats_per_char, rel=1e-5)
    assert made.dynamic is not None and made.dynamic.value == pytest.approx(dynamic.nats_per_char, rel=1e-5)
    assert len(made.floors) == 3 and made.copies and made.invented and 0 < made.invented[0] < 1
    assert [low for low, _, _ in made.memory] == [0, 1, 2, 4, 8, 16, 32, 64]
    whole = page(made)
    shown = re.sub("<[^>]*>", "", whole[whole.rindex("<pre>") :]).replace("&lt;", "<").replace("&gt;", ">")
    assert shown.replace("&amp;", "&").strip("\n") == made.text and "<script" not in whole
    command = ["text", "report", str(asked), "--model", str(folder), "--static", "--html", str(tmp_path / "r.html")]
    assert cli.main(command) == 0
    told = capsys.readouterr().out
    assert "adapting" not in told and "xz -9e of the text alone" in told and (tmp_path / "r.html").exists()
    learned.unlink()  # only xz is left to compare with
    assert [floor.name[:2] for floor in model.report("the", adapt=False).floors] == ["xz"]
    assert "Kneser" not in table(model.report("the", adapt=False))
    with pytest.raises(DataError, match="nothing to report on: the text is empty"):
        model.report("")

"""`seqgen compress`: half the bytes, the same model but for a little, and a word on how little."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import registry
from seqgen.domain import Splits
from seqgen.domains.text.codec import Characters
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.models.pretrained import from_pretrained, save_pretrained
from seqgen.nn.network import Network
from seqgen.shell import compress
from seqgen.shell.cli import main

CODEC = Characters("abc")
MODEL = Model(Network(CODEC.spec, layers=1, units=32, embedding=16), Categorical(CODEC.spec.size))
Told = Callable[[], tuple[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, params = tmp_path_factory.mktemp("models") / "prose", MODEL.init(jax.random.key(0))
    notes = {"steps": 3}
    save_pretrained(path, domain="text", codec=CODEC.to_dict(), model=MODEL, params=params, training=notes)
    (path / "README.md").write_text("# Prose\n\nFor any use.\n", encoding="utf-8")
    return path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: tuple(capsys.readouterr())  # type: ignore[return-value]


def refused(told: Told, arguments: list[Any], code: int, message: str) -> None:
    assert main(["compress", *map(str, arguments)]) == code
    out, err = told()
    assert out == "" and re.fullmatch(rf"seqgen: error: {message}\n", err), err


def test_a_copy_is_half_as_large_and_the_same_model(folder: Path, tmp_path: Path, told: Told) -> None:
    assert main(["compress", str(folder), "--out", str(tmp_path / "small")]) == 0
    before, after, cost = told()[0].splitlines()
    assert before == f"before  0.0 MB  {folder}" and after == f"after   0.0 MB  {tmp_path / 'small'}"
    assert cost == "cost    not measured; name data of its kind with --data"
    large, small = from_pretrained(folder), from_pretrained(tmp_path / "small")
    assert small.config == {**large.config, "weights": "int8"}
    for leaf, found in zip(jax.tree.leaves(large.params), jax.tree.leaves(small.params), strict=True):
        assert np.abs(leaf - found).max() <= np.abs(leaf).max() / 250
    sizes = [(path / "model.safetensors").stat().st_size for path in (folder, tmp_path / "small")]
    assert 0.4 * sizes[0] < sizes[1] < 0.6 * sizes[0]
    assert (tmp_path / "small" / "README.md").read_bytes() == (folder / "README.md").read_bytes()
    assert main(["verify", str(tmp_path / "small")]) == 0


def test_the_cost_is_told_on_data_that_is_named(
    folder: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["abc" * 200, "cab" * 300, "never reached"]
    monkeypatch.setattr(registry, "load_dataset", lambda name, domain, **rest: Splits(["never scored"], texts))
    monkeypatch.setattr(compress, "STEPS", 1000)
    assert main(["compress", str(folder), "--out", str(tmp_path / "small"), "--data", "letters"]) == 0
    cost = told()[0].splitlines()[-1]
    found = re.fullmatch(
        r"cost    ([+-]\d\.\d{4}) nats/char \((\d\.\d{4}) before, (\d\.\d{4}) after\), on 1,280 chars of letters", cost
    )
    assert found, cost
    cost, before, after = map(float, found.groups())
    assert abs(before + cost - after) < 2e-4 and abs(cost) < 0.01
    assert abs(before - np.log(CODEC.spec.size)) < 0.5  # it has learned nothing


def test_the_data_may_be_a_file(folder: Path, tmp_path: Path, told: Told) -> None:
    (tmp_path / "letters.txt").write_text("cabba " * 500, encoding="utf-8")
    data = str(tmp_path / "letters.txt")
    assert main(["compress", str(folder), "--out", str(tmp_path / "small"), "--data", data]) == 0
    assert told()[0].splitlines()[-1].endswith(f" after), on 300 chars of {data}")
    refused(told, [folder, "--out", tmp_path / "b", "--data", "letters"], 2, r"no file, folder or data set named .*")


def test_what_cannot_be_compressed(folder: Path, tmp_path: Path, told: Told) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").write_text("years of work", encoding="utf-8")
    refused(told, [folder, "--out", tmp_path / "used"], 2, r".*used is in use; name another folder with --out")
    refused(told, [folder, "--out", folder], 2, r".*prose is in use; .*")
    refused(told, ["sheakspeare", "--out", tmp_path / "a"], 2, r"no model named 'sheakspeare'; did you mean .*")
    refused(
        told, [folder, "--out", tmp_path / "a", "--data", "js-fakes"], 2, r"the data set 'js-fakes' is for music, .*"
    )
    assert main(["compress", str(folder), "--out", str(tmp_path / "small")]) == 0
    told()
    refused(told, [tmp_path / "small", "--out", tmp_path / "b"], 2, r".*small is in 8 bits already; name one in 16")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small", "used"]

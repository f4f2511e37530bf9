"""Labels: whose or what kind a document is, from its folder or a field; sampling, mixing, telling them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import Categorical, Model, Network
from seqgen.domains import text
from seqgen.domains.text import DOMAIN, Characters, Division, Document, Documents
from seqgen.domains.text.documents import fit_codec
from seqgen.domains.text.files import read, read_texts
from seqgen.domains.text.labels import weights_of
from seqgen.errors import DataError, ModelError, UnknownName, UsageError
from seqgen.models.pretrained import save_pretrained
from seqgen.shell.cli import main
from seqgen.training import run
from seqgen.training.run_config import read_config

CODEC = Documents(Characters("ab"), Division("line", labels="folder"), ("loud", "soft"))


@pytest.fixture(scope="module")
def book() -> text.TextModel:
    """A model whose first label writes a and whose second writes b."""
    model = Model(Network(CODEC.spec, layers=1, units=4, embedding=4, static=2, static_width=2), Categorical(259))
    params = jax.tree.map(np.zeros_like, model.init(jax.random.key(0)))
    params["network"]["static_table"] = np.array([[4.0, 0.0], [0.0, 4.0]], np.float32)
    cell = params["network"]["layer0"]["cell"]
    width = cell["input_kernel"].shape[0]
    kernel = np.zeros_like(cell["input_kernel"]).reshape(width, 4, 4)  # gates, units
    kernel[-2, :, 0], kernel[-1, :, 1] = 2.0, 2.0
    cell["input_kernel"] = kernel.reshape(cell["input_kernel"].shape)
    head = np.zeros_like(params["head"]["kernel"])
    head[0, 256], head[1, 257] = 30.0, 30.0
    params["head"]["kernel"] = head
    return text.TextModel(CODEC, model, params, "book")


def labelled(place: Path) -> Path:
    for label, line in (("loud", "a" * 20), ("soft", "b" * 20)):
        (place / label).mkdir(parents=True)
        (place / label / "one.txt").write_text(f"{line}\n" * 30)
    return place


def test_a_folder_is_a_label(tmp_path: Path) -> None:
    found = read_texts(labelled(tmp_path), "utf-8", Division("line", labels="folder")).texts
    assert {item.label: item.text[0] for item in found if isinstance(item, Document)} == {"loud": "a", "soft": "b"}
    codec = fit_codec(found, documents="line", labels="folder")
    assert codec == CODEC and DOMAIN.load_codec(codec.to_dict()) == codec
    assert [int(codec.encode(item).static) for item in found[:1] + found[-1:]] == [0, 1]
    assert int(codec.encode("ab").static) == 0, "of no label: as the first"


def test_a_field_is_a_label() -> None:
    rows = '{"body": "ab", "year": 1790}\n{"body": "b", "year": 1890}\n'
    found = list(Division(field="body", labels="year").of([rows], "a.jsonl"))
    assert found == [Document("ab", "1790"), Document("b", "1890")]
    assert list(Division(field="t", labels="by").of(["t,by\none,poe\n"], "a.csv")) == [Document("one", "poe")]
    with pytest.raises(DataError, match=r"a.jsonl, line 1 has no field 'author'; there is 'body', 'year'"):
        list(Division(field="body", labels="author").of([rows], "a.jsonl"))
    with pytest.raises(DataError, match="a label is a word or a number"):
        list(Division(field="body", labels="by").of(['{"body": "a", "by": ["poe"]}'], "a.jsonl"))
    with pytest.raises(UsageError, match="labels cannot be 'author'; give folder, or a field of records"):
        Division("line", labels="author")


def test_labels_that_tell_nothing_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the documents have one label, 'loud'; 2 to 1000 can be told apart"):
        fit_codec([Document("a", "loud")], labels="folder")
    with pytest.raises(ModelError, match="labels are not sorted"):
        Documents(Characters("ab"), Division(), ("b", "a"))
    assert DOMAIN.match is not None
    with pytest.raises(UsageError, match="the model's labels are none, the texts' loud, soft; fine-tune with the same"):
        DOMAIN.match(Characters("ab"), CODEC)


def test_labels_are_mixed() -> None:
    labels = ["austen", "poe", "poe:2"]
    assert weights_of("poe", labels).tolist() == [0, 1, 0]
    assert weights_of("poe:2", labels).tolist() == [0, 0, 1]
    np.testing.assert_allclose(weights_of("poe:0.7, austen:0.3", labels), [0.3, 0.7, 0])
    assert weights_of("poe,austen", labels).tolist() == [0.5, 0.5, 0]
    with pytest.raises(UnknownName, match="no label named 'pooe'; did you mean 'poe'"):
        weights_of("pooe:0.5", labels)
    with pytest.raises(UsageError, match="'much' is no weight of 'poe'; give a number from 0 on"):
        weights_of("poe:much", labels)
    with pytest.raises(UsageError, match="add up to nothing"):
        weights_of("poe:0", labels)


def test_a_label_is_written_and_told(book: text.TextModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = [book.sample(length=4, temperature=0, label=label) for label in ("loud", "soft", "soft:0.9,loud:0.1", None)]
    assert made == ["aaaa", "bbbb", "bbbb", "aaaa"]
    with pytest.raises(UnknownName, match="no label named 'quiet'"):
        book.sample(label="quiet")
    assert [next(iter(book.classify(line * 9))) for line in "ab"] == ["loud", "soft"]
    assert sum(book.classify("ab").values()) == pytest.approx(1)
    assert book.score([Document("a" * 9, "loud")]).nats < book.score([Document("a" * 9, "soft")]).nats
    both = book.score([Document("aa", "loud"), Document("b", "soft")]).nats
    assert both == pytest.approx(book.score([Document("aa", "loud")]).nats + book.score([Document("b", "soft")]).nats)

    model, data = tmp_path / "model", labelled(tmp_path / "data")
    save_pretrained(model, domain="text", codec=CODEC.to_dict(), model=book.model, params=book.params)
    assert main(["text", "classify", str(data), "--model", str(model), "--held-out"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "seqgen: 6 of 6 documents of known labels are told right (100.0%)"
    assert out[0].split("\t")[0] in ("loud", "soft") and len(out) == 7
    assert (
        main(["text", "sample", "--model", str(model), "--label", "soft", "--temperature", "0", "--length", "3"]) == 0
    )
    assert capsys.readouterr().out == "bbb\n"


def test_a_model_without_labels_tells_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shakespeare knows no labels; train a model with --labels"):
        text.load().classify("To be")
    with pytest.raises(UnknownName, match="no label named 'poe'"):
        text.load().sample(label="poe")
    model = Model(Network(CODEC.spec, layers=1, units=4, embedding=4, static=3), Categorical(259))
    params = model.init(jax.random.key(0))
    save_pretrained(tmp_path / "wrong", domain="text", codec=CODEC.to_dict(), model=model, params=params)
    with pytest.raises(ModelError, match="the network knows 3 labels, the codec 2"):
        text.load(tmp_path / "wrong")


def test_training_reads_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(run, "loop", lambda *given: seen.append(given[0]))
    text.train(labelled(tmp_path / "data"), tmp_path / "run", steps=1, size="tiny", documents="line", labels="folder")
    assert read_config(tmp_path / "run")["codec"]["labels"] == ["loud", "soft"]
    batch = seen[0].windows.batch(0)
    assert seen[0].model.network.static == 2 and set(batch.static.tolist()) == {0, 1}
    assert read(str(tmp_path / "data"), documents="line", labels="folder", hold_out="documents").valid

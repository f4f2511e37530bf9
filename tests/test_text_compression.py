"""Compression by a model: any bytes come back, or a check says that they do not."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import jax
import numpy as np
import pytest
from test_text_api import CODEC, MODEL, parameters

from seqgen.domains import text
from seqgen.domains.text.compression import archive, predicting
from seqgen.domains.text.compression.arithmetic import TOTAL, Decoder, Encoder
from seqgen.errors import DataError
from seqgen.models.pretrained import save_pretrained
from seqgen.shell import cli


@pytest.fixture(scope="module")
def letters() -> text.TextModel:
    return text.TextModel(CODEC, MODEL, parameters(), "letters")


def test_the_coder_gives_back_what_it_took_for_any_frequencies() -> None:
    chance = random.Random(0)
    for _ in range(60):
        given = []
        for _ in range(chance.randint(0, 2000)):
            total = chance.choice([1, 2, 10, TOTAL, chance.randint(2, TOTAL)])
            frequency = chance.choice([1, max(total - 1, 1), chance.randint(1, total)])
            given.append(
                (chance.choice([0, total - frequency, chance.randint(0, total - frequency)]), frequency, total)
            )
        encoder = Encoder()
        for entry in given:
            encoder.put(*entry)
        packed = encoder.finish()
        decoder = Decoder(packed)
        for start, frequency, total in given:
            assert start <= decoder.get(total) < start + frequency
            decoder.drop(start, frequency)
        ideal = sum(np.log2(total / frequency) for _, frequency, total in given)
        assert 8 * len(packed) <= ideal * 1.001 + 32


FILES = {
    "nothing": b"",
    "text": b"the gods ask of the land\nId so. " * 300,
    "ends and strangers": "ab\r\nc\rd 日本 é \x00".encode() * 10,
    "broken": b"the \xff\xc3 gods \xed\xa0\x80 \x80" * 9,
    "noise": random.Random(1).randbytes(6000),
    "one byte": b"a",
}


@pytest.mark.parametrize("name", FILES)
def test_any_bytes_come_back(letters: text.TextModel, name: str) -> None:
    data = FILES[name]
    packed = letters.compress(data)
    assert letters.decompress(packed) == data
    assert len(packed) <= len(data) + archive.HEADER.size


def test_noise_is_stored_as_it_is_and_what_is_expected_is_short(letters: text.TextModel) -> None:
    assert letters.compress(FILES["noise"])[archive.HEADER.size :] == FILES["noise"]
    likely = letters.sample(length=3000, temperature=0.7, seed=1)
    bits = 8 * (len(letters.compress(likely.encode())) - archive.HEADER.size)
    assert bits == pytest.approx(letters.score(likely).nats / np.log(2), rel=0.03)


def test_damage_and_other_models_are_told(letters: text.TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = letters.compress(FILES["text"])
    for at in (5, 6, 15, 23, archive.HEADER.size + 1, archive.HEADER.size + 40, len(packed) - 8):
        damaged = bytearray(packed)
        damaged[at] ^= 0x55
        with pytest.raises(DataError, match="damaged"):
            letters.decompress(bytes(damaged))
    for cut in (0, 3, archive.HEADER.size, archive.HEADER.size + 2, len(packed) - 1):
        with pytest.raises(DataError, match=r"damaged|not what `seqgen text compress` makes"):
            letters.decompress(packed[:cut])
    other = text.TextModel(CODEC, MODEL, MODEL.init(jax.random.key(0)), "other")
    with pytest.raises(DataError, match="it was compressed by another model; name that one with --model"):
        other.decompress(packed)

    def rounds_otherwise(logits: np.ndarray) -> np.ndarray:
        return usual(logits * np.float32(1 + 1e-6))

    usual = predicting._cumulative
    monkeypatch.setattr(predicting, "_cumulative", rounds_otherwise)
    with pytest.raises(DataError, match="this machine's numbers differ in a last bit"):
        letters.decompress(packed)


def test_headers_that_ask_for_much_are_refused_before_it_is_computed(letters: text.TextModel) -> None:
    packed = bytearray(letters.compress(FILES["text"]))
    struct.pack_into("<Q", packed, 14, 1 << 60)  # symbols
    with pytest.raises(DataError, match="its header cannot be"):
        letters.decompress(bytes(packed))


def test_the_verbs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save_pretrained(
        tmp_path / "letters", domain="text", codec=CODEC.to_dict(), model=MODEL, params=parameters()
    )
    file, model = tmp_path / "a.txt", ["--model", str(folder)]
    file.write_bytes(FILES["ends and strangers"])
    assert cli.main(["text", "compress", str(file), *model]) == 0
    assert "bits a byte" in capsys.readouterr().err
    assert cli.main(["text", "decompress", f"{file}.sgz", "-o", str(tmp_path / "b.txt"), *model]) == 0
    assert (tmp_path / "b.txt").read_bytes() == FILES["ends and strangers"]
    assert cli.main(["text", "decompress", f"{file}.sgz", *model]) == 2
    assert "a.txt is there already; name another file" in capsys.readouterr().err
    assert cli.main(["text", "decompress", str(file), "-o", str(tmp_path / "c"), *model]) != 0
    assert "a.txt: this is not what `seqgen text compress` makes" in capsys.readouterr().err

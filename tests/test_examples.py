"""Every example runs and does what it says; none is without a test."""

from __future__ import annotations

import io
import re
import runpy
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from speech_clips import TEXTS, robot

from seqgen import ModelError, registry
from seqgen.datasets import synthetic_ink
from seqgen.domains.handwriting import read_ink
from seqgen.domains.handwriting.formats.ink_json import write_ink_json
from seqgen.domains.music import Note, Score, read_midi
from seqgen.domains.music.files import read_score
from seqgen.domains.speech import write_wav

FOLDER = Path(__file__).parent.parent / "examples"
NOVEL = "It was a bright cold day, and the clocks were all wrong again.\n\n" * 60
SHORT = {
    "train_text",
    "sample_text",
    "core_by_hand",
    "train_music",
    "compose",
    "harmonise",
    "train_handwriting",
    "write_by_hand",
    "speak",
    "train_voice",
}

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs an example as `python examples/NAME.py ...` would in an empty folder; returns what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_newcomers", {})

    def run(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
            runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_train_text(run: Run, tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text(NOVEL, encoding="utf-8")
    said = run("train_text", "novel.txt", "--steps", 30, "--size", "tiny", "--out", "runs/novel")
    assert re.match(r"30 steps, \d\.\d\d bits a character on the part held out, model in runs.novel.model\n", said)
    assert (tmp_path / "runs" / "novel" / "curve.svg").exists()
    half, one = said.split("\n--- temperature ")[1:]
    assert half.startswith("0.5\n")
    assert one.startswith("1.0\n")
    assert min(len(half), len(one)) > 300
    assert "temperature 1.1" in run("sample_text", Path("runs", "novel"), "--length", 20)
    with pytest.raises(SystemExit, match=r"train_text: runs.novel is in use; name another folder"):
        run("train_text", "novel.txt", "--steps", 30, "--size", "tiny", "--out", "runs/novel")


def test_sample_text(run: Run) -> None:
    said = run("sample_text", "--length", 60)
    parts = said.split("--- ")[1:]
    temperatures, streamed, scored = parts[:4], parts[4], parts[5]
    assert [part.split("\n")[0] for part in temperatures] == [f"temperature {t}" for t in (0.0, 0.5, 0.8, 1.1)]
    texts = [part.split("\n", 1)[1] for part in temperatures]
    assert all(text.startswith("ROMEO:") and len(text) > 60 for text in texts)
    assert len(set(texts)) == 4
    assert streamed.startswith("as it is written, up to the first empty line\nROMEO:")
    forwards, capitals, backwards = (float(line[:5]) for line in scored.strip().splitlines()[1:])
    assert forwards < min(capitals, backwards)
    with pytest.raises(SystemExit, match=r"sample_text: no model named 'shakespear'; did you mean 'shakespeare'\?"):
        run("sample_text", "shakespear")


def test_train_music(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tunes").mkdir()
    for step in range(1, 5):
        tune = Score([Note(0.25 * i, 60 + (i * step) % 12, 0.25) for i in range(60)])
        tune.save(tmp_path / "tunes" / f"{step}.mid")
    (tmp_path / "tunes" / "empty.mid").touch()
    said = run("train_music", "tunes", "--steps", 3, "--size", "tiny")
    assert "1.mid: 60 notes\n" in said and "empty.mid: not used, it is empty" in said
    assert re.search(r"^3 steps, \d\.\d{3} nats an event on what was held out", said, re.MULTILINE)
    assert re.search(r"^the first 10 s of 1.mid and 20 s more", said, re.MULTILINE)
    made = read_midi(tmp_path / "runs" / "train_music" / "goes_on.mid")
    assert [note.pitch for note in made.notes[:40]] == [60 + i % 12 for i in range(40)]
    with pytest.raises(SystemExit, match=r"train_music: runs.train_music is in use"):
        run("train_music", "tunes", "--steps", 3)


def test_compose(run: Run, tmp_path: Path) -> None:
    said = run("compose", "--count", 2, "--seconds", 6)
    assert len(said.splitlines()) == 3
    names = {path.name for path in (tmp_path / "compose").iterdir()}
    assert names == {"1.mid", "1.wav", "1.png", "2.mid", "2.wav", "2.png", "slow.mid"}
    first, slow = (read_midi(tmp_path / "compose" / name) for name in ("1.mid", "slow.mid"))
    assert slow.seconds == pytest.approx(1.5 * first.seconds, abs=0.01)


def test_harmonise(run: Run, tmp_path: Path) -> None:
    said = run("harmonise", "--particles", 2)
    assert re.match(r"harmonise.1.mid: \d+ notes to 28 of the tune, -\d+ nats\n", said)
    assert re.search(r"^harmonise.other.mid: \d+ other notes in bars 3 and 4 of alto and tenor$", said, re.MULTILINE)
    tune = read_score(FOLDER / "auld_lang_syne.abc")
    for name in ("1", "2", "3", "other"):
        sung = [note.pitch for note in read_midi(tmp_path / "harmonise" / f"{name}.mid").notes if note.part == 0]
        assert sung == [note.pitch for note in tune.notes]
    with pytest.raises(SystemExit, match=r"harmonise: cannot .*none\.mid"):
        run("harmonise", "none.mid")


def test_blues(run: Run, tmp_path: Path) -> None:
    said = run("blues", "--steps", 2, "--size", "tiny")
    corpus, made, files = re.sub(r"\d+\.\d%", "N", said).splitlines()[-3:]
    assert corpus == "corpus: N of bars have the form's chord, N of strong beats are chord tones"
    assert made.startswith("20 choruses of the model: N of bars have")
    assert files.startswith("one of them: ")
    assert re.search("corpus: 100.0% of bars", said)
    assert read_midi(tmp_path / "runs" / "blues" / "blues.mid").notes
    with pytest.raises(SystemExit, match=r"blues: runs.blues is in use"):
        run("blues", "--steps", 2, "--size", "tiny")


def test_drums(run: Run, tmp_path: Path) -> None:
    said = run("drums", "--steps", 2, "--size", "tiny", "--tempo", 90)
    corpus, made, files = said.splitlines()[-3:]
    assert re.fullmatch(
        r"corpus: 100.0% of bars begin with a kick, 100.0% of backbeats have a snare, hi-hats are \+30 on the beat",
        corpus,
    )
    assert made.startswith("10 grooves of the model: ") and files.startswith("one of them: ")
    played = read_midi(tmp_path / "runs" / "drums" / "drums.mid")
    assert played.tempos[0].bpm == pytest.approx(90, rel=0.01)
    (tmp_path / "mine").mkdir()
    for number in range(4):
        hits = [Note(0.25 * at, 36 if at % 4 else 38, 0.1, 100 - number) for at in range(32 + number)]
        Score(hits, names=("Drum Rack",)).save(tmp_path / "mine" / f"{number}.mid")  # as programs export them: a piano
    said = run("drums", "--data", "mine", "--steps", 2, "--size", "tiny", "--out", "runs/mine")
    assert "corpus: 0.0% of bars begin with a kick" in said
    with pytest.raises(SystemExit, match=r"drums: runs.drums is in use"):
        run("drums", "--steps", 2, "--size", "tiny")


def test_lead_sheets(run: Run, tmp_path: Path) -> None:
    said = run("lead_sheets", "--steps", 2, "--size", "tiny", "--chords", "Em C")
    learned, made, refused, *files = said.splitlines()[-6:]
    share = re.fullmatch(r"what it learned from: (\d\d\.\d)% of 6,400 notes on strong beats are chord tones", learned)
    assert share and 85 < float(share[1]) < 98  # strains are heard twice; by chance 3 of 7 belong to a triad
    assert made.startswith("10 tunes of the model to Em C: ") and len(files) == 3
    assert refused.startswith(
        "not as .abc: the score has "
    )  # after two steps it writes more at once than a tune has voices
    chords = read_score(tmp_path / "runs" / "tunes" / "tune.musicxml").chords
    assert [chord.symbol for chord in chords] == ["Em", "C"] * 4
    with pytest.raises(SystemExit, match=r"lead_sheets: no chord is called 'H'"):
        run("lead_sheets", "--steps", 2, "--size", "tiny", "--chords", "H", "--out", "runs/other")


def test_train_handwriting(run: Run, tmp_path: Path) -> None:
    inks = [synthetic_ink.write(word, synthetic_ink.hand("print")) for word in ("one", "two", "six", "ten")]
    write_ink_json(inks, tmp_path / "mine.json")
    said = run("train_handwriting", "mine.json", "--steps", 3, "--size", "tiny")
    assert f"mine.json[0]: {inks[0].points} points\n" in said
    assert re.search(r"^3 steps, -?\d+\.\d{3} nats a point on what was held out", said, re.MULTILINE)
    new = re.search(r"^mine.json\[0\] and (\d+) points more: runs.train_handwriting.goes_on.svg", said, re.MULTILINE)
    assert new and int(new[1]) > 0
    ElementTree.parse(tmp_path / "runs" / "train_handwriting" / "goes_on.svg")
    with pytest.raises(SystemExit, match=r"train_handwriting: runs.train_handwriting is in use"):
        run("train_handwriting", "mine.json", "--steps", 3)


def test_write_by_hand(run: Run, tmp_path: Path) -> None:
    said = run("write_by_hand", "A few words").splitlines()
    assert [line.split(":")[0].split(", ")[1] for line in said[:4]] == [f"bias {bias}" for bias in (0.0, 0.5, 1.0, 2.0)]
    assert len(said) == 18, "four hands, four biases, two files"
    paths = ElementTree.parse(tmp_path / "by_hand.svg").iter("{http://www.w3.org/2000/svg}path")
    assert len(list(paths)) > 8 * 5
    (smaller,) = read_ink(tmp_path / "by_hand.json")
    assert smaller.text == "A few words"
    with pytest.raises(SystemExit, match="write_by_hand: this model cannot write '漢'"):
        run("write_by_hand", "caf漢")


def test_speak(run: Run, tmp_path: Path) -> None:
    said = robot("It was one of us.")
    write_wav("said.wav", said.samples, said.rate)
    told = run("speak", "It was one of us.", "--recording", "said.wav").splitlines()
    assert re.fullmatch(r"speak.1\.wav: \d\.\d s, _ IH T W AH Z W AH N AH V AH S _", told[0]) and len(told) == 5
    names = {path.name for path in (tmp_path / "speak").iterdir()}
    assert names == {"1.wav", "slow.wav", "high.wav", "flat.wav", "spectrogram.png"}
    with pytest.raises(SystemExit, match=r"speak: there is nothing to say in '\?'; give a text with words"):
        run("speak", "?")


def test_train_voice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for number, text in enumerate(TEXTS[:4]):
        clip = robot(text, seed=number)
        write_wav(tmp_path / "mine" / f"{number}.wav", clip.samples, clip.rate)
        (tmp_path / "mine" / f"{number}.txt").write_text(text, encoding="utf-8")
    write_wav(tmp_path / "mine" / "hm.wav", clip.samples, clip.rate)
    said = run("train_voice", "mine", "--steps", 2, "--size", "tiny", "--text", "It was so.")
    assert said.startswith(
        "4 clips, 0.1 minutes\nhm: not used, there is no text to it; write what is said into hm.txt\n"
    )
    assert re.search(r"^2 steps, \d+\.\d\d nats a frame on what was held out, voice in", said, re.MULTILINE)
    names = {path.name for path in (tmp_path / "runs" / "train_voice").iterdir()}
    assert names >= {"said.wav", "aligned.png", "curve.svg"}
    with pytest.raises(SystemExit, match=r"train_voice: runs.train_voice is in use"):
        run("train_voice", "mine", "--steps", 2)


@pytest.mark.optimised
def test_new_domain_reads_the_rule_from_context(run: Run) -> None:
    said = run("new_domain")
    assert registry.domain("numbers").unit == "number"
    right = dict(re.findall(r"^(.+): ([\d.]+)% of \d+ right$", said, re.MULTILINE))
    assert list(right) == ["new starts", "new steps and factors"]
    assert min(map(float, right.values())) >= 90, said
    assert "\n6 7 8 -> 9\n" in said


def test_core_by_hand(run: Run) -> None:
    said = run("core_by_hand", "--steps", 100, "--out", "spirals.svg")
    (nats,) = re.findall(r"step 100: (-?[\d.]+) nats a point", said)
    assert float(nats) < 0  # standard normal offsets would cost 2.8, the noise alone is -1.8
    picture = ElementTree.parse("spirals.svg").getroot()
    lines = [line.attrib for line in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert len(lines) == 12
    assert {line["stroke"] for line in lines} == {"#0969da", "#bc4c00"}
    assert not [line for line in lines if "nan" in line["points"]]


def test_flax_layer(run: Run) -> None:
    told = re.search(r"([\d.]+)% of new echoes right\nfarthest from nnx.RNN: (\S+)", run("flax_layer"))
    assert told and float(told[1]) > 99 and float(told[2]) < 1e-5


def test_every_example_has_a_test_and_nothing_but_tests_is_missing() -> None:
    tests = [name for name in globals() if name.startswith("test_")]
    names = {path.stem for path in FOLDER.glob("*.py")}
    assert names
    assert not [name for name in names if not any(test.startswith(f"test_{name}") for test in tests)]


@pytest.mark.parametrize("name", sorted(SHORT))
def test_short_examples_are_short(name: str) -> None:
    assert len((FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 60


def test_a_domain_takes_about_forty_lines() -> None:
    source = (FOLDER / "new_domain.py").read_text(encoding="utf-8")
    domain = source[source.index("\nNumbers = ") : source.index("\ndef next_numbers")]
    tokens = list(tokenize.generate_tokens(io.StringIO(domain).readline))
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = {token.start[0] for token in tokens if token.type not in skip and not token.string.startswith('"""')}
    assert 30 < len(lines) <= 45


@pytest.fixture(scope="module")
def new_domain() -> dict[str, Any]:
    return runpy.run_path(str(FOLDER / "new_domain.py"))


@given(item=st.lists(st.integers(-200_000, 200_000), max_size=12).map(tuple))
def test_the_new_codec_keeps_every_number(new_domain: dict[str, Any], item: tuple[int, ...]) -> None:
    codec = new_domain["DOMAIN"].fit_codec([item])
    assert codec.decode(codec.encode(item).steps) == codec.canonical(item)


@given(steps=arrays.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2))))
def test_the_new_codec_decodes_anything(new_domain: dict[str, Any], steps: np.ndarray) -> None:
    codec = new_domain["DOMAIN"].fit_codec([])
    numbers = codec.decode(steps)
    assert len(numbers) == len(steps)
    assert codec.canonical(numbers) == numbers


def test_the_new_codec_comes_back_from_its_settings(new_domain: dict[str, Any]) -> None:
    domain = new_domain["DOMAIN"]
    codec = domain.fit_codec(domain.examples)
    assert domain.load_codec(codec.to_dict()) == codec
    with pytest.raises(ModelError, match=r"a codec of number rules has no settings, not \{'kind': 'words'\}"):
        domain.load_codec({"kind": "words"})

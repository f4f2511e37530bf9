"""The command line, as typed: one line for everything that can be wrong, and nothing lost by it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from seqgen import registry
from seqgen.domains import text
from seqgen.domains.text.codec import Characters
from seqgen.domains.text.files import read
from seqgen.errors import ModelError, SeqgenError
from seqgen.files import storage
from seqgen.heads import Categorical
from seqgen.models.info import _told
from seqgen.models.model import Model
from seqgen.models.pretrained import save_pretrained
from seqgen.nn.network import Network
from seqgen.shell.cli import main
from seqgen.training import Metrics, TrainState

ROOT = Path(__file__).parent.parent
PROSE = "It was a dark and stormy night; the rain fell in torrents.\n" * 8
CODEC = Characters.fit([PROSE])
MODEL = Model(Network(CODEC.spec, layers=1, units=12, embedding=6), Categorical(CODEC.spec.size))

Told = Callable[[], tuple[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of no merit, quickly made."""
    random = np.random.default_rng(2)
    shapes = jax.eval_shape(lambda: MODEL.init(jax.random.key(0)))
    params = jax.tree.map(lambda leaf: random.normal(0, 0.7, leaf.shape).astype(np.float32), shapes)
    params["head"]["bias"][256:] += 3
    path = tmp_path_factory.mktemp("models") / "prose"
    notes = {"size": "tiny", "steps": 3, "valid": 4.5}
    return save_pretrained(path, domain="text", codec=CODEC.to_dict(), model=MODEL, params=params, training=notes)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: tuple(capsys.readouterr())


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    path = tmp_path / "prose.txt"
    path.write_text(PROSE, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


def check_refused(told: Told, arguments: list[Any], code: int, message: str) -> None:
    """One line on standard error and not a word on standard output."""
    assert main([str(argument) for argument in arguments]) == code
    out, err = told()
    assert out == ""
    assert re.fullmatch(rf"seqgen: error: {message}\n", err), err
    assert err.count("\n") == 1


# Data that cannot be learned from

BINARY = bytes(range(128, 256)) * 4
DATA: dict[str, tuple[bytes | None, str]] = {
    "empty": (b"", r".*data\.txt is empty; give it some text"),
    "binary": (BINARY, r".*data\.txt is not UTF-8: byte 0x80 at offset 0; save it as UTF-8, or name its encoding .*"),
    "NULs": (b"text\0" * 50, r".*data\.txt is binary, not text: NUL at byte 4; .*"),
    "too short": (b"A word.", r"the text has 7 characters, too short .*; give it 32 or more"),
    "missing": (None, r"no file, folder or data set named '.*data\.txt' .*"),
}


@pytest.mark.parametrize("kind", DATA)
def test_data_that_is_no_text(kind: str, tmp_path: Path, told: Told) -> None:
    content, message = DATA[kind]
    if content is not None:
        (tmp_path / "data.txt").write_bytes(content)
    before = contents(tmp_path)
    arguments = ["text", "train", tmp_path / "data.txt", "--out", tmp_path / "run", "--steps", "1"]
    check_refused(told, arguments, 2 if kind == "missing" else 1, message)
    assert contents(tmp_path) == before


def test_a_folder_without_text(tmp_path: Path, told: Told) -> None:
    (tmp_path / "empty").mkdir()
    arguments = ["text", "train", tmp_path / "empty", "--out", tmp_path / "run"]
    check_refused(told, arguments, 1, r"no text in folder .*empty; it is empty")
    (tmp_path / "empty" / "noise.bin").write_bytes(BINARY)
    check_refused(told, arguments, 1, r"no text in folder .*empty: .*noise\.bin is not UTF-8: .*")


# Requests that cannot be met

TRAIN: dict[str, tuple[list[str], str]] = {
    "nothing to learn from": ([], r"say what to learn from: a file, a folder or a data set; or --resume a run"),
    "no steps": (["PROSE", "--steps", "0"], r"a run of 0 steps cannot be; give more than 0 .*"),
    "no minutes": (["PROSE", "--minutes", "-1"], r"a run of -1\.0 minutes cannot be; give more than 0 .*"),
    "two lengths": (["PROSE", "--steps", "1", "--minutes", "1"], r"--steps and --minutes both say .*: give one"),
    "resume with out": (["--resume", "RUN", "--out", "b"], r"--out is settled when a run begins: leave it out .*"),
    "resume with size": (["--resume", "RUN", "--size", "tiny"], r"--size is settled .*"),
    "from with size": (
        ["PROSE", "--from", "MODEL", "--size", "tiny"],
        r"a fine-tuned model keeps its size: leave out --size, or --from",
    ),
    "size": (["PROSE", "--size", "tinny"], r"no size named 'tinny'; did you mean 'tiny'\? .*"),
    "data set": (["tiny-shakespere"], r"no file, .* named 'tiny-shakespere'; did you mean 'tiny-shakespeare'\? .*"),
    "model": (["PROSE", "--from", "shakespear"], r"no model named 'shakespear'; did you mean 'shakespeare'\? .*"),
    "encoding": (["PROSE", "--encoding", "klingon"], r"no text encoding named 'klingon'; there is utf-8, .*"),
    "seed": (["PROSE", "--seed", "-1"], r"the seed is -1; give a whole number from 0 .*"),
}


@pytest.mark.parametrize("kind", TRAIN)
def test_training_that_cannot_be(kind: str, prose: Path, folder: Path, told: Told) -> None:
    arguments, message = TRAIN[kind]
    names = {"PROSE": str(prose), "MODEL": str(folder), "RUN": str(prose.parent / "run")}
    arguments = ["text", "train", *(names.get(argument, argument) for argument in arguments)]
    if "--resume" not in arguments:
        arguments += ["--out", str(prose.parent / "out")]
    if {"--steps", "--minutes", "--resume"}.isdisjoint(arguments):
        arguments += ["--steps", "1"]
    before = contents(prose.parent)
    check_refused(told, arguments, 2, message)
    assert contents(prose.parent) == before


def test_the_wrong_encoding_of_a_file(prose: Path, told: Told) -> None:
    prose.write_text(PROSE + "é", encoding="latin-1")
    check_refused(
        told, ["text", "train", prose], 1, r".*is not UTF-8: byte 0xe9 at offset 472; .* --encoding cp1252, .*"
    )
    check_refused(told, ["text", "score", prose], 1, r".*is not UTF-8: .*")


def test_places_that_cannot_be_written(prose: Path, told: Told) -> None:
    for out in (prose / "run", Path("/proc/nowhere/run")) if sys.platform == "linux" else (prose / "run",):
        arguments = ["text", "train", prose, "--out", out, "--steps", "1"]
        check_refused(told, arguments, 2, rf"cannot write to {out}: .*; name another folder with --out")
    check_refused(told, ["demo", "--out", prose / "demo"], 2, r"cannot write to .*demo: .*; name another folder .*")
    assert prose.read_text(encoding="utf-8") == PROSE


def test_a_used_folder_is_left_as_it_is(prose: Path, told: Told) -> None:
    used = prose.parent / "run"
    used.mkdir()
    (used / "notes.txt").write_text("mine", encoding="utf-8")
    for out in (used, used / "notes.txt"):
        arguments = ["text", "train", prose, "--out", out, "--steps", "1"]
        check_refused(told, arguments, 2, rf"{out} is in use; name another .*, or continue that run with --resume")
    check_refused(told, ["text", "train", "--resume", used], 1, r".*run holds no run: there is no config\.json; .*")
    assert contents(used) == {"notes.txt": hashlib.sha256(b"mine").hexdigest()}


# Models that cannot be used


def newer(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "format": 99}), encoding="utf-8")
    storage._seal(folder)


def damaged(folder: Path) -> None:
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            newer,
            r".*config\.json has format 99, written by seqgen .* reads formats up to 1: pip install --upgrade seqgen",
        ),
        (damaged, r".*model\.safetensors is damaged or edited: .*; get an undamaged copy"),
    ],
)
def test_models_that_cannot_be_read(
    spoil: Callable[[Path], None], message: str, folder: Path, prose: Path, told: Told
) -> None:
    spoilt = Path(shutil.copytree(folder, prose.parent / "spoilt"))
    spoil(spoilt)
    for arguments in (
        ["text", "sample", "--model", spoilt],
        ["text", "score", prose, "--model", spoilt],
        ["text", "train", prose, "--from", spoilt, "--out", prose.parent / "out"],
        ["info", spoilt],
    ):
        check_refused(told, arguments, 1, message)
    assert not (prose.parent / "out").exists()


def test_models_that_are_not_there(prose: Path, told: Told) -> None:
    for arguments in (
        ["text", "sample", "--model", "shakespear"],
        ["text", "score", prose, "--model", "shakespear"],
        ["info", "shakespear"],
    ):
        check_refused(told, arguments, 2, r"no model named 'shakespear'; did you mean 'shakespeare'\? .*")
    check_refused(told, ["text", "sample", "--model", prose.parent], 1, r".* holds no model \(yet\): .*")


def test_a_mistyped_run_folder_names_the_one_beside_it(folder: Path, told: Told) -> None:
    wrong = folder.parent / "prosa"
    message = rf"no model or run folder in {folder.parent} named 'prosa'; did you mean 'prose'\? \(known: prose\)"
    check_refused(told, ["text", "sample", "--model", wrong], 2, message)
    check_refused(
        told, ["text", "sample", "--model", "nowhere/at/all"], 2, "no model or run folder in nowhere/at named .*none.*"
    )


def test_an_unknown_file_is_told_of_data_sets_of_its_kind_alone(told: Told) -> None:
    assert main(["text", "train", "nosuch.txt"]) == 2
    err = told()[1]
    assert "tiny-shakespeare" in err and "chorales" not in err and "ink" not in err


# Writing

SAMPLE: dict[str, tuple[list[str], str]] = {
    "temperature": (["--temperature", "-0.5"], r"temperature is -0\.5; give 0 \(the likeliest\) or more"),
    "length": (["--length", "0"], r"length is 0; give 1 or more characters, or words as in '80 words'"),
    "top-p": (["--top-p", "2"], r"top-p is 2\.0; give more than 0, at most 1 \(all\)"),
}


@pytest.mark.parametrize("kind", SAMPLE)
def test_samples_that_cannot_be(kind: str, folder: Path, told: Told) -> None:
    arguments, message = SAMPLE[kind]
    check_refused(told, ["text", "sample", "--model", folder, "--prompt", "so", *arguments], 2, message)


def test_what_is_no_number_is_told_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["text", "sample", "--seed", "many"])
    assert "argument --seed: invalid int value: 'many'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "text sample --temprature 2",
            "seqgen text sample: error: there is no '--temprature' here; did you mean --temperature?",
        ),
        ("text score a.txt --modle=x", "seqgen text score: error: there is no '--modle' here; did you mean --model?"),
        (
            "music sample --barz 3 --seed 1",
            "seqgen music sample: error: there is no '--barz' here; did you mean --bars?",
        ),
        ("handwriting write hi there", "seqgen handwriting write: error: there is no 'there' here"),
        ("doctor --zzz", "seqgen doctor: error: there is no '--zzz' here"),
    ],
)
def test_an_option_that_is_none_is_told_with_its_verbs_usage(
    typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(typed.split())
    err = capsys.readouterr().err
    assert err.startswith(f"usage: {said.partition(':')[0]} [-h]") and err.splitlines()[-1] == said


def test_what_an_output_lacks_is_said_once(folder: Path) -> None:
    sample = ["text", "sample", "--model", str(folder), "--length", "1", "--seed", "1", "--prompt", "café ☕ 日本"]
    ran = subprocess.run(
        [sys.executable, "-m", "seqgen", *sample],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    assert ran.stdout.startswith(b"caf? ? ??")
    assert ran.stderr.decode().count("this output is ascii, which lacks some characters: each is written as ?") == 1


def test_a_text_that_loops_is_told_of(folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = ["text", "sample", "--model", str(folder), "--seed", "1", "--length", "5"]
    for pieces, loops in (
        (["the state of ", "the state of the state of "], True),
        (["ha ha ha ha ha", " and so on"], False),
    ):
        monkeypatch.setattr(text.TextModel, "stream", lambda *_, pieces=pieces, **__: iter([[one] for one in pieces]))
        assert main(sample) == 0
        assert ("--max-repeat 20" in told()[1]) == loops


def test_a_sample_begins_with_its_prompt_whatever_that_is(folder: Path, told: Told) -> None:
    sample = ["text", "sample", "--model", str(folder), "--length", "10", "--seed", "1", "--prompt"]
    for prompt in ("", "night", "日本 👩\u200d🔬 Ω", "torrents " * 100):  # the last is longer than any window
        assert main([*sample, prompt]) == 0
        out, err = told()
        assert out.startswith(prompt) and len(out) == len(prompt) + 11 and err == ""
    assert main([*sample, "\ud800"]) == 0
    assert told()[0].startswith("\ufffd")


def test_the_seed_is_named_when_none_was_given(folder: Path, told: Told) -> None:
    sample = ["text", "sample", "--model", str(folder), "--length", "30"]
    assert main(sample) == 0
    out, err = told()
    found = re.fullmatch(r"seqgen: --seed (\d+) makes the same again\n", err)
    assert found
    assert main([*sample, "--seed", found[1]]) == 0
    assert told() == (out, "")


def test_temperature_0_writes_the_same_for_all_seeds_and_stop_stops(folder: Path, told: Told) -> None:
    sample = ["text", "sample", "--model", str(folder), "--length", "60", "--seed"]
    pages = []
    for seed, temperature in ((1, "0"), (2, "0"), (1, "1"), (2, "1")):
        assert main([*sample, str(seed), "--temperature", temperature]) == 0
        pages.append(told()[0])
    assert pages[0] == pages[1] and len(set(pages)) == 3
    stop = pages[2][10:12]
    assert main([*sample, "1", "--temperature", "1", "--stop", "not there", "--stop", stop]) == 0
    assert told()[0] == pages[2][: pages[2].index(stop)] + "\n"


def test_a_prompt_comes_from_standard_input_and_escapes_are_read(
    folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = ["text", "sample", "--model", str(folder), "--length", "10", "--seed", "1", "--prompt"]
    assert main([*sample, "It was\na\tdark \\ night"]) == 0
    page = told()[0]
    assert page.startswith("It was\na\tdark \\ night")
    assert main([*sample, r"It was\na\tdark \\ night"]) == 0
    assert told()[0] == page
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"It was\na\tdark \\ night")))
    assert main([*sample, "-"]) == 0
    assert told()[0] == page
    assert main([*sample, r"It was\na\tdark \\ night", "--no-prompt"]) == 0
    assert told()[0] == page.removeprefix("It was\na\tdark \\ night")
    assert main([*sample, "It", "--temperature", "1", "--stop", r"\\no such\n"]) == 0


def test_many_texts_as_lines_of_json_and_into_a_file(folder: Path, prose: Path, told: Told) -> None:
    sample = ["text", "sample", "--model", str(folder), "--length", "12", "--seed", "5", "--prompt", "so"]
    assert main(sample) == 0
    one = told()[0]
    assert main([*sample, "-n", "3", "--json"]) == 0
    rows = [json.loads(line) for line in told()[0].splitlines()]
    assert [(row["prompt"], row["seed"], row["number"]) for row in rows] == [("so", 5, n) for n in range(3)]
    assert rows[0]["text"] + "\n" == one and len({row["text"] for row in rows}) == 3
    out = prose.parent / "out.txt"
    assert main([*sample, "-n", "3", "--out", str(out)]) == 0
    assert told()[0] == ""
    assert out.read_text(encoding="utf-8") == "\n\n".join(row["text"] for row in rows) + "\n"
    check_refused(told, [*sample, "-n", "0"], 2, "0 texts were asked for; give 1 or more")
    check_refused(told, [*sample, "--out", prose.parent / "no" / "out.txt"], 1, ".*out.txt: No such file .*")


def test_no_escape_sequence_reaches_a_terminal(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    sample = ["text", "sample", "--model", str(folder), "--length", "2", "--seed", "1", "--prompt", "a\x1b[2J\x9bb\tc"]
    for output, shown in ((Terminal(), "a\ufffd[2J\ufffdb\tc"), (io.StringIO(), "a\x1b[2J\x9bb\tc")):
        monkeypatch.setattr(sys, "stdout", output)
        assert main(sample) == 0
        assert output.getvalue().startswith(shown)
        with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
            learned, out = tmp_path / "learned.txt", tmp_path / f"run{output.isatty()}"
            learned.write_text("\x1b[2J" * 40)
            assert main(["text", "train", str(learned), "--steps", "1", "--size", "tiny", "--out", str(out)]) == 0
        assert ("\x1b" in output.getvalue()) != output.isatty()


# Scoring


def test_a_score_says_what_it_is(folder: Path, prose: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["text", "score", str(prose), "--model", str(folder)]) == 0
    out, err = told()
    found = re.fullmatch(
        r"(\d\.\d{4}) nats/char  (\d\.\d{4}) bits/char  perplexity (\d+\.\d{3})  "
        r"\(472 characters, static, one pass, state carried\)\n",
        out,
    )
    assert found and err == ""
    score = text.load(folder).score(PROSE)
    assert found.groups() == (
        f"{score.nats_per_char:.4f}", f"{score.bits_per_char:.4f}", f"{score.perplexity:.3f}"
    )  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PROSE.encode())))
    assert main(["text", "score", "-", "--model", str(folder)]) == 0
    assert told() == (out, "")


def test_what_has_no_score(folder: Path, prose: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = prose.parent / "empty"
    empty.mkdir()
    for name, message in ((empty, r"no text in folder .*; it is empty"), ("nowhere", r"cannot read nowhere: .*")):
        check_refused(told, ["text", "score", name, "--model", folder], 1, message)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    check_refused(told, ["text", "score", "-", "--model", folder], 1, r"standard input is empty; give it some text")


# Training


def test_runs_are_named_after_their_data(prose: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[Path] = []

    def train(data: str, out: Path, **settings: Any) -> None:
        places.append(out)
        out.mkdir(parents=True)
        raise ModelError("no more of it")

    monkeypatch.chdir(prose.parent)
    monkeypatch.setattr("seqgen.domains.text.api.train", train)
    for data in ("prose.txt", str(prose), "-", ".", "tiny-shakespeare"):
        check_refused(told, ["text", "train", data], 1, "no more of it")
    names = ["prose", "prose-2", "stdin", prose.parent.name, "tiny-shakespeare"]
    assert places == [Path("runs") / name for name in names]


def test_fine_tuning_from_standard_input_and_going_on(
    folder: Path, prose: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything around the loop, which learns nothing here; tests/test_run.py has one that does."""

    def train_step(state: TrainState, batch: Any) -> tuple[TrainState, Metrics]:
        del batch
        return state._replace(step=state.step + 1), Metrics(2.0, 1, 1.0)

    monkeypatch.setattr("seqgen.training.loop.train_step_of", lambda *rest: train_step)
    monkeypatch.setattr("seqgen.training.loop.evaluate", lambda *rest: 2.25)
    out = prose.parent / "runs of mine" / "tuned"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PROSE.encode())))
    assert main(["text", "train", "-", "--from", str(folder), "--out", str(out), "--steps", "1"]) == 0
    first, second, *page = told()[0].splitlines()
    assert re.fullmatch(
        r"seqgen: step 1 of 1, best validation 2\.2500 nats/char \(counting chars alone: 2\.\d+, up to \d together: \d\.\d+\)",
        first,
    )
    assert second.endswith(f"go on with: seqgen text sample --model '{out}'")
    assert str(out / "model") in second and str(out / "curve.svg") in second
    assert len("\n".join(page)) == 300
    before = contents(out)
    check_refused(
        told, ["text", "train", "--resume", out], 2, r".*tuned does not know where its data is; give it again"
    )
    assert main(["text", "train", "--resume", str(out), str(prose)]) == 0
    assert contents(out) == before and told()[0].startswith("seqgen: step 1 of 1")


def test_ten_million_characters_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("All work and no play makes Jack a dull boy. " * 240_000, encoding="utf-8")
    began = time.process_time()
    splits = read(str(tmp_path / "long.txt"))
    codec = Characters.fit(splits.train)
    steps = codec.encode(splits.train[0]).steps
    assert len(steps) + len(splits.valid[0]) == 44 * 240_000
    assert codec.decode(steps[:44]) == "All work and no play makes Jack a dull boy. "
    assert time.process_time() - began < 15


# The rest


def test_info_tells_what_a_model_is(folder: Path, told: Told) -> None:
    assert main(["info", str(folder)]) == 0
    out, err = told()
    lines = out.splitlines()
    assert err == "" and lines[0].startswith("prose: a model of text, 0.0 MB in ")
    count = sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(lambda: MODEL.init(jax.random.key(0)))))
    assert lines[1] == f"  network   1 x 12 LSTM, {count:,} parameters, reads {CODEC.spec}"
    assert "  valid     4.5" in lines and "  size      tiny" in lines
    assert main(["info"]) == 0
    assert "shakespeare: a model of text" in told()[0]


def test_info_tells_settings_in_words() -> None:
    said = _told(
        {"data": {"name": "mix", "field": "", "n": 3, "valid": 2.8557941122401145}, "drums": None, "yes": True}
    )
    assert said == "data name mix, n 3, valid 2.85579, yes true"


def test_the_notes_of_a_stranger_do_not_reach_the_terminal(folder: Path, tmp_path: Path, told: Told) -> None:
    model = Path(shutil.copytree(folder, tmp_path / "model"))
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config["training"] = {"size": "\x1b[2Jtiny\nanother line", "\x1b]0;title\x07": 1}
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    storage._seal(model)
    assert main(["info", str(model)]) == 0
    out = told()[0]
    assert "\x1b" not in out and "\x07" not in out and len(out.splitlines()) == 5


def test_a_broken_package_of_somebody_costs_one_line(monkeypatch: pytest.MonkeyPatch, told: Told, folder: Path) -> None:
    command = registry.command

    def broken(name: str) -> Any:
        if name == "chess":
            raise SeqgenError("the command 'chess' of pawns 1.0 does not import: uninstall it")
        return command(name)

    monkeypatch.setattr(registry, "commands", lambda: ("chess", "text"))
    monkeypatch.setattr(registry, "command", broken)
    assert main(["info", str(folder)]) == 0
    assert told()[1] == "seqgen: the command 'chess' of pawns 1.0 does not import: uninstall it\n"


def test_outputs_that_end_early_or_are_full(folder: Path) -> None:
    """In processes of their own: what Python does at exit is part of it."""
    arguments = ["text", "sample", "--length", "3000", "--seed", "1", "--model", str(folder)]
    sample = [sys.executable, "-m", "seqgen.shell.cli", *arguments]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    started: list[tuple[subprocess.Popen[bytes], int, bytes]] = []

    def start(stdout: Any, code: int, message: bytes) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(sample, cwd=ROOT, env=buffered, stdout=stdout, stderr=subprocess.PIPE)
        started.append((process, code, message))
        return process

    piped = start(subprocess.PIPE, 0, b"")  # `seqgen ... | head -c 10`
    if os.path.exists("/dev/full"):
        with open("/dev/full", "wb") as full:
            start(full, 1, b"seqgen: error: output: No space left on device; make room or name another place\n")
    assert piped.stdout is not None and len(piped.stdout.read(10)) == 10
    piped.stdout.close()
    for process, code, message in started:
        assert process.stderr is not None
        assert (process.stderr.read(), process.wait()) == (message, code)
        process.stderr.close()


def test_ctrl_c_is_one_line(folder: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*rest: Any, **settings: Any) -> Iterator[list[str]]:
        yield ["ab"]
        raise KeyboardInterrupt

    monkeypatch.setattr(text.TextModel, "stream", interrupted)
    assert main(["text", "sample", "--model", str(folder), "--seed", "1"]) == 130
    assert told() == ("ab", "seqgen: stopped\n")


def test_no_standard_output_is_no_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as after `>&-`, and under pythonw
    assert main(["text", "sample", "--model", str(folder), "--length", "5", "--seed", "1"]) == 0


def test_the_demo_writes_a_page(folder: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    load = text.load
    monkeypatch.setattr(registry, "commands", lambda: ("text",))
    monkeypatch.setattr("seqgen.domains.text.api.load", lambda: load(folder))
    assert main(["demo", "--out", str(tmp_path / "demo"), "--seed", "1"]) == 0
    out, err = told()
    assert (tmp_path / "demo" / "text.txt").read_text(encoding="utf-8") == out and len(out) == 1501
    assert err.splitlines() == [f"seqgen: wrote {tmp_path / 'demo' / name}" for name in ("text.txt", "index.html")]

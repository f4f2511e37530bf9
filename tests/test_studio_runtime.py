"""The page's own runtime in JavaScript against Python's: what the models say, and what a seed draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studio_laws import SAYINGS, STEPS
from studio_page import a_writer, ask, own_models, shipped

from seqgen.domains import handwriting, music, text
from seqgen.domains.handwriting import marks
from seqgen.domains.handwriting.leaning import leans
from seqgen.domains.music.grid import key_number, numbered_key

pytestmark = [pytest.mark.node, pytest.mark.optimised]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that were made for these tests."""
    return own_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def choir(own: Path) -> Path:
    return own / "choir"


WILD = 0.85  # temperature at which the songs of these seeds have symbols of all kinds
USUAL = {"temperature": text.TEMPERATURE, "minP": text.MIN_P}


@pytest.mark.parametrize("name", SAYINGS)
def test_a_model_says_what_it_says_in_python(name: str, own: Path) -> None:
    """With the module in WebAssembly, and without it."""
    law = SAYINGS[name](own)
    for simple in (False, True):
        law.check(ask("read", law.folder, **law.asked, simple=simple))


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.8}, {"temperature": 1.2, "top_p": 0.9}, {"top_k": 5, "temperature": 1.0}, {"temperature": 0.0}],
)
def test_a_seed_writes_the_text_that_it_writes_on_the_command_line(options: dict[str, Any]) -> None:
    wanted = text.load().sample("ROMEO:", length=STEPS, seed=7, **options).removeprefix("ROMEO:")
    words = {"temperature": "temperature", "top_p": "topP", "top_k": "topK"}
    asked = {"minP": text.MIN_P, **{words[name]: value for name, value in options.items()}}
    folder = shipped("text", "shakespeare")
    assert ask("text", folder, prompt="ROMEO:", length=STEPS, seed=7, options=asked) == wanted


def test_nothing_comes_twice_where_it_does_not_in_python() -> None:
    model, folder = text.load(), shipped("text", "shakespeare")
    free, wanted = (
        model.sample("ROMEO:", length=STEPS, seed=0, temperature=0.0, **limits).removeprefix("ROMEO:")
        for limits in ({}, {"max_repeat": 12})
    )
    found = ask("grown", folder, prompt="ROMEO:", length=STEPS, longest=12, options={"temperature": 0})
    assert found == wanted != free


@pytest.mark.parametrize("penalties", [{"repetition": 1.3}, {"presence": 0.7}, {"frequency": 0.1, "presence": 0.2}])
def test_penalties_write_what_they_write_in_python(penalties: dict[str, float]) -> None:
    wanted = text.load().sample("ROMEO:", length=STEPS, seed=4, **penalties).removeprefix("ROMEO:")
    found = ask(
        "grown", shipped("text", "shakespeare"), prompt="ROMEO:", length=STEPS, seed=4, options=USUAL | penalties
    )
    assert found == wanted != text.load().sample("ROMEO:", length=STEPS, seed=4).removeprefix("ROMEO:")


@pytest.mark.parametrize("mixed", [{"loud": 1}, {"calm": 0.7, "loud": 0.3}])
def test_a_seed_writes_a_document_of_a_label_as_on_the_command_line(mixed: dict[str, float], own: Path) -> None:
    label = ",".join(f"{name}:{weight}" for name, weight in mixed.items())
    wanted = text.load(own / "letters").sample(length=STEPS, seed=2, label=label)
    found = ask("text", own / "letters", prompt="", length=STEPS, seed=2, mixed=mixed, options=USUAL)
    assert 10 < len(wanted) < STEPS and found == f"{wanted}\n\n"  # it ends by itself


def test_a_head_that_is_told_the_label_writes_the_same(tmp_path: Path) -> None:
    folder = a_writer(tmp_path / "told", told=True)
    wanted = text.load(folder).sample(length=STEPS, seed=7, label="calm:0.7,loud:0.3")
    found = ask("text", folder, prompt="", length=STEPS, seed=7, mixed={"calm": 0.7, "loud": 0.3}, options=USUAL)
    assert 10 < len(wanted) < STEPS and found == f"{wanted}\n\n"


def test_after_its_end_a_text_begins_anew_from_kept_states_and_from_none(own: Path) -> None:
    told = ask("after", own / "letters", seed=2, mixed={"calm": 1}, count=3)
    assert told["ends"] == 3 and told["first"] == told["second"] and told["drawn"] == told["again"]


def test_a_branch_is_as_surprising_as_its_text_is_in_python() -> None:
    told = ask("branch", shipped("text", "shakespeare"), prompt="JULIET:\nÉ", length=60, seed=3)
    wanted = text.load().log_probs(told["text"])
    nats = np.array(told["nats"])
    assert len(told["text"]) == len(nats) - 1  # É is two bytes, and one character
    at = told["text"].index("É")
    nats = np.concatenate([nats[:at], [nats[at : at + 2].sum()], nats[at + 2 :]])
    assert np.abs(nats + wanted).max() <= 1e-3
    known = [(n, odds) for n, odds in zip(told["nats"], told["odds"], strict=True) if odds is not None]
    assert len(known) > 60 and np.allclose([np.exp(-n) for n, _ in known], [odds for _, odds in known])
    assert told["same"] and (told["ends"], told["left"]) == (2, 1)
    assert told["forChoice"] == 0 and told["prompted"]
    assert told["kept"] <= len(nats) / 16 + 2  # the others are computed again


@pytest.mark.parametrize(
    ("hands", "words"),
    [
        ({"oak": 0.6, "birch": 0.4}, "A line, and then another one that is longer than forty characters."),
        ({"birch": 0.5, "oak": 0.5}, "Pay $4.99 to JANE: mixed hands do not lean, whatever they write."),
        ({"oak": 1}, "Pay $4.99 to JANE, (or else $12): where a hand leans on another, and where not?"),
        ({"elm": 1}, 'A-4, "Zoe K." PO-7: it is one who wrote no capital, and no figure.'),
    ],
)
def test_a_seed_writes_the_line_that_it_writes_in_python(hands: dict[str, float], words: str) -> None:
    """Within 0.05 x-heights: points are rounded to 0.005, and a mean that rounding moves over the edge moves one step."""
    model = handwriting.load()
    hand = ",".join(f"{name}:{share}" for name, share in hands.items()) if len(hands) > 1 else next(iter(hands))
    wanted = model.write(words, hand=hand, seed=11)
    found = ask("write", shipped("handwriting", "hands"), text=words, hand=hands, seed=11, bias=1.0)
    assert len(wanted) == len(found) == 2
    for ink, line in zip(wanted, found, strict=True):
        points = np.array(line)
        assert len(points) == ink.points
        ends = np.cumsum([len(stroke) for stroke in ink.strokes])[:-1] - 1
        assert np.flatnonzero(points[:-1, 2]).tolist() == ends.tolist()
        assert np.abs(points[:, :2] - np.concatenate(ink.strokes)).max() <= 0.05


def test_the_same_characters_lean_as_in_python() -> None:
    texts = ["Dear Ann, it's late.", "To Zoe, 5 cm", "PARIS (now) or a@b.org", "'Well-to-do', Mc X 2nd", " 5  Z", ""]
    found = ask("leans", shipped("handwriting", "hands"), texts=texts, weak="Z5,")
    assert found == [leans(words, "Z5,") for words in texts]


@pytest.mark.parametrize(
    "words",
    [
        "a@b.de & 5% of it: 1+2=3",
        "Über “Zoë” \u2013 5 €…",
        "#1 [x] {y} <z>",
        "fiancé, naïve, ł and ß",
        "a ~ ^ * _ | ` \\",
    ],
)
def test_signs_are_composed_as_they_are_in_python(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for how a mark differs a little by the seed, which is drawn from other numbers there."""
    monkeypatch.setattr(marks, "_JITTER", 0.0)
    model = handwriting.load()
    assert set(words) - set(model.codec.learned)
    (wanted,) = model.write(words, hand="oak", seed=3)
    (line,) = ask("write", shipped("handwriting", "hands"), text=words, hand={"oak": 1}, seed=3, bias=1.0)
    points = np.array(line)
    ends = np.cumsum([len(stroke) for stroke in wanted.strokes])[:-1] - 1
    assert np.flatnonzero(points[:-1, 2]).tolist() == ends.tolist()
    apart = np.abs(points[:, :2] - np.concatenate(wanted.strokes)).max(axis=1)
    assert apart.max() <= 0.35


@pytest.mark.parametrize(("name", "over"), [("chorales", (4, 4)), ("chorales", (6, 8)), ("bach", (4, 4))])
def test_a_seed_makes_the_piece_that_it_makes_in_python(name: str, over: tuple[int, int], tmp_path: Path) -> None:
    meter = music.Meter(0.0, *over)
    wanted = music.load(name).sample(bars=3, seed=5, meter=meter)
    file = tmp_path / "piece.mid"
    asked = {
        "meter": over,
        "bars": 3,
        "seed": 5,
        "bpm": 100,
        "temperature": music.TEMPERATURE,
        "minP": music.MIN_P,
        "out": str(file),
    }
    ask("compose", shipped("music", name), **asked)
    found = music.read_midi(file)
    assert [(n.pitch, n.part) for n in found.notes] == [(n.pitch, n.part) for n in wanted.notes]
    for one, other in zip(found.notes, wanted.notes, strict=True):
        assert (one.onset, one.duration) == pytest.approx((other.onset, other.duration), abs=1e-3)
    assert found.meters[0][1:] == over and found.tempos[0].bpm == pytest.approx(100)


@pytest.mark.parametrize(("leading", "end"), [("soft", "free"), ("strict", "free"), ("soft", "tonic")])
def test_a_piece_with_rules_and_an_end_is_that_of_python(leading: str, end: str, tmp_path: Path) -> None:
    file, key = tmp_path / "piece.mid", music.Key(0.0, 0)
    wanted = music.load("bach").sample(bars=2, seed=5, key=key, voice_leading=leading, end=end)
    asked = {
        "meter": (4, 4),
        "bars": 2,
        "seed": 5,
        "bpm": 100,
        "temperature": music.TEMPERATURE,
        "minP": music.MIN_P,
        "out": str(file),
    }
    ask("compose", shipped("music", "bach"), key=0, leading=leading, tries=8 if end == "tonic" else 1, **asked)
    found = music.read_midi(file)
    assert [(n.pitch, n.part) for n in found.notes] == [(n.pitch, n.part) for n in wanted.notes]


@pytest.mark.parametrize("dense", [1, 6])
def test_the_shipped_recogniser_reads_what_it_reads_in_python(dense: int) -> None:
    """Ink as sparse as a model writes it, and as dense as a pen gives it, in pixels."""
    written = handwriting.load().write("The quick brown 42: jumps!", seed=4)[0]
    strokes = [np.repeat(stroke, dense, axis=0) * 31 + 200 for stroke in written.strokes]
    if dense > 1:  # along the straight pieces from point to point
        strokes = [
            np.stack(
                [np.interp(np.arange(dense * (len(s) - 1) + 1) / dense, np.arange(len(s)), s[:, i]) for i in (0, 1)], 1
            )
            for s in (stroke[::dense] for stroke in strokes)
        ]
    (ink,) = handwriting.in_x_heights([handwriting.Ink(strokes)])
    reader = handwriting.load_reader()
    found = ask("recognise", shipped("handwriting", "recogniser"), strokes=[stroke.tolist() for stroke in strokes])
    assert [len(stroke) for stroke in found["dense"]] == [len(stroke) for stroke in ink.strokes]
    assert np.abs(np.concatenate(found["dense"]) - np.concatenate(ink.strokes)).max() <= 1e-9
    seen, pens = reader.codec.encode(ink).steps
    assert [pen for _, pen in found["steps"]] == pens.tolist()
    assert np.abs(np.array([values for values, _ in found["steps"]]) - seen).max() <= 1e-5
    wanted = reader.model.log_probs(reader.params, (seen, pens))
    assert np.abs(np.array(found["logProbs"]) - wanted).max() <= 1e-4
    transcript = reader.read(ink)
    assert found["text"] == transcript.text
    assert [other["text"] for other in found["others"][1:6]] == [other for other, _ in transcript.alternatives]
    odds = [other["odds"] for other in found["others"][:6]]
    nats = [transcript.log_prob, *(own for _, own in transcript.alternatives)]
    assert np.log(odds) - np.log(odds[0]) == pytest.approx(np.array(nats) - nats[0], abs=1e-3)
    spans = [(letter["letter"], letter["first"], letter["last"]) for letter in found["letters"]]
    assert spans == [one[:3] for one in transcript.characters]
    assert all(
        letter["likely"][0]["letter"] == letter["letter"]
        for letter in found["letters"]
        if letter["likely"][0]["odds"] > 0.6
    )


@pytest.mark.parametrize("key", [None, 21])
def test_a_model_that_knows_keys_makes_the_piece_that_it_makes_in_python(
    choir: Path, key: int | None, tmp_path: Path
) -> None:
    meter, file = music.Meter(0.0, 3, 4), tmp_path / "piece.mid"
    named = None if key is None else numbered_key(key)
    wanted = music.load(choir).sample(bars=7, seed=5, meter=meter, key=named)
    asked = {
        "meter": (3, 4),
        "bars": 7,
        "seed": 5,
        "bpm": 100,
        "temperature": music.TEMPERATURE,
        "minP": music.MIN_P,
        "out": str(file),
    }
    told = ask("compose", choir, key=key, **asked)
    found = music.read_midi(file)
    assert [(n.pitch, n.part) for n in found.notes] == [(n.pitch, n.part) for n in wanted.notes]
    assert told["key"] == key_number(wanted.keys[0])


@pytest.mark.parametrize(
    ("told", "bars"),
    [({}, 9), ({"meter": (6, 8), "key": 8}, 2), ({"bpm": 152}, 3), ({"meter": (3, 4), "key": 23, "bpm": 60}, 12)],
)
@pytest.mark.parametrize("seed", [5, 8])
def test_a_seed_makes_the_song_that_it_makes_in_python(
    own: Path, told: dict[str, Any], bars: int, seed: int, tmp_path: Path
) -> None:
    """Notes of several parts as they are, with tempos, meters and keys once they were read from a file."""
    meter, key = told.get("meter"), told.get("key")
    wanted = music.load(own / "ballads").sample(
        bars=bars,
        seed=seed,
        meter=meter and music.Meter(0.0, *meter),
        key=None if key is None else numbered_key(key),
        tempo=told.get("bpm"),
        temperature=WILD,
        min_p=0.0,
    )
    file = tmp_path / "song.mid"
    piece = ask(
        "compose",
        own / "ballads",
        **told,
        bars=bars,
        seed=seed,
        temperature=WILD,
        minP=0,
        out=str(file),
    )
    step = 15 / piece["tempos"][0][1]
    made = [
        [
            step * n["start"],
            step * (n["end"] - n["start"]),
            *(n[name] for name in ("pitch", "velocity", "program", "part")),
        ]
        for n in piece["notes"]
    ]
    like = [[n.onset, n.duration, n.pitch, n.velocity, n.program, n.part] for n in wanted.notes]
    assert len(made) == len(like) > 5 and len({note[-1] for note in made}) > 2
    assert np.abs(np.array(sorted(made, key=rounded)) - np.array(sorted(like, key=rounded))).max() < 1e-9
    assert piece["key"] == (key_number(wanted.keys[0]) if wanted.keys else None)
    read = music.read_midi(file)
    heard = [
        Counter((round(n.onset, 2), n.pitch, n.program, n.velocity) for n in score.notes) for score in (read, wanted)
    ]
    assert heard[0] == heard[1]
    for name in ("tempos", "meters", "keys"):
        turns = getattr(read, name), getattr(wanted, name)
        assert [turn.time for turn in turns[0]] == pytest.approx([turn.time for turn in turns[1]], abs=2e-3), name
        if name == "tempos":
            assert [turn.bpm for turn in turns[0]] == pytest.approx([turn.bpm for turn in turns[1]], abs=1e-3)
        else:
            assert [turn[1:] for turn in turns[0]] == [turn[1:] for turn in turns[1]]


@pytest.mark.parametrize(("told", "seed"), [({}, 5), ({"meter": (6, 8), "key": 23, "bpm": 60}, 8)])
def test_a_song_is_the_score_that_python_writes(told: dict[str, Any], seed: int, tmp_path: Path) -> None:
    file, other = tmp_path / "song.mid", tmp_path / "song.musicxml"
    ask("compose", shipped("music", "songs"), **told, bars=6, seed=seed, temperature=WILD, minP=0, out=str(file))
    music.write_musicxml(music.read_midi(file), other)
    found, wanted = (music.read_musicxml(path) for path in (f"{file}.musicxml", other))
    heard = [
        sorted(
            (round(48 * score.beat_at(n.onset)), round(48 * score.beat_at(n.end)), *n[1:2], *n[3:]) for n in score.notes
        )
        for score in (found, wanted)
    ]
    assert heard[0] == heard[1] and len({n.part for n in found.notes}) > 1
    assert found.meters == wanted.meters and [round(t.bpm, 3) for t in wanted.tempos] == [t.bpm for t in found.tempos]


def rounded(note: list[Any]) -> list[Any]:
    return [round(note[0], 6), *note[2:], round(note[1], 6)]


@pytest.mark.parametrize(
    ("name", "leading"), [("chorales", "off"), ("chorales", "soft"), ("chorales", "strict"), ("bach", "soft")]
)
def test_a_tune_is_harmonised_as_it_is_in_python(name: str, leading: str) -> None:
    """With the rules of voice leading and, but for the first, an end on the tonic; in its key, where the model knows keys."""
    pitches = [67, 67, 69, 71, 72, 71, 69, 67]
    notes = [music.Note(0.6 * beat, pitch, 0.6) for beat, pitch in enumerate(pitches)]
    tune = music.Score(notes, tempos=[music.Tempo(0.0, 100.0)], meters=[music.Meter(0.0, 4, 4)])
    model = music.load(name)
    end = "free" if leading == "off" else "tonic"
    wanted = model.harmonise(tune, particles=6, voice_leading=leading, end=end, seed=3)[0].score
    cells = [symbol for pitch in pitches for symbol in (pitch, *[pitch + 128] * 3)]
    folder = shipped("music", name)
    spans = [{"start": 4 * at, "end": 4 * at + 4, "pitch": pitch} for at, pitch in enumerate(pitches)]
    asked = {"meter": (4, 4), "bars": 2, "tune": cells, "seed": 3, "particles": 6, "temperature": music.TEMPERATURE}
    found = ask("harmonise", folder, leading=leading, notes=spans, tonic=end == "tonic", **asked)
    assert model.codec.decode(np.array(found)).notes and len(found) >= 2 * (4 * 16 + 4)
    assert _sung(model.codec.decode(np.array(found))) == _sung(wanted)


@pytest.mark.parametrize(("name", "voices", "bars"), [("bach", (1,), (2, 2)), ("chorales", (0, 1, 3), (2, 3))])
def test_voices_are_written_anew_as_they_are_in_python(
    name: str, voices: tuple[int, ...], bars: tuple[int, int]
) -> None:
    model = music.load(name)
    piece = model.sample(bars=3, seed=5, meter=music.Meter(0.0, 4, 4))
    names = [("soprano", "alto", "tenor", "bass")[voice] for voice in voices]
    (wanted,) = model.inpaint(piece, bars=bars, voices=names, particles=4, seed=3)
    asked = {"temperature": music.TEMPERATURE, "minP": music.MIN_P, "particles": 4, "seeds": [5, 3]}
    found = ask("anew", shipped("music", name), bars=3, voices=voices, anew=bars, **asked)
    cells = [sorted((n["start"], n["part"], n["pitch"]) for n in found[when]["notes"]) for when in ("before", "after")]
    assert cells[0] == _sung(piece) and cells[1] == _sung(wanted.score) != cells[0]


def _sung(score: music.Score) -> list[tuple[int, int, int]]:
    return sorted((round(note.onset / 0.15), note.part, note.pitch) for note in score.notes)


@pytest.mark.parametrize("pitches", [range(60, 72), (67, 71, 74, 66, 67), (62, 65, 69, 61, 62)])
def test_a_tune_is_in_the_key_that_python_says(pitches: Sequence[int]) -> None:
    wanted = music.key_of(music.Score([music.Note(0.5 * at, pitch, 0.5) for at, pitch in enumerate(pitches)]))
    notes = [{"start": at, "end": at + 1, "pitch": pitch} for at, pitch in enumerate(pitches)]
    assert ask("key", shipped("music", "bach"), notes=notes, ends=False) == key_number(wanted)


def test_a_word_of_a_training_is_no_other_that_the_page_says() -> None:
    words = [("unit", "step"), ("unit", "byte"), ("domain", "translate"), ("domain", "odds"), ("size", "small")]
    found = ask("named", shipped("music", "bach"), all=words)
    assert found == ["step", "byte", "translation", "odds", "small"]

"""`seqgen handwriting`, as typed: what it writes and says, and one line for everything that can be wrong."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import jax
import numpy as np
import pytest
from handwriting_models import save_prediction, save_random
from ink_files import write_iam_folder

from seqgen.domains import handwriting
from seqgen.domains.handwriting import Ink, read_ink
from seqgen.domains.handwriting.formats.ink_json import write_ink_json
from seqgen.shell.cli import main

Told = Callable[[], tuple[str, str]]
FORMS = {"a01-000u": ["some words", "and more", "then", "no more words"], "b02-101": ["last", "more"]}


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: tuple(capsys.readouterr())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """iam/ in IAM-OnDB's layout, ink.json with the same lines, the models pen/ and prediction/."""
    folder = tmp_path_factory.mktemp("made")
    write_iam_folder(folder / "iam", FORMS)
    write_ink_json(read_ink(folder / "iam"), folder / "ink.json")
    save_random(folder / "pen")
    save_prediction(folder / "prediction")
    return folder


@pytest.fixture(scope="module")
def prime(made: Path) -> Path:
    x = np.linspace(0, 30, 12)
    write_ink_json([Ink([np.stack([x, 5 * np.sin(x / 3)], axis=1)], None, "ab", "flat")], made / "prime.json")
    return made / "prime.json"


def typed(*arguments: Any) -> int:
    return main(["handwriting", *map(str, arguments)])


def check_refused(told: Told, arguments: list[Any], code: int, message: str) -> None:
    """One line on standard error and not a word on standard output."""
    assert typed(*arguments) == code
    out, err = told()
    assert out == ""
    assert re.fullmatch(rf"seqgen: error: {message}\n", err), err


def test_train_resume_and_write_on_a_file_and_on_iam(made: Path, tmp_path: Path, told: Told) -> None:
    run = tmp_path / "run"
    settings = ["--size", "tiny", "--steps", 2]
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert typed("train", made / "ink.json", "--out", run, *settings) == 0
        said, warned = told()
        assert re.search(r"^seqgen: step 2 of 2, best validation -?\d+\.\d{4} nats/point$", said, re.MULTILINE)
        assert "write TEXT" in said
        assert "6 of 6 lines are used" in warned
        assert typed("train", made / "iam", "--out", tmp_path / "iam", *settings) == 0
        assert "6 of 6 lines are used" in told()[1]
        assert typed("train", "--resume", tmp_path / "iam", "--steps", 3) == 0
        assert "step 3 of 3" in told()[0]
    model = handwriting.load(run)
    assert model.codec == handwriting.load(tmp_path / "iam").codec  # the same ink
    assert set("some words") <= set(model.codec.alphabet)
    assert typed("write", "some", "--model", run, "--seed", 1, "--out", tmp_path / "a.svg") == 0
    assert told()[0] == f"seqgen: wrote {tmp_path / 'a.svg'}\n"


def test_score_tells_of_every_line_and_of_all(made: Path, told: Told) -> None:
    assert typed("score", "--model", made / "pen", made / "ink.json") == 0
    said, _ = told()
    each = r"-?[\d.]+ nats/point  -?[\d.]+ nats/line  \(\d+ points\)  .*ink\.json\[\d\]\n"
    assert re.fullmatch(rf"({each}){{6}}-?[\d.]+ nats/point  -?[\d.]+ nats/line  all 6 lines\n", said), said


def test_write_makes_svg_png_and_ink(made: Path, tmp_path: Path, told: Told) -> None:
    page = tmp_path / "page.txt"
    page.write_text("some words\n\nand more words. and again some\n", encoding="utf-8")
    for name in ("a.svg", "a.PNG", "a.json", "b.svg"):
        out = tmp_path / name
        assert typed("write", "--file", page, "--model", made / "pen", "--seed", 3, "--out", out) == 0
        assert told() == (f"seqgen: wrote {out}\n", "")
    lines = read_ink(tmp_path / "a.json")
    assert [ink.text for ink in lines] == ["some words", "and more words. and again some"]
    picture = (tmp_path / "a.svg").read_text(encoding="utf-8")
    fromstring(picture)
    assert picture.count("<path") == sum(len(ink.strokes) for ink in lines)
    assert (tmp_path / "a.PNG").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "b.svg").read_text(encoding="utf-8") == picture  # the same seed


def test_write_obeys_its_options(made: Path, prime: Path, tmp_path: Path, told: Told) -> None:
    def written(*options: Any) -> str:
        out = tmp_path / "x.svg"
        assert typed("write", "ab", "--model", made / "pen", "--out", out, "--seed", 1, *options) == 0
        told()
        return out.read_text(encoding="utf-8")

    plain = written()
    assert 'stroke="#000000"' in plain and 'stroke-width="6"' in plain and "background:#ffffff" in plain
    colored = written("--color", "navy", "--background", "none", "--pen", 0.5)
    assert 'stroke="#000080"' in colored and 'stroke-width="10"' in colored and "background" not in colored
    different = [["--hand", "flat"], ["--bias", 0], ["--x-height", 8], ["--prime", prime]]
    assert len({plain, *(written(*options) for options in different)}) == 5
    assert written("--prime", prime, "--prime-text", "xy") != written("--prime", prime)


def test_characters_pasted_from_anywhere_are_composed_or_written_otherwise_and_named(
    made: Path, tmp_path: Path, told: Told
) -> None:
    def written(*options: str) -> tuple[str, str]:
        text, out = "caf\u00e9 nai\u0308ve\u2026\u00a0\ufb01n", tmp_path / "a.json"
        assert typed("write", text, "--model", made / "pen", "--seed", 1, "--out", out, *options) == 0
        return told()[1], read_ink(out)[0].text or ""

    said = "seqgen: written otherwise: {}\ufb01 as 'fi' (--unknown error refuses them)\n"
    assert written() == (said.format(""), "caf\u00e9 na\u00efve\u2026 fin")
    others = "\u00e9 as 'e', \u00ef as 'i', \u2026 as '...', "
    assert written("--unknown", "replace") == (said.format(others), "cafe naive... fin")


def test_what_no_page_has_room_for_is_refused_before_it_is_written(
    made: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object, **__: object) -> None:
        raise AssertionError("wrote")

    monkeypatch.setattr(handwriting.HandwritingModel, "write", write)
    page = tmp_path / "page.txt"
    page.write_text("a text of forty-seven kilobytes\n".replace("-", " ") * 1_500, encoding="utf-8")
    for out, why in (
        (
            tmp_path / "a.svg",
            "1,500 lines need about a page of 0.134 x 21 m, above 20 m; draw fewer lines or smaller, or pages: paper a4",
        ),
        (tmp_path / "a.png", ".* above 20 m; .*"),
    ):
        check_refused(told, ["write", "--file", page, "--model", made / "pen", "--out", out], 2, why)
    page.write_text("a page of letters\n" * 600, encoding="utf-8")
    arguments = ["write", "--file", page, "--model", made / "pen", "--x-height", 6, "--out", tmp_path / "a.png"]
    check_refused(told, arguments, 2, "1120 x 126100 pixels are too many; .*")


def test_pages_of_paper_are_numbered_files_or_one_pdf(
    made: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("page.txt").write_text("some words to fill a card with\n\nand more\n" * 8, encoding="utf-8")
    options = [
        "--file",
        "page.txt",
        "--model",
        made / "pen",
        "--seed",
        3,
        "--paper",
        "100x60",
        "--margin",
        "8,5,5,9",
        "--x-height",
        1,
    ]
    assert typed("write", *options, "--out", "a.svg") == 0
    names = told()[0].splitlines()
    assert len(names) > 1 and names == [f"seqgen: wrote a-{number + 1}.svg" for number in range(len(names))]
    for name in names:
        root = fromstring(Path(name.split()[-1]).read_text(encoding="utf-8"))
        assert (root.get("width"), root.get("height")) == ("100mm", "60mm")
    assert typed("write", *options, "--rules", "ruled", "--align", "justified") == 0
    assert told()[0] == "seqgen: wrote writing.pdf\n"  # nothing that is there is written over
    assert Path("writing.pdf").read_bytes().count(b"/Type/Page/") == len(names)


def test_a_seed_that_was_not_given_is_told(
    made: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("writing.svg", "writing-2.svg"):  # nothing is written over
        assert typed("write", "ab", "--model", made / "pen") == 0
        said, warned = told()
        assert said == f"seqgen: wrote {name}\n"
    (seed,) = re.findall(r"^seqgen: --seed (\d+) makes the same again$", warned, re.MULTILINE)
    assert typed("write", "ab", "--model", made / "pen", "--seed", seed, "--out", "again.svg") == 0
    assert Path("again.svg").read_text(encoding="utf-8") == Path("writing-2.svg").read_text(encoding="utf-8")
    told()


def test_write_reads_standard_input(made: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ab\r\ncd\r\n")))
    assert typed("write", "--file", "-", "--model", made / "pen", "--seed", 3, "--out", tmp_path / "a.json") == 0
    assert [ink.text for ink in read_ink(tmp_path / "a.json")] == ["ab", "cd"]
    told()


def test_ten_thousand_characters_are_a_picture_and_ink_to_read_again(made: Path, tmp_path: Path, told: Told) -> None:
    page = tmp_path / "page.txt"
    page.write_text("some more words to write on this paper.\n" * 256, encoding="utf-8")
    for name in ("a.svg", "a.json"):
        assert typed("write", "--file", page, "--model", made / "pen", "--seed", 3, "--out", tmp_path / name) == 0
    assert len(read_ink(tmp_path / "a.json")) == 256
    told()


def test_continue_with_a_text_and_without(made: Path, prime: Path, tmp_path: Path, told: Told) -> None:
    out = tmp_path / "x.json"
    arguments = ["continue", prime, "--seed", 3, "--out", out]
    assert typed(*arguments, "--model", made / "pen", "--text", "cd") == 0
    said, _ = told()
    (ink,) = read_ink(out)
    given = int(re.findall(r"(\d+) points", said)[0])  # as a model takes them: the prime has few
    assert said == f"seqgen: wrote {out}: {given} points of the ink given, {ink.points - given} new\n"
    assert (ink.text, ink.hand) == ("ab cd", "flat")
    assert ink.x_height() == pytest.approx(1, abs=0.5)  # as the model takes it
    assert typed(*arguments, "--model", made / "prediction", "--points", 9) == 0
    (ink,) = read_ink(out)
    assert given < ink.points <= given + 9 and ink.text is None
    told()


def test_what_is_new_is_counted_from_what_the_model_took(made: Path, tmp_path: Path, told: Told) -> None:
    x = np.linspace(0, 30, 400)  # of a pen that is far denser than what a model learned
    write_ink_json([Ink([np.stack([x, 5 * np.sin(x / 3)], axis=1)], None, "ab", "flat")], tmp_path / "dense.json")
    model = handwriting.load("hands")
    given = model.codec.canonical(handwriting.in_x_heights(read_ink(tmp_path / "dense.json"))[0]).points
    assert typed("continue", tmp_path / "dense.json", "--text", "c", "--seed", 1, "--out", tmp_path / "a.json") == 0
    (ink,) = read_ink(tmp_path / "a.json")
    assert told()[0].endswith(f": {given} points of the ink given, {ink.points - given} new\n") and ink.points > given


def test_a_model_that_goes_on_from_ink_is_told_of_with_the_verb_that_does(
    made: Path, tmp_path: Path, told: Told
) -> None:
    train = ["train", made / "ink.json", "--network", "prediction", "--steps", 1, "--size", "tiny"]
    with jax.numpy_dtype_promotion("standard"):  # optax mixes integers and floats
        assert typed(*train, "--out", tmp_path / "run") == 0
    assert f"go on with: seqgen handwriting continue INK --model {tmp_path / 'run'}\n" in told()[0]


def test_inspect_tells_of_every_line_and_never_fails(made: Path, tmp_path: Path, told: Told) -> None:
    (tmp_path / "empty.json").touch()
    assert typed("inspect", made / "iam", tmp_path, tmp_path / "nowhere.xml") == 0
    said, _ = told()
    assert said.splitlines()[0].split()[:2] == ["line", "text"]
    assert re.search(r"some words +10001 +10 +40 .* yes$", said, re.MULTILINE)
    assert "no: it is empty" in said
    assert said.splitlines()[-1] == "6 of 6 lines would be used; 2 of the files cannot be read"


def ink_file(path: Path, strokes: str, text: str = '"ab"') -> Path:
    line = f'{{"text": {text}, "strokes": {strokes}}}'
    path.write_text(f'{{"format": "seqgen-ink", "version": 1, "lines": [{line}]}}', encoding="utf-8")
    return path


def bad_ink(folder: Path) -> list[tuple[Path, str]]:
    """Files that hold no ink to learn from, and why."""
    bomb = folder / "bomb.xml"
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 9))
    bomb.write_text(f'<!DOCTYPE ink [<!ENTITY e0 "ha">{entities}]><ink><trace>&e8;</trace></ink>', encoding="utf-8")
    deep, deeper = folder / "deep.xml", folder / "deeper.json"
    deep.write_text("<ink>" + "<a>" * 200_000, encoding="utf-8")
    deeper.write_text("[" * 200_000, encoding="utf-8")
    other = folder / "other.pdf"
    other.write_bytes(b"%PDF")
    return [
        (ink_file(folder / "point.json", "[[[1, 2]]]"), "only 1 point; 2 are needed"),
        (ink_file(folder / "nan.json", "[[[1, NaN], [2, 3]]]"), "it is not JSON: NaN is no number.*"),
        (ink_file(folder / "far.json", "[[[1, 1e999], [2, 3]]]"), ".*no numbers or lie beyond 1e.09"),
        (ink_file(folder / "blank.json", "[[], []]"), ".*a stroke that is no list of points.*"),
        (ink_file(folder / "none.json", "[]"), r".*has no strokes.*"),
        (bomb, ".*declares its own XML entities.*"),
        (deep, ".*nests XML deeper than.*|.*more than 200,000 tags.*"),
        (deeper, "it is not JSON.*"),
        (other, "it is a picture \\(PDF\\): a picture of paper has no pen movements.*"),
    ]


def test_ink_that_is_none_is_one_line(made: Path, tmp_path: Path, told: Told) -> None:
    out = tmp_path / "x.svg"
    for path, why in bad_ink(tmp_path):
        assert typed("train", path, "--out", tmp_path / "run", "--steps", 1) == 1
        said, warned = told()
        assert said == ""
        assert re.search(rf"^seqgen: error: no line of ink in \S+ can be used: ({why})$", warned, re.MULTILINE), warned
        assert typed("score", path, "--model", made / "pen") == 1
        assert re.fullmatch(
            rf"seqgen: 0 of (1 lines are used|0 lines are used; 1 file could not be read)\nnot used: \S+: ({why})\n",
            told()[1],
        )
        if path.name != "point.json":  # which can be gone on from
            for arguments in (["continue", path, "--text", "ab"], ["write", "ab", "--prime", path]):
                check_refused(told, [*arguments, "--model", made / "pen", "--out", out], 1, r".*\S+\.(json|xml|pdf).*")
    assert not (tmp_path / "run").exists() and not out.exists()


def test_one_bad_line_does_not_stop_the_others(made: Path, tmp_path: Path, told: Told) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    for path, _ in bad_ink(folder):
        assert path.exists()
    lines = read_ink(made / "ink.json")
    write_ink_json([lines[0], Ink(lines[1].strokes, text="Zut"), lines[2]], folder / "good.json")
    assert typed("score", folder, "--model", made / "pen") == 0
    said, warned = told()
    assert len(said.splitlines()) == 3
    assert (
        "2 of 4 lines are used; 7 files could not be read" in warned
        and "more; `seqgen handwriting inspect` lists them" in warned
    )
    assert len(warned.splitlines()) == 7


def test_bad_input_is_one_line(made: Path, prime: Path, tmp_path: Path, told: Told) -> None:
    pen, prediction, out = ["--model", made / "pen"], ["--model", made / "prediction"], tmp_path / "x.svg"
    silent = ink_file(tmp_path / "silent.json", "[[[1, 2], [2, 3], [3, 2]]]", "null")
    empty = tmp_path / "empty.txt"
    empty.touch()
    folder = tmp_path / "folder.svg"
    folder.mkdir()
    cases: list[tuple[list[Any], int, str]] = [
        (["train"], 2, "say what to learn from: .*"),
        (["train", made / "ink.json", "--network", "both"], 2, "no network named 'both' .*known: auto, .*"),
        (["train", "--resume", tmp_path, "--network", "auto"], 2, "--network is settled when a run begins.*"),
        (["train", tmp_path / "gone.json"], 2, "no file, folder or data set named .*"),
        (["write", *pen], 2, "say what to write: TEXT or --file, one of them"),
        (["write", "ab", "--file", empty, *pen], 2, "say what to write: .*"),
        (["write", "", *pen, "--out", out], 2, "there is nothing to write: give a text of one character or more"),
        (["write", " \n ", *pen, "--out", out], 2, "there is nothing to write: .*"),
        (["write", "--file", empty, *pen, "--out", out], 1, r".*empty\.txt is empty; .*"),
        (["write", "--file", tmp_path / "gone.txt", *pen, "--out", out], 1, r"cannot read .*gone\.txt: .*"),
        (["write", "--file", made / "pen" / "model.safetensors", *pen, "--out", out], 1, ".*model.safetensors is .*"),
        (["write", "Zoë", *pen, "--out", out, "--unknown", "error"], 2, "this model cannot write 'Zë'; it learned .*"),
        (["write", "a你", *pen, "--out", out], 2, "this model cannot write '你'; it learned .*: replace these"),
        (["write", "ab", *pen, "--out", out, "--unknown", "skip"], 2, "no way with unknown characters named 'skip'.*"),
        (["write", "7" * 10_000, *pen, "--out", out], 2, "this model cannot write '7'; .*"),
        (["write", "a" * 100_001, *pen, "--out", out], 2, "the text has 100,001 characters; give at most 100,000.*"),
        (["write", "ab", "--hand", "mine", *pen, "--out", out], 2, "no hand named 'mine' .*known: flat, round.*"),
        (["write", "ab", "--width", 0, *pen, "--out", out], 2, "lines cannot be 0 characters wide; .*"),
        (["write", "ab", "--bias", -1, *pen, "--out", out], 2, "bias is -1.0; give 0 .*"),
        (["write", "ab", "--seed", -1, *pen, "--out", out], 2, "seed is -1; .*"),
        (["write", "ab", "--prime", silent, *pen, "--out", out], 2, "the ink to begin with has no text, .*"),
        (["write", "ab", "--prime-text", "ab", *pen, "--out", out], 2, "--prime-text is what the ink of --prime .*"),
        (
            ["write", "ab", "--out", tmp_path / "x.doc", *pen],
            2,
            r"ink is saved as \.svg, .*, not as 'x\.doc'; end the .*",
        ),
        (["write", "ab", "--paper", "a44", *pen], 2, "no paper named 'a44'; did you mean 'a4'.*"),
        (["write", "ab", "--margin", "1,2", *pen], 2, "--margin is '1,2'; give mm, one number or four: TOP,RIGHT.*"),
        (["write", "ab", "--paper", "a5", "--margin", 90, *pen], 2, "margins of .* mm leave no room on a5; .*"),
        (["write", "ab", "--align", "top", *pen], 2, "no align named 'top' .*known: centred, justified, .*"),
        (["write", "a" * 60, "--paper", "a5", *pen, "--out", out], 2, "the word 'a{40}' is about 192 mm wide, .*"),
        (["write", "ab", "--out", tmp_path / "no" / "x.svg", *pen, "--seed", 1], 2, "cannot write .*name another.*"),
        (["write", "ab", "--out", folder, *pen, "--seed", 1], 2, "cannot write .*: it is a folder; name a file"),
        (["write", "ab", "--color", "'/><script", *pen, "--out", out], 2, ".* is no color; give #rrggbb or one of .*"),
        (["write", "ab", "--pen", 0, *pen, "--out", out], 2, "the pen of a page is 0.0; give mm above 0.*"),
        (["write", "ab", "--x-height", "nan", *pen, "--out", out], 2, "the x_height of a page is nan; .*"),
        (["write", "ab", *prediction, "--out", out], 2, ".*prediction continues ink and cannot write a text; .*"),
        (["write", "ab", "--model", "no-hands", "--out", out], 2, "no model named 'no-hands'.*"),
        (["write", "ab", "--model", tmp_path, "--out", out], 1, ".*holds no model.*"),
        (["continue", prime, *pen, "--out", out], 2, ".*pen writes texts: say what comes next"),
        (["continue", silent, "--text", "ab", *pen, "--out", out], 2, "the ink to begin with has no text, .*"),
        (["continue", prime, "--text", "ab", *prediction, "--out", out], 2, ".*without knowing a text; leave the .*"),
        (["continue", prime, "--points", 0, *prediction, "--out", out], 2, "points is 0; give 1 to 100,000"),
        (["score", prime, "--model", "no-hands"], 2, "no model named 'no-hands'.*"),
    ]
    for arguments, code, message in cases:
        check_refused(told, arguments, code, message)
    assert not list(tmp_path.glob("x.*"))
    assert json.loads(prime.read_text(encoding="utf-8"))["lines"][0]["text"] == "ab"

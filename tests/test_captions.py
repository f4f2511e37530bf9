"""Pictures into words: their files, scenes of shapes, a small model that has learned, its verbs."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seqgen import Splits, registry
from seqgen.datasets import shapes
from seqgen.domains import pairs
from seqgen.domains.pairs import CAPTION, Pair, PairCodec, PairModel, Picture, read_captions, read_picture
from seqgen.domains.pairs.codec import match
from seqgen.domains.pairs.pictures.explaining import look
from seqgen.domains.pairs.pictures.pixels import Pixels
from seqgen.domains.pairs.pictures.reading import MOST_PIXELS
from seqgen.domains.pairs.pictures.varying import varied
from seqgen.errors import DataError, ModelError, UsageError
from seqgen.shell.cli import main

pytestmark = pytest.mark.usefixtures("mixed_numbers")

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 160, 0)
NAMES = {RED: "red", BLUE: "blue", GREEN: "green"}


def halves(left: tuple[int, ...], right: tuple[int, ...], seed: int) -> Pair:
    """A picture of two fields, not in the same place in any two."""
    pixels = np.full((16, 16, 3), 255, np.uint8)
    pixels[:, : 7 + seed % 3], pixels[:, 7 + seed % 3 :] = left, right
    return Pair(Picture.of(pixels), f"{NAMES[left]} beside {NAMES[right]}")


FIELDS = [halves(one, other, seed) for seed in range(3) for one in NAMES for other in NAMES]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> PairModel:
    """One that says which colour is left and which right."""
    folder = tmp_path_factory.mktemp("captions") / "run"
    data = Splits([*FIELDS], FIELDS[::4])
    how: Any = {"size": "tiny", "steps": 120, "rows": 9, "learning_rate": 1e-2}
    outcome = pairs.train(data, folder, domain=CAPTION, side=16, **how)
    return pairs.load(outcome.folder, CAPTION)


# Pictures


def saved(path: Path, mode: str = "RGB", size: tuple[int, int] = (30, 20), color: Any = "red", **how: Any) -> Path:
    Image.new(mode, size, color).save(path, **how)
    return path


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp"])
def test_a_picture_of_each_kind_is_read(ending: str, tmp_path: Path) -> None:
    picture = read_picture(saved(tmp_path / f"a.{ending}"))
    assert (picture.width, picture.height, picture.name) == (30, 20, f"a.{ending}")
    np.testing.assert_allclose(picture.pixels, np.broadcast_to([255, 0, 0], (20, 30, 3)), atol=3)


def test_what_is_transparent_is_white_and_an_animation_its_first_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for mode, color, seen in (
        ("RGBA", (9, 9, 9, 0), 255),
        ("LA", (0, 0), 255),
        ("RGBA", (0, 0, 0, 255), 0),
        ("L", 7, 7),
        ("1", 1, 255),
        ("I;16", 0x8001, 0x80),
    ):
        assert read_picture(saved(path, mode, color=color)).pixels[3, 3].tolist() == [seen] * 3, (mode, color)
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 0, 255, 0])
    palette.save(path, transparency=1)
    assert read_picture(path).pixels[0, 0].tolist() == [255] * 3
    others = [Image.new("RGB", (30, 20), color) for color in ("blue", "green")]
    moving = saved(tmp_path / "a.gif", save_all=True, append_images=others)
    assert read_picture(moving).pixels[0, 0].tolist() == [255, 0, 0]


def test_a_photograph_is_upright_and_made_small(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right
    picture = read_picture(saved(tmp_path / "a.jpg", size=(1200, 600), exif=exif))
    assert (picture.width, picture.height) == (256, 512)


def test_a_picture_is_fitted_with_its_aspect() -> None:
    wide = Picture.of(np.zeros((10, 40, 3), np.uint8)).fitted(32)
    assert (wide.width, wide.height) == (32, 32)
    dark = wide.pixels[..., 0] < 128
    assert dark[12:20].all() and dark.sum() == 8 * 32
    assert Picture.of(np.zeros((1, 60, 3), np.uint8)).fitted(16).pixels.min() == 0
    with pytest.raises(DataError, match=r"a picture is float64 \[2, 2\]; give uint8 \[height, width, 3\]"):
        Picture.of(np.zeros((2, 2)))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="a picture of 2 x 2 pixels came with 3 bytes; give 3 a pixel"):
        Picture(b"abc", 2, 2)


def png(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_what_is_no_picture_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"

    def refused(data: bytes, said: str) -> None:
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(DataError, match=said) as caught:
                read_picture(path)
        assert len(str(caught.value).splitlines()) == 1

    refused(b"", "is empty")
    refused(b"BM nothing", "is no picture that is known here; save it as PNG, JPEG, GIF or WebP")
    refused(png(60_000, 60_000), f"has more than {MOST_PIXELS:,} pixels; save it smaller")
    refused(png(10_000, 10_000), "has 10,000 x 10,000 pixels, more than 16,000,000 in all; save it smaller")
    refused(png(9_000, 10), "a line is no picture")
    refused(png(0, 10), "cannot be read as a picture")
    refused(png(100, 100, bytes(3000)), "cannot be read as a picture: image file is truncated")
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "JPEG")
    refused(whole.getvalue()[:-900], "cannot be read as a picture: image file is truncated")
    refused(b"\x89PNG\r\n\x1a\n" + bytes(100), "cannot be read as a picture")


def test_a_picture_is_varied_and_not_mirrored() -> None:
    pixels = np.full((48, 48, 3), 255, np.uint8)
    pixels[12:36, 10:24], pixels[12:36, 24:38] = RED, BLUE
    pair = Pair(Picture.of(pixels, "a.png"), "red beside blue")
    seen = [varied(pair, np.random.default_rng(seed)) for seed in range(40)]
    assert len({one.source for one in seen}) == 40 and {one.target for one in seen} == {pair.target}
    assert varied(pair, np.random.default_rng(3)) == seen[3]
    sizes, middles = [], []
    for one in seen:
        own = one.source.pixels.astype(int)  # type: ignore[union-attr]
        reddest, bluest = (np.argwhere(own[..., i] - own[..., 2 - i] > 60) for i in (0, 2))
        assert reddest[:, 1].mean() < bluest[:, 1].mean(), "left is left"
        assert own[0, 24].min() > 200, "paper stays white"
        inked = np.argwhere(own.min(axis=-1) < 200)
        sizes.append(len(inked))
        middles.append(inked.mean(axis=0))
    assert 0.5 < min(sizes) / 672 < 0.95 and 1.05 < max(sizes) / 672 < 2
    assert 1 < np.std(middles, axis=0).min() < 6
    lined = [one.source.pixels.max(axis=-1).min() < 40 for one in seen]  # type: ignore[union-attr]
    assert 0.2 < np.mean(lined) < 0.6, "some are drawn with black lines"
    for vary in (True, False):
        codec = PairCodec.fit(FIELDS, side=16, vary=vary)
        assert CAPTION.of(codec).augment is (varied if vary else None)
        assert CAPTION.sizes["tiny"].model(codec).network.encoder.whole == (64 if vary else 0)
        assert PairCodec.from_dict(codec.to_dict()) == codec


# Folders and lists


def test_a_picture_that_is_not_used_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("a.png", "alone.png", "empty.png", "more/b.webp"):
        saved(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    for name, text in (("a", "red\n\n all  red \n"), ("broken", "x"), ("empty", " \n"), ("lost", "x"), ("more/b", "b")):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    found, uses = read_captions(tmp_path, 16)
    assert [pair.target for pair in found] == ["red", "all red", "b"]
    assert [use.name for use in uses if use.used] == ["a.png", str(Path("more/b.webp"))]
    reasons = {use.name: use.reason for use in uses if not use.used}
    assert "there is no text to it; write its caption into alone.txt" in reasons["alone.png"]
    assert "cannot be read as a picture" in reasons["broken.jpg"] and "no text" in reasons["empty.png"]
    assert "there is no picture to it: none with one of the endings .png, .jpg" in reasons["lost.txt"]
    with pytest.raises(DataError, match=r"is no folder, and no list \.jsonl"):
        read_captions(tmp_path / "a.png", 16)


def test_a_list_leads_nowhere_but_into_its_folder(tmp_path: Path) -> None:
    inside = tmp_path / "list"
    inside.mkdir()
    saved(inside / "a.png")
    secret = saved(tmp_path / "secret.png")
    (inside / "link.png").symlink_to(secret)
    names: list[Any] = ["a.png", "../secret.png", str(secret), "link.png", "b.png", "a\0b", "x" * 5000, 3]
    rows = [{"image": name, "text": "red"} for name in names]
    rows += [{"image": "a.png", "text": ["one", "two"]}, {"image": "a.png", "text": 5}, {"text": "x"}]
    lines = [*map(json.dumps, rows), "{", "[" * 10_000, ""]
    (inside / "list.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found, uses = read_captions(inside / "list.jsonl", 16)
    assert [pair.target for pair in found] == ["red", "one", "two"]
    assert [use.used for use in uses] == [True] + [False] * 7 + [True] + [False] * 4
    assert "'../secret.png' is no file in the folder of the list; put the picture there" in uses[1].reason
    assert 'it is none of {"image": "NAME.png", "text": "..."}' in uses[-1].reason
    assert "its caption is no text" in uses[9].reason


# Shapes


def test_scenes_are_the_same_for_a_seed_and_without_end() -> None:
    parts = shapes.load(count=6)
    again = shapes.load(count=1_000_000)
    assert [*parts.train] == again.train[:6] and len({pair.source for pair in parts.train}) == 6
    assert shapes.load(count=1, seed=1).train[0] != parts.train[0]
    assert len({pair.source for pair in parts.valid}) == 200 and len({pair.source for pair in parts.test}) == 1000
    assert not {pair.source for pair in parts.valid} & {pair.source for pair in parts.test}
    with pytest.raises(UsageError, match="shapes got count=0"):
        shapes.load(count=0)


def test_several_captions_are_right_and_the_others_are_wrong() -> None:
    for seed in range(200):
        scene = shapes.scene(seed)
        assert len({*scene.captions}) == len(scene.captions) in (1, 2, 4)
        for caption in scene.captions:
            assert scene.means(caption) and scene.means(f" {caption} ")
        swapped = {"above": "below", "below": "above", "left": "right", "right": "left"}
        words = scene.captions[0].split()
        if len(scene.things) == 2:
            assert not scene.means(" ".join(swapped.get(word, word) for word in words))
        assert not scene.means(" ".join(words[:-1]))
        colors = {tuple(pixel) for pixel in scene.picture().pixels.reshape(-1, 3).tolist()}
        from seqgen.datasets.shapes.scenes import COLORS

        assert {COLORS[thing.color] for thing in scene.things} <= colors, "a shape is hidden"


def test_every_right_caption_of_the_test_part_is_a_reference() -> None:
    module = registry.dataset("shapes")
    scenes = module.Scenes("test", 0, 20, 32)
    wanted = [caption for i in range(20) for caption in scenes.scene(i).captions]
    assert [pair.target for pair in scenes.every()] == wanted


# A model that has learned


def test_it_says_what_it_sees(model: PairModel) -> None:
    made = model.write([pair.source for pair in FIELDS], beam=2)
    assert sum(one == pair.target for one, pair in zip(made, FIELDS, strict=True)) >= 25, made
    (best,) = model.write_n([FIELDS[1].source], n=3)
    assert len(best) == 3 and best[0].log_prob >= best[1].log_prob
    own = model.score([FIELDS[1]._replace(target=best[0].text)])
    assert own.nats == pytest.approx(-best[0].log_prob, rel=1e-3, abs=1e-3)
    seen = look(model, FIELDS[1].source, FIELDS[1].target)  # type: ignore[arg-type]
    assert seen.words == ("red", "beside", "blue", "·") and seen.weights.shape == (4, 2, 2)
    np.testing.assert_allclose(seen.weights.sum(axis=(1, 2)), 1, rtol=1e-5)


def test_what_cannot_be_read(model: PairModel) -> None:
    with pytest.raises(DataError, match="this model reads pictures, and the source is a text; give the other"):
        model.write(["red"])
    with pytest.raises(UsageError, match="there is nothing to copy from a picture"):
        model.write([FIELDS[0].source], copy=True)
    texts = PairCodec.fit([Pair("a", "b")] * 2)
    with pytest.raises(DataError, match="this model reads texts, and the source is a picture; give the other"):
        texts.encode(FIELDS[0])
    with pytest.raises(UsageError, match=r"pictures of 20 x 20 pixels; give 16, 32, ... up to 512"):
        PairCodec.fit(FIELDS, side=20)
    with pytest.raises(ModelError, match="the codec asks for pictures of 17 x 17 pixels"):
        PairCodec.from_dict({**model.codec.to_dict(), "source": {"kind": "pixels", "side": 17}})


def test_fine_tuning_keeps_words_and_what_is_seen(model: PairModel, tmp_path: Path) -> None:
    more = [pair._replace(target=pair.target.replace("beside", "next to")) for pair in FIELDS]
    assert match(model.codec, model.codec).tolist() == [*range(model.codec.spec.size)]  # type: ignore[union-attr]
    outcome = pairs.train(Splits(more, more[:3]), tmp_path / "run", domain=CAPTION, start_from=model.name, steps=1)
    tuned = pairs.load(outcome.folder, CAPTION)
    assert tuned.codec.source == model.codec.source and "x" in tuned.codec.target.names


def test_the_verbs(model: PairModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert main(["caption", *arguments]) == 0
        return capsys.readouterr().out

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, pair in enumerate(FIELDS[:9]):
        Image.fromarray(pair.source.pixels).save(folder / f"{number}.png")  # type: ignore[union-attr]
        (folder / f"{number}.txt").write_text(pair.target, encoding="utf-8")
    saved(folder / "alone.png")
    one, two = str(folder / "1.png"), str(folder / "5.png")
    given = ["--model", model.name]
    assert said("write", one, *given) == "red beside blue\n"
    assert said("write", one, two, *given) == f"{one}: red beside blue\n{two}: blue beside green\n"
    told = json.loads(said("write", one, "--json", "-n", "2", *given))
    assert told["source"] == one and told["targets"][0]["text"] == "red beside blue"
    assert len(said("write", one, "-n", "3", "--beam", "4", *given).splitlines()) == 3
    said("write", one, "--explain", str(tmp_path / "seen.png"), *given)
    with Image.open(tmp_path / "seen.png") as drawn:
        assert drawn.size[0] > drawn.size[1] > 176
    assert main(["caption", "write", one, "--explain", str(tmp_path / "seen.svg"), *given]) == 2
    assert "is written as PNG" in capsys.readouterr().err
    scored = said("score", str(folder), *given)
    assert "nats/char of 9 pairs" in scored and "exact: " in scored and "chrF2: " in scored
    assert "9 of 10 pictures are used, with 9 captions" in said("inspect", str(folder))
    run = tmp_path / "run"
    said(
        "train",
        str(folder),
        "--size",
        "tiny",
        "--steps",
        "2",
        "--side",
        "16",
        "--level",
        "letters",
        "--vary",
        "--out",
        str(run),
    )
    assert pairs.load(run, CAPTION).codec.source == Pixels(16, vary=True)
    said("train", "--resume", str(run), "--steps", "3")
    assert pairs.load(run, CAPTION).codec.target.to_dict()["kind"] == "letters"
    assert main(["caption", "inspect", str(folder)]) == 0
    assert "not used: alone.png: there is no text to it" in capsys.readouterr().err


def test_the_shipped_model_says_what_is_in_a_scene() -> None:
    scenes = [shapes.scene(seed=seed) for seed in range(1000, 1020)]
    said = pairs.load("shapes", CAPTION).write([scene.picture() for scene in scenes])
    assert sum(scene.means(caption) for scene, caption in zip(scenes, said, strict=True)) >= 14

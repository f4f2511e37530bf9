"""Every reader of files from strangers, each with small sound files to damage.

To add one, write a function from an empty folder, which is its own, to a `Reader`, and name it in `READERS`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import jax
import numpy as np
from fuzz.test_ink_fuzz import IAM, INKML, JSON, MOVES, OMNIGLOT, STROKE_5, SVG, UNIPEN, XOPP, members, packed
from fuzz.test_midi_fuzz import EVENTS
from fuzz.test_midi_fuzz import seeds as midi_files
from fuzz.test_musicxml_fuzz import SCORE, TUNE
from ink_files import iam_line, write_iam_folder

from seqgen import registry
from seqgen.batching import manifest, shards
from seqgen.config import TrainingConfig
from seqgen.domains.handwriting import ink_svg, read_ink
from seqgen.domains.handwriting.files import read_inks
from seqgen.domains.music.formats.abc import score_from_abc, split_abc
from seqgen.domains.music.formats.grid_json import read_grid_json
from seqgen.domains.music.formats.midi import read_midi
from seqgen.domains.music.formats.musicxml import read_musicxml
from seqgen.domains.pairs.pictures.files import read_captions
from seqgen.domains.pairs.pictures.reading import read_picture
from seqgen.domains.speech.files import prepared
from seqgen.domains.speech.formats.sound import read_sound
from seqgen.domains.text import DOMAIN
from seqgen.domains.text.codec import Characters
from seqgen.domains.text.cuts import Piece, read_piece
from seqgen.errors import DataError
from seqgen.files import storage
from seqgen.files.reading import read_text
from seqgen.files.wav import wav_bytes
from seqgen.heads import Bernoulli, Categorical, Joint, Mixture
from seqgen.models.model import Model
from seqgen.models.pretrained import CONFIG, WEIGHTS, from_pretrained, open_model, save_pretrained
from seqgen.nn.network import Network
from seqgen.training import metrics
from seqgen.training.curve import write_curve
from seqgen.training.run_config import read_config

_XML = "not well-formed|cannot be decoded|is XML but no|is no MusicXML|has a DOCTYPE|declares"
_JSON = "is not JSON|is JSON but no"
_ZIP = "cannot be unpacked|is no .npz|is no drawing of Omniglot|" + _XML
_EMPTY = "is empty|bytes; "


@dataclass(frozen=True)
class Reader:
    """read: takes a file's bytes; whatever it raises but a SeqgenError is a bug.

    early: which refusals are of the first bytes or of the outermost syntax, as a regular expression for messages.
    """

    seeds: tuple[bytes, ...]
    read: Callable[[bytes], object]
    early: str


def replace(path: Path, data: bytes) -> None:
    """As `write_bytes`; but writing over a file makes some file systems wait for the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def _file(folder: Path, name: str, read: Callable[[Path], object], seeds: Iterable[bytes], early: str) -> Reader:
    path = folder / name

    def reading(data: bytes) -> object:
        replace(path, data)
        return read(path)

    return Reader(tuple(seeds), reading, f"{_EMPTY}|{early}")


# Text


def _text(folder: Path) -> Reader:
    words = "One line.\nTwo: é, 中文, \U0001f600 \ta;\r\nthree\r\n\r\n"
    seeds = [words.encode(), (words * 40).encode(), words.encode("utf-16"), words.encode("utf-8-sig")]

    def read(path: Path) -> None:
        text = read_text(path)
        # What prepares a corpus reads by itself, and must read the same.
        piece = Piece(0, path, 0, path.stat().st_size, "utf-8", True, True)
        assert "".join(read_piece(piece)) == text

    return _file(folder, "a.txt", read, seeds, "at offset 0;|NUL at byte 0;")


# Music


def _midi(folder: Path) -> Reader:
    header = "begins with|its header"
    return _file(folder, "a.mid", read_midi, midi_files(folder), header)


def _midi_track(folder: Path) -> Reader:
    """The events of one track, in a file whose lengths are right."""
    path = folder / "a.mid"

    def read(data: bytes) -> None:
        replace(path, b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(data).to_bytes(4) + data)
        read_midi(path)

    end = b"\0\xff\x2f\0"
    seeds = [event + end for event in EVENTS] + [b"".join(EVENTS[:8]) + end, EVENTS[0] + b"\x60" + EVENTS[1][1:] + end]
    return Reader(tuple(seeds), read, _EMPTY)


def _musicxml(folder: Path) -> Reader:
    return _file(folder, "a.musicxml", read_musicxml, [SCORE], _XML)


_CONTAINER = b'<container><rootfiles><rootfile full-path="b.xml"/><rootfile full-path="../c"/></rootfiles></container>'


def _mxl(folder: Path) -> Reader:
    seeds = [packed({"a.xml": SCORE}), packed({"META-INF/container.xml": _CONTAINER, "b.xml": SCORE})]
    return _file(folder, "a.mxl", read_musicxml, seeds, _ZIP)


def _mxl_container(folder: Path) -> Reader:
    """The file of an .mxl that says which is the score."""
    path = folder / "a.mxl"

    def read(data: bytes) -> None:
        replace(path, packed({"META-INF/container.xml": data, "b.xml": SCORE}))
        read_musicxml(path)

    return Reader((_CONTAINER,), read, _XML)


def _abc(folder: Path) -> Reader:
    def read(path: Path) -> None:
        tunes = split_abc(path.read_text(encoding="latin-1"))
        if not tunes:
            raise DataError("there is no tune")
        for tune in tunes:
            score_from_abc(tune)

    song = TUNE + "X:2\nT:a\nM:C|\nL:1/4\nK:Bb\nV:1\n|: A/B/ c>d [ce]2 | z4 :|1 (5abcde f :|2 g- g/ ||\n"
    return _file(folder, "a.abc", read, [TUNE.encode("latin-1"), song.encode("latin-1")], "there is no tune")


def _chorales(folder: Path) -> Reader:
    piece = [[67, 64, 60, -1], [67, 65, 60, 48], [69, 65, -1, 48]]
    seeds = [{"train": [piece, piece], "valid": [piece], "test": [piece]}, [{"pitches": piece}, {"pitches": piece[:1]}]]
    return _file(folder, "a.json", read_grid_json, [json.dumps(seed).encode() for seed in seeds], _JSON)


# Handwriting


def _ink(name: str, seeds: Sequence[bytes], early: str) -> Callable[[Path], Reader]:
    return lambda folder: _file(folder, name, read_ink, seeds, early)


def _omniglot_zip(folder: Path) -> Reader:
    return _file(folder, "a.zip", read_ink, [packed(members()[".zip"])], _ZIP)


def _unipen_included(folder: Path) -> Reader:
    """A file that another includes, which has the segments."""
    ink, _, segments = UNIPEN.partition(b".SEGMENT")
    (folder / "include").mkdir()
    (folder / "a.dat").write_bytes(b".INCLUDE ink.dat\n.SEGMENT" + segments)

    def read(data: bytes) -> None:
        replace(folder / "include" / "ink.dat", data)
        read_ink(folder / "a.dat")

    return Reader((ink, ink.replace(b"X Y T", b"T X Y")), read, _EMPTY)


def _sketches(folder: Path) -> Reader:
    return _file(folder, "a.npz", read_ink, [packed(members()[".npz"])], _ZIP)


def _sketch_array(folder: Path) -> Reader:
    """One array of a sound .npz."""
    seeds = [content for name, content in members()[".npz"].items() if "lengths" not in name]
    for array in (np.zeros((2, 3), ">f8"), np.asfortranarray([[1, 2, 1.0]]), np.array([1, 2])):
        file = io.BytesIO()
        np.save(file, array)
        seeds.append(file.getvalue())

    def read(data: bytes) -> None:
        replace(folder / "a.npz", packed({"a.npy": data}))
        read_ink(folder / "a.npz")

    return Reader(tuple(seeds), read, "no array of numbers")


def _iam_form(folder: Path) -> Reader:
    """The transcription of a form, beside the ink of its lines."""
    write_iam_folder(folder / "iam", {"a01-000u": ["one line", "another"]})
    path = folder / "iam" / "ascii" / "a01" / "a01-000" / "a01-000u.txt"

    def read(data: bytes) -> None:
        replace(path, data)
        assert len(read_inks([folder / "iam"]).rows) == 2
        if not data:
            raise DataError("the form is empty")

    return Reader((path.read_bytes(),), read, _EMPTY)


_SVG = {"svg", "defs", "title", "desc", "rect", "g", "path", "text"}
_UNSAFE = re.compile(r"on.*|.*href|style|.*src", re.IGNORECASE)


def _svg(folder: Path) -> Reader:
    """Ink with texts as strangers may write them; what is drawn of it must be valid and can do nothing."""
    texts = ["a]]><script>alert(1)</script>", "\u0000\ud800&\"'</desc>", "<!--\u2028\x1b", "", None]
    lines = [{"text": text, "strokes": [[[0, 1], [2.5, 3]], [[1e3, -4]]]} for text in texts]
    seeds = [json.dumps({"format": "seqgen-ink", "version": 1, "lines": part}).encode() for part in (lines, lines[1:2])]

    def read(path: Path) -> None:
        svg = ink_svg(read_ink(path))
        for element in fromstring(svg.encode()).iter():
            assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in _SVG, element.tag
            unsafe = {name: value for name, value in element.attrib.items() if _UNSAFE.fullmatch(name)}
            assert unsafe in ({}, {"style": "background:#ffffff"}), element.attrib  # which a plotter does not draw

    return _file(folder, "a.json", read, seeds, _JSON)


# Speech


def _sound(name: str, seeds: Callable[[], Sequence[bytes]], early: str) -> Callable[[Path], Reader]:
    """A recording, and what is made of its samples before a voice learns from it."""

    def read(path: Path) -> None:
        sound = read_sound(path)
        assert np.isfinite(prepared(sound)).all()

    return lambda folder: _file(folder, name, read, seeds(), early)


def _waves() -> list[bytes]:
    whole = wav_bytes(np.sin(np.arange(4000) / 9), 16_000)
    parts = [(1, 8, 1), (1, 24, 2), (1, 32, 1), (3, 32, 1), (3, 64, 2)]
    forms = [struct.pack("<HHIIHH", kind, channels, 22_050, 0, 0, bits) for kind, bits, channels in parts]
    body = np.random.default_rng(0).integers(0, 256, 4800, np.uint8).tobytes()
    sizes = struct.pack("<I", 16), struct.pack("<I", len(body))
    return [whole, *(b"RIFF\0\0\0\0WAVEfmt " + sizes[0] + form + b"data" + sizes[1] + body for form in forms)]


def _packed_sound(kind: str) -> list[bytes]:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(4000) / 9), 16_000, format=kind)
    return [file.getvalue()]


# Pictures


def _picture(kind: str, early: str, *others: dict[str, Any]) -> Callable[[Path], Reader]:
    """A picture, and what a model sees of it."""
    from PIL import Image

    def saved(how: dict[str, Any]) -> bytes:
        pixels = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)
        pixels[8:] = 200
        picture, file = Image.fromarray(pixels), io.BytesIO()
        how = dict(how)
        picture.convert(how.pop("mode", "RGB")).save(file, kind, **how)
        return file.getvalue()

    def read(path: Path) -> None:
        assert read_picture(path).fitted(16).pixels.shape == (16, 16, 3)

    return lambda folder: _file(folder, "a", read, [saved({}), *map(saved, others)], early)


def _caption_list(folder: Path) -> Reader:
    """A list of pictures and captions, of which some are there."""
    from PIL import Image

    Image.new("RGB", (4, 4), "red").save(folder / "a.png")
    rows = [
        {"image": "a.png", "text": "red"},
        {"image": "../a.png", "text": ["one", "two"]},
        {"image": "b", "text": ""},
    ]
    seeds = ["".join(json.dumps(row) + "\n" for row in part) for part in (rows, rows[:1])]

    def read(path: Path) -> None:
        found, _ = read_captions(path, 16)
        assert all(isinstance(pair.target, str) for pair in found)

    return _file(folder, "a.jsonl", read, map(str.encode, seeds), "it is none of")


# Models


def _small_models() -> dict[str, tuple[dict[str, Any], Model]]:
    """A model of each domain with its codec's settings."""
    size: dict[str, Any] = {"layers": 1, "units": 3, "embedding": 2}
    pen = Joint((Mixture(2), Bernoulli(1)))
    conditions: dict[str, Any] = {"source": 4, "source_width": 2, "window": 2, "static": 2, "static_width": 2}
    offsets = {"kind": "offsets", "alphabet": "abc", "hands": ["x", "y"], "mean": [0.1, 0], "std": [0.2, 0.15]}
    return {
        "text": (Characters("ab").to_dict(), Model(Network(Characters("ab").spec, **size), Categorical(258))),
        "handwriting": (offsets, Model(Network(pen.spec, **size, **conditions), pen)),
        "music": ({"kind": "performance"}, Model(Network(pen.spec, **size), pen)),
    }


def _model(name: str, early: str, bits: int = 16) -> Callable[[Path], Reader]:
    """A file of a model's folder; the list of sums is made to fit, unless it is that which is damaged."""

    def make(folder: Path) -> Reader:
        given = folder / "model"
        seeds, weights = [], {}
        for domain, (codec, model) in reversed(_small_models().items()):  # text is left standing: all of it fits
            shapes = jax.eval_shape(lambda model=model: model.init(jax.random.key(0)))
            params = jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, np.float32), shapes)
            notes = {"size": "s"}
            save_pretrained(given, domain=domain, codec=codec, model=model, params=params, training=notes, bits=bits)
            seeds.append((given / name).read_bytes())
            weights[f'"{domain}"'.encode()] = (given / WEIGHTS).read_bytes()
        if name == storage.SUMS:
            del seeds[:-1]

        def read(data: bytes) -> None:
            if name == CONFIG:  # with the weights that it goes with
                fitting = (tensors for domain, tensors in weights.items() if domain in data)
                replace(given / WEIGHTS, next(fitting, b""))
            replace(given / name, data)
            if name != storage.SUMS:
                told = ((file, hashlib.sha256((given / file).read_bytes()).hexdigest()) for file in (WEIGHTS, CONFIG))
                replace(given / storage.SUMS, "".join(f"{digest}  {file}\n" for file, digest in told).encode())
            open_model(registry.domain(from_pretrained(given).domain), given)

        return Reader(tuple(seeds), read, early)

    return make


def _run_config(folder: Path) -> Reader:
    """The settings of a run, and all that going on with it makes of them before it looks at the data."""
    seeds = []
    for domain, (codec, model) in _small_models().items():
        config = {
            "format": 1,
            "seqgen": "0.1.0",
            "domain": domain,
            "size": "s",
            "seed": 0,
            "steps": 10,
            "minutes": None,
            "training": TrainingConfig().to_dict(),
            "data": {"name": "x"},
            "data_sha256": "0" * 64,
            "codec": codec,
            **model.to_dict(),
            "from": None,
        }
        seeds.append(json.dumps(config).encode())

    def read(path: Path) -> None:
        config = read_config(path.parent)
        registry.domain(config["domain"]).load_codec(config["codec"])
        Model.from_dict(config)
        TrainingConfig.from_dict(config["training"])

    return _file(folder, "config.json", read, seeds, "cannot read|not that of a run")


def _metrics(folder: Path) -> Reader:
    rows = [{"step": step, "nll": 5 / step, "grad_norm": 0.1, "steps_per_s": 9.5} for step in range(10, 60, 10)]
    lines = "".join(json.dumps(row) + "\n" for row in [*rows, {"step": 50, "valid": 1.5}])

    def read(path: Path) -> None:
        (folder / "curve.svg").unlink(missing_ok=True)
        write_curve(metrics.read(path), folder / "curve.svg", unit="nats/character")
        fromstring((folder / "curve.svg").read_bytes())

    return _file(folder, "metrics.jsonl", read, [lines.encode()], "line 1 reads")


# Prepared corpora


def _corpus(name: str, early: str) -> Callable[[Path], Reader]:
    """A file of a prepared folder; files of numbers keep their length."""

    def make(folder: Path) -> Reader:
        given, codec = folder / "corpus", Characters("abcdefgh")
        given.mkdir()
        for number in range(2):
            with shards.ShardWriter(given, number, "uint16") as shard:
                shard.write(np.arange(40) * 7 % codec.spec.size)
                shard.finish()
        told = [shards.finished(given, number, "uint16") or {} for number in range(2)]
        shards.seal(
            given,
            domain="text",
            codec=codec.to_dict(),
            dtype="uint16",
            shards=told,
            lengths=[30, 40, 10],
            train=2,
            sources=b"{}\n{}\n",
            source_bytes=80,
        )
        seed = (given / name).read_bytes()

        def read(data: bytes) -> None:
            fixed = data if name == manifest.MANIFEST else data[: len(seed)].ljust(len(seed), b"\0")
            replace(given / name, fixed)
            found = shards.open_corpus(given, DOMAIN)
            for source in (found.train, found.valid):
                for index, length in enumerate(source.lengths[:5]):
                    found.codec.decode(source.read(index, 0, min(int(length), 100)))

        return Reader((seed,), read, early)

    return make


READERS: dict[str, Callable[[Path], Reader]] = {
    "text": _text,
    "midi": _midi,
    "midi-track": _midi_track,
    "musicxml": _musicxml,
    "mxl": _mxl,
    "mxl-container": _mxl_container,
    "abc": _abc,
    "chorales": _chorales,
    "inkml": _ink("a.inkml", [INKML], _XML),
    "iam": _ink("a.xml", [IAM, iam_line([(1, 2, 0), (3, 4, 0.1)]).encode()], _XML),
    "iam-form": _iam_form,
    "ink-json": _ink("a.json", [JSON], _JSON),
    "moves": _ink("a.json", [json.dumps(rows).encode() for rows in (MOVES, [MOVES, MOVES[:1]], STROKE_5)], _JSON),
    "svg-strokes": _ink("a.svg", [SVG], _XML),
    "xopp": _ink("a.xopp", [XOPP], _XML),
    "unipen": _ink("a.dat", [UNIPEN], "is no UNIPEN file"),
    "unipen-included": _unipen_included,
    "omniglot": _ink("0683_01.txt", [OMNIGLOT], "is no drawing of Omniglot"),
    "omniglot-zip": _omniglot_zip,
    "sketch": _sketches,
    "sketch-array": _sketch_array,
    "svg": _svg,
    "wav": _sound("a.wav", _waves, "is no WAV file|written backwards|samples a second|channels"),
    "flac": _sound("a.flac", lambda: _packed_sound("FLAC"), "Format not recognised|unknown format"),
    "png": _picture("PNG", "is no picture that is known", {"mode": "RGBA"}, {"mode": "P"}, {"mode": "1"}),
    "jpeg": _picture("JPEG", "is no picture that is known", {"mode": "L"}, {"mode": "CMYK"}, {"progressive": True}),
    "gif": _picture("GIF", "is no picture that is known", {"mode": "L"}, {"mode": "P", "transparency": 0}),
    "webp": _picture("WEBP", "is no picture that is known", {"mode": "RGBA", "lossless": True}),
    "captions": _caption_list,
    "model-config": _model(CONFIG, f"{_JSON}|is not the configuration"),
    "model-weights": _model(WEIGHTS, "is not a safetensors file|holds more than"),
    "model-weights-of-8-bits": _model(WEIGHTS, "is not a safetensors file|holds more than", bits=8),
    "model-sums": _model(storage.SUMS, "is no list of SHA-256 sums"),
    "run-config": _run_config,
    "metrics": _metrics,
    "corpus": _corpus(manifest.MANIFEST, "it is not JSON"),
    "corpus-examples": _corpus(manifest.EXAMPLES, _EMPTY),
    "corpus-symbols": _corpus("00000.bin", _EMPTY),
}

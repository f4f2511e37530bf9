"""Model folders: what was saved comes back, whatever else lies there is refused, and a kill loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy

import seqgen
from seqgen.errors import ModelError, SeqgenError, UnknownName, UsageError
from seqgen.files import storage
from seqgen.heads import Bernoulli, Categorical, Joint, Mixture
from seqgen.models import pretrained
from seqgen.models.model import Model
from seqgen.models.pretrained import from_pretrained, named, resolve, save_pretrained
from seqgen.models.weights import quantised, restored
from seqgen.nn.network import Network
from seqgen.spec import Binary, Continuous, Discrete, Product

SMALL = Model(Network(Discrete(7), layers=2, units=8, embedding=4, learned_start=True), Categorical(7))
MODELS = {
    "characters": SMALL,
    "tied": Model(Network(Discrete(7), layers=1, units=8, embedding=4, layer_norm=True), Categorical(7, tied=4)),
    "ink": Model(
        Network(
            Product((Continuous(2), Binary(1))),
            layers=2,
            units=8,
            skip=True,
            source=5,
            source_width=3,
            window=2,
            static=3,
        ),
        Joint((Mixture(2, sigma_floor=0.01), Bernoulli(1))),
    ),
    "notes": Model(Network(Binary(3), layers=1, units=8, bidirectional=True, dropout=0.5), Bernoulli(3)),
}
NOTES = {"steps": 3, "loss": 0.5, "data": {"files": ["a.txt"]}}
FILES = ["SHA256SUMS", "config.json", "model.safetensors"]


def parameters(model: Model, seed: int = 0) -> Any:
    """Random everywhere: zeros would hide a tensor that was mixed up with another."""
    random = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    return jax.tree.map(lambda leaf: random.standard_normal(leaf.shape).astype(np.float32), shapes)


def save(folder: Path, model: Model = SMALL, **changes: Any) -> Path:
    settings = {"domain": "text", "codec": {"alphabet": "ab\u00e9\u6f22\ud800"}, "params": parameters(model), **changes}
    return save_pretrained(folder, model=model, training=NOTES, **settings)


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in FILES)).hexdigest()


def refusal(folder: Path) -> str:
    """The one line with which a folder is refused."""
    with pytest.raises(ModelError) as caught:
        from_pretrained(folder)
    message = str(caught.value)
    assert message.isprintable() and "\n" not in message and len(message) < 900
    return message


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save(tmp_path / "book")


# There and back


@pytest.mark.parametrize("name", MODELS)
def test_what_was_saved_comes_back(name: str, tmp_path: Path) -> None:
    model, params = MODELS[name], parameters(MODELS[name])
    given = from_pretrained(save(tmp_path / "m", model))
    assert (given.domain, given.model, given.codec) == ("text", model, {"alphabet": "ab\u00e9\u6f22\ud800"})
    assert given.training == NOTES and given.config["seqgen"] == seqgen.__version__ and given.config["format"] == 1
    assert jax.tree.structure(given.params) == jax.tree.structure(params)
    for tensor, leaf in named(params).items():
        found = named(given.params)[tensor]
        expected = leaf.astype(np.float16).astype(np.float32) if leaf.ndim > 1 else leaf
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


def test_saving_what_was_loaded_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = save(tmp_path / "again", params=jax.tree.map(jnp.asarray, from_pretrained(folder).params))
    assert digest(again) == digest(folder)


@pytest.mark.parametrize("name", MODELS)
def test_eight_bits_miss_by_half_a_scale_of_their_column(name: str, tmp_path: Path) -> None:
    model, params = MODELS[name], parameters(MODELS[name])
    given = from_pretrained(save(tmp_path / "m", model, bits=8))
    assert given.config["weights"] == "int8" and given.model == model
    assert jax.tree.structure(given.params) == jax.tree.structure(params)
    for tensor, leaf in named(params).items():
        found = named(given.params)[tensor]
        assert found.dtype == np.float32
        columns = tuple(range(leaf.ndim - 1))
        bound = np.abs(leaf).max(axis=columns) / 127 * 0.5001 if leaf.ndim > 1 else 0.0
        assert (np.abs(found - leaf) <= bound).all(), tensor


def test_saving_eight_bits_again_gives_the_same_bytes(tmp_path: Path) -> None:
    once = save(tmp_path / "once", bits=8)
    again = save(tmp_path / "again", params=from_pretrained(once).params, bits=8)
    assert digest(again) == digest(once)


@pytest.mark.parametrize("value", [0.0, 1e-45, 3e-43, 1e-38, 1e-30, 3.4e38])
def test_matrices_of_any_size_fit_eight_bits(value: float) -> None:
    matrix = np.array([[value, 1.0], [-value, -1.0], [value / 3, 0.2]], np.float32)
    whole, scales = quantised(matrix)
    assert whole.dtype == np.int8 and scales.dtype == np.float32 and (scales > 0).all() and whole.min() >= -127
    # What is smaller than float32's usual numbers is small enough to be lost.
    missed = np.abs(restored(whole, scales) - matrix).max(axis=0)
    assert (missed <= [max(value / 250, 1e-43), 1 / 250]).all()


@pytest.mark.parametrize(
    ("scale", "kind", "error"), [(1.0, "float16", 4e-4), (1e-7, "bfloat16", 3e-3), (1e6, "bfloat16", 3e-3)]
)
def test_sixteen_bits_are_the_ones_that_lose_less(scale: float, kind: str, error: float, tmp_path: Path) -> None:
    params = jax.tree.map(lambda leaf: leaf * np.float32(scale), parameters(SMALL))
    given = from_pretrained(save(tmp_path / "m", params=params))
    assert given.config["weights"] == kind
    for name, leaf in named(params).items():
        lost = np.linalg.norm(leaf - named(given.params)[name]) / np.linalg.norm(leaf)
        assert lost < (error if leaf.ndim > 1 else 1e-9), name


def test_other_tools_read_the_folder(folder: Path) -> None:
    tensors = safetensors.numpy.load_file(folder / "model.safetensors")
    assert tensors["network/layer0/cell/hidden_kernel"].shape == (8, 32)
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"float16", "float32"}
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES[1:]]
    assert (folder / "SHA256SUMS").read_bytes().decode() == "".join(lines)
    assert sorted(path.name for path in folder.iterdir()) == FILES


def test_the_folder_one_is_in_is_a_folder_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert from_pretrained(".").model == SMALL


def test_a_file_beside_the_model_does_not_matter(folder: Path) -> None:
    (folder / "README.md").write_text("# A card\n", encoding="utf-8")
    assert from_pretrained(folder).model == SMALL


# Damage


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_noticed(folder: Path, name: str) -> None:
    path, random = folder / name, np.random.default_rng(len(name))
    good = path.read_bytes()
    for place in random.integers(0, 8 * len(good), 40):
        bad = bytearray(good)
        bad[place // 8] ^= 1 << (place % 8)
        path.write_bytes(bad)
        message = refusal(folder)
        assert str(folder) in message and ("damaged" in message or "missing" in message), place
    path.write_bytes(good)
    from_pretrained(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_cut_a_longer_and_a_missing_file_are_noticed(folder: Path, name: str) -> None:
    path = folder / name
    good = path.read_bytes()
    for bad in (b"", good[:1], good[: len(good) // 2], good[:-1], good + b"\n", good + bytes(1 << 21)):
        path.write_bytes(bad)
        assert str(folder) in refusal(folder)
    path.unlink()
    assert f"{name} is missing" in refusal(folder)


def test_a_folder_that_is_not_there_and_one_that_is_empty(tmp_path: Path) -> None:
    assert "there is no model folder" in refusal(tmp_path / "nothing")
    assert "SHA256SUMS is missing" in refusal(tmp_path)


# Strangers: the sums are right, for whoever writes the files writes them too


def forge(folder: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], Any]) -> Path:
    """The folder after `change(config, tensors)`, or with what it returns as config.json; its sums made right."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    tensors = safetensors.numpy.load_file(folder / "model.safetensors")
    raw = change(config, tensors)
    path.write_text(raw if isinstance(raw, str) else json.dumps(config), encoding="utf-8")
    safetensors.numpy.save_file(tensors, folder / "model.safetensors")
    sums(folder)
    return folder


def sums(folder: Path) -> None:
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES[1:]]
    (folder / "SHA256SUMS").write_bytes("".join(lines).encode())


KERNEL = "network/layer0/cell/hidden_kernel"
FORGED: dict[str, tuple[Callable[[dict[str, Any], dict[str, np.ndarray]], Any], str]] = {
    "newer": (lambda c, t: c.update(format=2, seqgen="9.1\x1b[2J\n", new=1), "upgrade seqgen"),
    "format": (lambda c, t: c.update(format="1"), "not the configuration"),
    "true format": (lambda c, t: c.update(format=True), "not the configuration"),
    "list": (lambda c, t: "[]", "not the configuration"),
    "nothing": (lambda c, t: "", "not JSON"),
    "not a number": (lambda c, t: json.dumps(c).replace("0.5", "NaN"), "NaN is no number"),
    "deep": (lambda c, t: "[" * 100_000, "not JSON"),
    "missing key": (lambda c, t: c.pop("codec"), "exactly"),
    "extra key": (lambda c, t: c.update(code="os:system"), "exactly"),
    "codec": (lambda c, t: c.update(codec=["a"]), "exactly"),
    "weights": (lambda c, t: c.update(weights="float8"), "weights"),
    "domain": (lambda c, t: c.update(domain="../text"), "domain"),
    "model": (lambda c, t: c.update(model={}), "network"),
    "network": (lambda c, t: c["model"].update(network=[1, 2]), "config.json"),
    "spec": (lambda c, t: c["model"]["network"].update(spec={"kind": "builtins.eval"}), "specification"),
    "head": (lambda c, t: c["model"]["head"].update(kind="os.system"), "head kind"),
    "head list": (lambda c, t: c["model"].update(head=[["kind", ["categorical"]]]), "config.json"),
    "setting": (lambda c, t: c["model"]["network"].update({"e\x1b[2J\nvil": 1}), "unexpected"),
    "head setting": (lambda c, t: c["model"]["head"].update(size="7"), "config.json"),
    "other head": (lambda c, t: c["model"]["head"].update(size=8), "config.json"),
    "negative": (lambda c, t: c["model"]["network"].update(units=-8), "units"),
    "fraction": (lambda c, t: c["model"]["network"].update(units=8.5), "units is 8.5"),
    "text": (lambda c, t: c["model"]["network"].update(units="8"), "config.json"),
    "true": (lambda c, t: c["model"]["network"].update(layers=True), "layers is True"),
    "number": (lambda c, t: c["model"]["network"].update(skip=1), "skip is 1"),
    "infinite": (lambda c, t: json.dumps(c).replace('"dropout": 0.0', '"dropout": -1e999'), "dropout"),
    "wide": (lambda c, t: c["model"]["network"].update(units=10**30), "out of bounds"),
    "wide enough": (lambda c, t: c["model"]["network"].update(units=1 << 20, embedding=1 << 20), "bytes of weights"),
    "a little wider": (lambda c, t: c["model"]["network"].update(units=9), "does not fit"),
    "much narrower": (lambda c, t: (c["model"]["network"].update(units=1), t.update(x=np.zeros(9999))), "it may"),
    "deep network": (lambda c, t: c["model"]["network"].update(layers=10**6), "layers are more than"),
    "extra tensor": (lambda c, t: t.update({"../../etc/x": t[KERNEL]}), "'../../etc/x'"),
    "missing tensor": (lambda c, t: t.pop(KERNEL), "missing"),
    "shape": (lambda c, t: t.update({KERNEL: t[KERNEL].reshape(32, 8)}), "(32, 8)"),
    "dtype": (lambda c, t: t.update({KERNEL: t[KERNEL].astype(np.int16)}), "I16"),
    "other dtype": (lambda c, t: c.update(weights="bfloat16"), "F16"),
    "nan": (lambda c, t: t[KERNEL].__setitem__((0, 0), np.nan), "not finite"),
    "infinity": (lambda c, t: t["head/bias"].__setitem__(0, np.inf), "not finite"),
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder of 8 bits."""
    return save(tmp_path / "small", bits=8)


FORGED_SMALL: dict[str, tuple[Callable[[dict[str, Any], dict[str, np.ndarray]], Any], str]] = {
    "no scales": (lambda c, t: t.pop(KERNEL + "/scales"), "missing"),
    "scales of rows": (lambda c, t: t.update({KERNEL + "/scales": np.ones(8, np.float32)}), "(8,)"),
    "scales of nothing": (lambda c, t: t.update({"head/bias/scales": np.ones(7, np.float32)}), "wanted nothing"),
    "short scales": (lambda c, t: t.update({KERNEL + "/scales": np.ones(32, np.float16)}), "F16"),
    "wide matrix": (lambda c, t: t.update({KERNEL: t[KERNEL].astype(np.int16)}), "I16"),
    "unsigned": (lambda c, t: t.update({KERNEL: t[KERNEL].astype(np.uint8)}), "U8"),
    "other word": (lambda c, t: c.update(weights="float16"), "I8"),
    "nan": (lambda c, t: t[KERNEL + "/scales"].__setitem__(0, np.nan), "not finite"),
    "infinity": (lambda c, t: t[KERNEL + "/scales"].__setitem__(0, np.inf), "not finite"),
    "product": (lambda c, t: t[KERNEL + "/scales"].__setitem__(slice(None), 3e38), "not finite"),
    "much narrower": (lambda c, t: (c["model"]["network"].update(units=1), t.update(x=np.zeros(9999))), "it may"),
    "wide enough": (lambda c, t: c["model"]["network"].update(units=1 << 20, embedding=1 << 20), "bytes of weights"),
}


@pytest.mark.parametrize("name", FORGED_SMALL)
def test_what_no_honest_model_of_eight_bits_holds_is_refused(small: Path, name: str) -> None:
    change, words = FORGED_SMALL[name]
    assert words in refusal(forge(small, change))


@pytest.mark.parametrize("name", FORGED)
def test_what_no_honest_model_holds_is_refused(folder: Path, name: str) -> None:
    change, words = FORGED[name]
    assert words in refusal(forge(folder, change))


def test_looking_at_a_hostile_model_takes_little(folder: Path) -> None:
    from_pretrained(folder)  # what is imported and compiled once is not the stranger's doing
    big: dict[str, Any] = {"units": 1 << 20, "layers": 2, "embedding": 1 << 20, "layer_norm": True}
    forge(folder, lambda c, t: c["model"]["network"].update(big))
    tracemalloc.start()
    start = time.process_time()
    refusal(folder)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 4 and peak < 30e6


@pytest.mark.parametrize("data", [b"", b"\xff" * 8, (1 << 40).to_bytes(8, "little") + b"{}", b"\x02\0\0\0\0\0\0\0{}"])
def test_weights_that_are_no_safetensors_file(folder: Path, data: bytes) -> None:
    (folder / "model.safetensors").write_bytes(data)
    sums(folder)
    assert "model.safetensors" in refusal(folder)


@pytest.mark.parametrize("name", FILES)
def test_no_link_is_followed(folder: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    assert "is a link" in refusal(folder)
    (folder / name).unlink()
    (folder / name).symlink_to(folder / name)  # a loop
    assert "is a link" in refusal(folder) or "is missing" in refusal(folder)


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    assert from_pretrained(tmp_path / "link").model == SMALL
    assert save(tmp_path / "link") == folder
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "config.json/../../outside"])
def test_no_listed_name_leads_out(folder: Path, name: str) -> None:
    (folder.parent / "outside").write_bytes(b"")
    empty = hashlib.sha256(b"").hexdigest()
    (folder / "SHA256SUMS").write_text(f"{empty}  {name}\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"leads out|missing"):
        storage.check(folder)


# Saving


def test_saving_again_replaces(folder: Path) -> None:
    save(folder, MODELS["notes"], domain="music")
    assert from_pretrained(folder).domain == "music"
    assert [path.name for path in folder.parent.iterdir()] == ["book"]


def test_a_replacement_cut_short_leaves_the_old_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, rename = digest(folder), Path.rename

    def stop(self: Path, target: Path) -> Any:
        if self.name.endswith(".saving"):
            raise OSError("the plug was pulled")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(UsageError, match="the plug was pulled"):
        save(folder, domain="music")
    assert not folder.exists()
    assert from_pretrained(folder).domain == "text" and digest(storage.standing(folder)) == before
    assert resolve(folder, folder.parent / "none") == storage.standing(folder)
    monkeypatch.undo()
    save(folder, domain="music")
    assert from_pretrained(folder).domain == "music"
    assert [path.name for path in folder.parent.iterdir()] == ["book"]


def test_a_folder_of_other_things_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds thesis\.txt, which is no part of a model"):
        save(tmp_path)
    with pytest.raises(UsageError, match="cannot write"):
        save(tmp_path / "thesis.txt")
    with pytest.raises(UsageError, match="cannot write"):
        save(tmp_path / "thesis.txt" / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"params": parameters(MODELS["tied"])}, UsageError, "are not this model's"),
        ({"params": jax.tree.map(lambda leaf: leaf * np.nan, parameters(SMALL))}, UsageError, "not finite"),
        ({"params": jax.tree.map(lambda leaf: leaf * np.nan, parameters(SMALL)), "bits": 8}, UsageError, "not finite"),
        ({"params": jax.tree.map(lambda leaf: 0 * leaf + np.finfo("f").max, parameters(SMALL))}, UsageError, "finite"),
        (
            {"params": jax.tree.map(lambda leaf: 0 * leaf + np.finfo("f").max, parameters(SMALL)), "bits": 8},
            UsageError,
            "not finite",
        ),
        ({"bits": 4}, UsageError, "matrices of 4 bits cannot be written; give 8 or 16"),
        ({"codec": {"scale": float("nan")}}, UsageError, "plain JSON"),
        ({"codec": {"scale": np.float32(1)}}, UsageError, "plain JSON"),
        ({"codec": {"words": "x" * pretrained.MAX_CONFIG}}, UsageError, "bytes"),
        ({"domain": "No Name"}, ModelError, "domain"),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(
    tmp_path: Path, changes: dict[str, Any], error: type[SeqgenError], words: str
) -> None:
    with pytest.raises(error, match=words):
        save(tmp_path / "m", **changes)
    assert not list(tmp_path.iterdir())


KILLED = """
import os, signal, sys, time
import jax, numpy as np
from seqgen.heads import Categorical
from seqgen.models.model import Model
from seqgen.nn.network import Network
from seqgen.models.pretrained import save_pretrained
from seqgen.spec import Discrete

model = Model(Network(Discrete(7), layers=1, units=64), Categorical(7))
shapes = jax.eval_shape(lambda: model.init(jax.random.key(0)))


def save(step):
    params = jax.tree.map(lambda leaf: np.full(leaf.shape, step, np.float32), shapes)
    save_pretrained(sys.argv[1], domain="text", codec={}, model=model, params=params, training={"step": step})


save(0)  # what is slow the first time is done here, and the children begin with it
for line in sys.stdin:
    reader, writer = os.pipe()
    if not (child := os.fork()):  # forked, not started: importing JAX takes longer than saving
        for step in range(int(line.split()[1]), 10**9):
            save(step)
            os.write(writer, step.to_bytes(8, "big"))
    first = os.read(reader, 8)
    time.sleep(float(line.split()[0]))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writer)
    rest = b"".join(iter(lambda: os.read(reader, 8), b""))
    os.close(reader)
    print(int.from_bytes((first + rest)[-8:], "big"), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_moment_leaves_a_whole_model(tmp_path: Path) -> None:
    folder, random, step, found = tmp_path / "model", np.random.default_rng(0), 1, 0
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as zygote:
        assert zygote.stdin and zygote.stdout
        for _ in range(10):
            zygote.stdin.write(f"{random.uniform(0, 0.1)} {step}\n")
            zygote.stdin.flush()
            saved = int(zygote.stdout.readline())
            given = from_pretrained(folder)
            found = given.training["step"]
            assert saved <= found <= saved + 1
            assert all((leaf == found).all() for leaf in jax.tree.leaves(given.params))
            step = found + 1
        zygote.stdin.close()
    save(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


# Names


def test_names_of_models(folder: Path, tmp_path: Path) -> None:
    shipped, run = tmp_path / "shipped", tmp_path / "runs" / "book"
    shipped.mkdir()
    shutil.copytree(folder, shipped / "shakespeare")
    shutil.copytree(folder, run / "model")
    (run / "config.json").write_text("{}", encoding="utf-8")
    assert resolve("shakespeare", shipped) == shipped / "shakespeare"
    assert resolve(run, shipped) == run / "model"
    assert resolve(str(run / "model"), shipped) == run / "model"
    assert resolve(folder, shipped) == folder
    with pytest.raises(UnknownName, match="no model named 'shakspeare'; did you mean 'shakespeare'"):
        resolve("shakspeare", shipped)
    with pytest.raises(UnknownName, match=r"no model or run folder in .* named 'nowhere' \(known: book\)"):
        resolve(tmp_path / "nowhere", tmp_path / "no folder")
    shutil.rmtree(run / "model")
    with pytest.raises(ModelError, match=r"holds no model \(yet\)"):
        resolve(run, shipped)

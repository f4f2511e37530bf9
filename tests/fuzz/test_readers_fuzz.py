"""No file leads a reader to anything but a value or one line of refusal, in little time and memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import numpy as np
import pytest
from fuzz.attack import MEMORY, REGRESSIONS, Attack, Failure, Tally, execute, unpreserved
from fuzz.readers import READERS, Reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seqgen.errors import DataError

SHORT = 800  # damaged files of each reader: with those of the other tests of this folder some 20,000
SLOW = {"metrics": 500, "model-config": 100, "iam-form": 200, "model-weights": 400, "model-weights-of-8-bits": 400}
KEPT = sorted(path for path in REGRESSIONS.glob("*/*") if path.is_file())
JSON = ["chorales", "ink-json", "moves", "svg", "model-config", "run-config", "corpus"]
XML = ["musicxml", "inkml", "iam", "svg-strokes", "xopp"]


@pytest.fixture(scope="module")
def tallies() -> dict[str, Tally]:
    return {}


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused(name: str, tmp_path: Path, tallies: dict[str, Tally]) -> None:
    tallies[name] = tally = Attack(name, READERS[name](tmp_path)).run(SLOW.get(name, SHORT), seed=0)
    assert not tally.failures
    assert tally.peak < MEMORY
    assert tally.past > 0.03  # of a zip most damage is to what is packed


def test_most_damage_is_past_the_first_bytes(tallies: dict[str, Tally]) -> None:
    executions = sum(tally.executions for tally in tallies.values())
    assert sum(tally.past * tally.executions for tally in tallies.values()) >= 0.4 * executions


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_failed_does_not_fail_again(path: Path, tmp_path: Path) -> None:
    execute(READERS[path.parent.name](tmp_path), unpreserved(path))


def test_failures_are_found_kept_small_and_told_apart(tmp_path: Path) -> None:
    def read(data: bytes) -> None:
        if b"!" in data:
            raise ValueError("an exclamation")
        if b"?" in data:
            raise DataError("two\nlines")

    attack = Attack("toy", Reader((b"a" * 50,), read, "never"), tmp_path)
    for data in (b"some ! bytes", b"other bytes", b"more !! bytes", b"what ?"):
        attack.one(data)
    assert (attack.tally.executions, attack.tally.accepted, attack.tally.foreign) == (4, 1, 3)
    assert sorted(kind.split()[0] for kind in attack.tally.failures) == ["ValueError", "lines"]
    assert sorted(path.read_bytes() for path in tmp_path.glob("toy/*")) == [b"!", b"?"]
    with pytest.raises(Failure, match="ValueError in test_readers_fuzz"):
        execute(attack.reader, b"!")


# Files of the right syntax with anything in them.

few = settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
numbers = st.one_of(st.integers(), st.integers(-2, 300), st.floats())
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list and object in a JSON value, with each of its keys."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("name", JSON)
def test_any_value_in_any_place(name: str, tmp_path: Path) -> None:
    reader = READERS[name](tmp_path)

    @few
    @given(st.sampled_from(reader.seeds), st.randoms(use_true_random=False), values)
    def attack(seed: bytes, draw: Any, value: Any) -> None:
        whole = json.loads(seed)
        holder, key = draw.choice(list(places(whole)))
        holder[key] = value
        execute(reader, json.dumps(whole).encode())

    attack()


@pytest.mark.parametrize("name", XML)
def test_any_tree_of_known_elements(name: str, tmp_path: Path) -> None:
    reader = READERS[name](tmp_path)
    known = [element for seed in reader.seeds for element in fromstring(seed).iter()]
    words = [word for e in known for word in (e.text or "", *e.attrib.values())]
    word = st.sampled_from(words) | st.text("0123456789-.eE \t,", max_size=6) | st.text(st.characters(codec="utf-8"))
    leaves: st.SearchStrategy[Any] = st.tuples(st.sampled_from(known), word, st.just([]))
    trees = st.recursive(leaves, lambda inner: st.tuples(st.sampled_from(known), word, st.lists(inner)), max_leaves=12)

    def grow(tree: Any, above: Element) -> None:
        like, text, children = tree
        element = SubElement(above, like.tag, {key: text if len(text) % 2 else old for key, old in like.attrib.items()})
        element.text = text
        for child in children:
            grow(child, element)

    @few
    @given(st.sampled_from(reader.seeds), st.lists(trees, max_size=4))
    def attack(seed: bytes, inside: list[Any]) -> None:
        root = fromstring(seed)
        for tree in inside:
            grow(tree, root)
        execute(reader, tostring(root))

    attack()


@few
@given(st.text(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1"]))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str, encoding: str) -> None:
    execute(READERS["text"](tmp_path_factory.getbasetemp()), text.encode(encoding, errors="replace"))


@few
@given(arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, max_side=4)))
def test_any_array(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray) -> None:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    execute(READERS["sketch-array"](tmp_path_factory.getbasetemp()), file.getvalue())


@pytest.mark.slow
def test_long_attack_finds_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("long.py")), "--executions", "170000", "--seed", "1"]
    done = subprocess.run([*command, "--keep", str(tmp_path)], check=False, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]

"""The page's own runtime in JavaScript against Python's: what the models say, and what a seed draws."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqgen import registry
from seqgen.domains import text
from seqgen.shell.studio.site import PAGE
from seqgen.spec import Inputs

pytestmark = [pytest.mark.node, pytest.mark.optimised]
ASK = Path(__file__).parent / "studio" / "ask.mjs"
STEPS = 200


def shipped(domain: str, name: str) -> Path:
    folder = registry.domain(domain).shipped
    assert folder is not None
    return folder / name


def ask(verb: str, folder: Path, **asked: Any) -> Any:
    request = json.dumps({"verb": verb, "page": str(PAGE), "folder": str(folder), **asked})
    node = str(shutil.which("node"))
    done = subprocess.run([node, str(ASK)], input=request, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_shipped_text_model_says_what_it_says_in_python() -> None:
    model = text.load()
    steps = model.codec.prompt("ROMEO:\nIt is the east, and Juliet is the sun. Ünïcode 漢字\n" * 4)[:STEPS]
    start = model.model.network.start(model.params["network"], 1)
    inputs = Inputs(np.concatenate([[model.codec.spec.size], steps[:-1]]).astype(np.int32)[None])
    _, features = model.model.network.unroll(model.params["network"], start, inputs)
    wanted = model.model.head.logits(model.params["head"], features)[0]  # type: ignore[attr-defined]
    found = ask("read", shipped("text", "shakespeare"), steps=steps.tolist())
    assert np.abs(np.array(found) - np.asarray(wanted)).max() <= 1e-4


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.8}, {"temperature": 1.2, "top_p": 0.9}, {"top_k": 5, "temperature": 1.0}, {"temperature": 0.0}],
)
def test_a_seed_writes_the_text_that_it_writes_on_the_command_line(options: dict[str, Any]) -> None:
    wanted = text.load().sample("ROMEO:", length=STEPS, seed=7, **options).removeprefix("ROMEO:")
    words = {"temperature": "temperature", "top_p": "topP", "top_k": "topK"}
    asked = {words[name]: value for name, value in options.items()}
    folder = shipped("text", "shakespeare")
    assert ask("text", folder, prompt="ROMEO:", length=STEPS, seed=7, options=asked) == wanted

"""The runtime in Chromium against Python: another engine than Node's, with the modules as they are served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studio_laws import CLOSE, SAYINGS
from studio_page import OWN

from seqgen.domains import handwriting

pytestmark = [pytest.mark.browser, pytest.mark.optimised]
LAWS = (Path(__file__).parent / "laws.mjs").read_text(encoding="utf-8").replace("export ", "")
ASK = f"""async ([verb, name, asked]) => {{
  {LAWS}
  const load = path => import(new URL(path, location.href));
  const entries = await (await fetch("models.json")).json();
  if (asked.simple) delete globalThis.WebAssembly;
  const model = await (await load("models.js")).fetchModel(entries.find(entry => entry.name === name), () => {{}});
  return plain(await (verb === "read" ? read : recognise)(load, {{ ...asked, model }}));
}}"""


@pytest.mark.parametrize("name", SAYINGS)
def test_a_model_says_in_chromium_what_it_says_in_python(
    enter: Any, studio: Any, own: Any, made: Path, name: str
) -> None:
    law = SAYINGS[name](made)
    page = enter("music", (own if name in OWN else studio).address)
    for simple in (False, True):
        law.check(page.evaluate(ASK, ["read", name, {**law.asked, "simple": simple}]))


def test_the_recogniser_says_in_chromium_what_it_says_in_python(enter: Any) -> None:
    written = handwriting.load().write("quick 42: jumps!", seed=4)[0]
    (ink,) = handwriting.in_x_heights([handwriting.Ink([stroke * 31 for stroke in written.strokes])])
    reader = handwriting.load_reader()
    wanted = reader.model.log_probs(reader.params, reader.codec.encode(ink).steps)
    asked = {"strokes": [(stroke * 31).tolist() for stroke in written.strokes]}
    found = enter("reading").evaluate(ASK, ["recognise", "recogniser", asked])
    assert np.abs(np.array(found["logProbs"]) - wanted).max() <= CLOSE
    assert found["text"] == reader.read(ink).text

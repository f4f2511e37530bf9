"""The page of the studio as tests run it: its modules in Node, the whole of it in Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seqgen import registry
from seqgen.domains.music.grid import Grid
from seqgen.domains.music.presets import CHOIRS
from seqgen.models.pretrained import save_pretrained
from seqgen.shell.studio.lean import lean
from seqgen.shell.studio.site import PAGE
from seqgen.training.run_config import write_config

ASK = Path(__file__).parent / "studio" / "ask.mjs"
LABELS = ("calm", "grey", "loud")
NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("playwright", "axe_playwright_python")  # the extra `browser`


def shipped(domain: str, name: str) -> Path:
    folder = registry.domain(domain).shipped
    assert folder is not None
    return folder / name


def ask(verb: str, folder: Path, **asked: Any) -> Any:
    """What a verb of ask.mjs answers, by the modules as a browser is given them."""
    request = json.dumps({"verb": verb, "page": _modules().name, "folder": str(folder), **asked})
    node = str(shutil.which("node"))
    done = subprocess.run([node, str(ASK)], input=request, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def _modules() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="seqgen-studio-")
    for path in PAGE.rglob("*.js"):
        place = Path(folder.name, path.relative_to(PAGE))
        place.parent.mkdir(exist_ok=True)
        place.write_text(lean(path.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy(PAGE / "package.json", folder.name)
    return folder


def a_run(folder: Path, *, steps: int = 100) -> Path:
    """A run's folder as a training of a hundred steps leaves it before the first of them."""
    folder.mkdir()
    config = {
        "format": 1, "seqgen": "0.1.0", "domain": "text", "size": "small", "seed": 0, "steps": steps, "minutes": None,
        "training": {}, "data": {}, "data_sha256": "", "codec": {}, "model": {}, "from": None,
    }  # fmt: skip
    write_config(folder, config)
    return folder


def a_choir(folder: Path) -> Path:
    """A model that knows its voices' ranges, keys and intervals; it has learned nothing."""
    import jax

    codec = Grid(ranges=((60, 81), (53, 74), (48, 69), (36, 64)))
    model = CHOIRS["tiny"].model(codec)
    params = model.init(jax.random.key(3))
    save_pretrained(folder, domain="music", codec=codec.to_dict(), model=model, params=params, training={})
    return folder


def a_writer(folder: Path, *, told: bool = False) -> Path:
    """A model of documents with labels; it has learned nothing, and ends after some thirty characters. told: its head is, too."""
    import jax
    import numpy as np

    from seqgen import Categorical, Model, Network
    from seqgen.domains.text import Characters, Division, Documents

    codec = Documents(Characters("\n !.AEHMRTacehilms"), Division("file", labels="folder"), LABELS)
    network = Network(codec.spec, layers=1, units=16, embedding=8, static=len(LABELS), static_width=4, static_read=told)
    model = Model(network, Categorical(codec.spec.size))
    params = jax.tree.map(lambda values: np.asarray(3 * values), model.init(jax.random.key(5)))
    save_pretrained(folder, domain="text", codec=codec.to_dict(), model=model, params=params, training={})
    return folder


def a_singer(folder: Path) -> Path:
    """A model of songs, which has learned nothing but that most notes are short and in the middle."""
    import jax
    import numpy as np

    from seqgen import Categorical, Model, Network
    from seqgen.domains.music import beats

    codec = beats.Beats(tonic=True)
    model = Model(Network(codec.spec, layers=1, units=16, embedding=8), Categorical(codec.spec.size))
    params = jax.tree.map(lambda values: np.array(1.5 * values), model.init(jax.random.key(6)))
    bias = params["head"]["bias"]
    bias[beats.NOTE + 48 : beats.NOTE + 84] += 1
    bias[beats.PLACE : beats.NOTE] += 1
    bias[[beats.LENGTH + length for length in (2, 5, 11, 23)]] += 6
    bias[beats.DRUM : beats.LENGTH] -= 2
    bias[beats.PROGRAM : beats.SPEED] -= 2
    bias[beats.PART : beats.PART + 3] += 2
    save_pretrained(folder, domain="music", codec=codec.to_dict(), model=model, params=params, training={})
    return folder


# Models that tests make for themselves, by their names.
OWN = {"choir": a_choir, "letters": a_writer, "ballads": a_singer}


def own_models(folder: Path) -> Path:
    """The folder, with a model of each of these kinds, which do not ship; they have learned nothing."""
    for name, make in OWN.items():
        make(folder / name)
    return folder


def chromium() -> str | None:
    """The path of the first that is here."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def no_browser() -> bool:
    """Whether the page cannot be tried in a browser here."""
    return chromium() is None or not all(map(find_spec, PACKAGES))


def no_node() -> bool:
    return shutil.which("node") is None


OUTSIDE = """() => [...document.querySelectorAll("button, input, select, textarea, svg")]
  .filter(one => one.checkVisibility())
  .filter(one => one.getBoundingClientRect().left < 0 || one.getBoundingClientRect().right > innerWidth)
  .map(one => one.outerHTML.slice(0, 80))"""


def check_looks(page: Any, folder: Path, name: str) -> None:
    """On a telephone, a tablet and a screen: nobody has to scroll sideways, and axe-core finds nothing that keeps anybody out.

    A picture of each lies in the folder, for people to look at.
    """
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    for width, scheme in ((360, "dark"), (768, "light"), (1440, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        found = page.evaluate("() => axe.run()")
        assert not [(one["id"], one["impact"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
        assert len(found["passes"]) > 20
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        assert not page.evaluate(OUTSIDE)

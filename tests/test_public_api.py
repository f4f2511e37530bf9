"""What `import seqgen` gives, and what it must not cost."""

from __future__ import annotations

import doctest
import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import seqgen
from seqgen import registry
from seqgen.domains import music

ROOT = Path(__file__).parent.parent

# The promise to users. A name enters or leaves here on purpose, and in CHANGELOG.md.
EXPECTED = [
    "Attending",
    "Batch",
    "Bernoulli",
    "Binary",
    "Categorical",
    "Classifier",
    "Codec",
    "Context",
    "Continuous",
    "Convolution",
    "CTC",
    "DataError",
    "Discrete",
    "Domain",
    "evaluate",
    "evaluation_windows",
    "Example",
    "from_pretrained",
    "Gaussian",
    "in_memory",
    "init_state",
    "Inputs",
    "LSTM",
    "make_optimizer",
    "make_train_step",
    "Metric",
    "Mixture",
    "Mogrifier",
    "Multiplicative",
    "Nade",
    "Model",
    "ModelError",
    "Network",
    "Options",
    "PictureEncoder",
    "Product",
    "Reading",
    "register",
    "Registers",
    "Relative",
    "Renderer",
    "sample",
    "save_pretrained",
    "SeqgenError",
    "Size",
    "Splits",
    "SymbolEncoder",
    "stream",
    "Tagger",
    "train",
    "TrainingConfig",
    "TrainingError",
    "UnknownName",
    "UsageError",
    "Window",
    "Windows",
]

HEAVY = ("jax", "jaxlib", "numpy", "flax", "optax", "orbax", "safetensors", "svgwrite", "rich")
MODULES = sorted(
    ".".join(("seqgen", *path.relative_to(ROOT).with_suffix("").parts))
    .replace("seqgen.seqgen", "seqgen")
    .removesuffix(".__init__")
    for folder in ("seqgen", "domains", "datasets")
    for path in (ROOT / folder).rglob("*.py")
    if path.stem != "__main__"
)


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_exported_names_are_the_intended_ones() -> None:
    public = [name for name in dir(seqgen) if not name.startswith("_")]
    assert sorted(seqgen.__all__) == sorted(public) == sorted(EXPECTED)


def test_every_exported_name_is_there_and_says_what_it_is() -> None:
    things = {name: getattr(seqgen, name) for name in EXPECTED}
    assert not [name for name, thing in things.items() if callable(thing) and not (thing.__doc__ or "").strip()]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = seqgen.no_such_name


DEPRECATED = [(package, old) for package in (seqgen, music) for old in package._DEPRECATED]


@pytest.mark.parametrize(("package", "old"), DEPRECATED, ids=[old for _, old in DEPRECATED])
def test_a_deprecated_name_says_which_to_use(package: ModuleType, old: str) -> None:
    new, until = package._DEPRECATED[old]
    name = package.__name__
    with pytest.warns(DeprecationWarning, match=f"{name}.{old} is called {name}.{new} now.*{until}"):
        assert getattr(package, old) is getattr(package, new)
    now = [int(part) for part in seqgen.__version__.split(".")[:2]]
    assert [int(part) for part in until.split(".")] > now, f"{old} is overdue"


def test_version_is_the_installed_one() -> None:
    assert seqgen.__version__ == importlib.metadata.version("seqgen")


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports_and_its_examples_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    monkeypatch.setattr(registry, "_newcomers", {})
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip(), f"{name} does not say what it is for"
    with jax.numpy_dtype_promotion("standard"):  # as whoever copies them has it
        assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_import_seqgen_costs_nothing() -> None:
    answer = python(f"import sys, seqgen; print(*(name for name in {HEAVY} if name in sys.modules))")
    assert (answer.returncode, answer.stdout.split(), answer.stderr) == (0, [], "")


MODULES_OF_HELP = 250  # Python begins with 33, 156 are there at the end; a package too many shows


def test_help_is_quick() -> None:
    code = (
        "import sys; sys.argv = ['seqgen', '--help']\n"
        "from seqgen.shell.cli import main\n"
        "try: main()\n"
        f"finally: print(len(sys.modules), *(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    )
    answer = python(code)
    assert "usage: seqgen" in answer.stdout
    # Counted, not timed: a clock would tell how busy the machine is.
    count, *heavy = answer.stderr.split()
    assert (answer.returncode, heavy) == (0, []), "--help loads what only a model needs"
    assert int(count) <= MODULES_OF_HELP


SCORED = """
import sys
import seqgen.training.scoring
from seqgen import evaluate, evaluation_windows, in_memory
print("optax" in sys.modules)
from seqgen.domains import handwriting, music, text
from seqgen.domains.music.score import Note, Score

model = text.load()
print(model.score("A line of text.").nats > 0)
print(music.load().score(Score([Note(0.5 * n, 72 - 6 * p + n, 0.5, 80, 0, p) for n in range(8) for p in range(4)])).nats > 0)
windows = evaluation_windows(in_memory(model.codec.spec, [model.codec.encode("A line")]), 1, 4)
print(evaluate(model.model, model.params, windows) > 0)
print([name for name in ("seqgen.training.steps", "seqgen.training.optimizer") if name in sys.modules])
"""


def test_scoring_needs_no_optimiser() -> None:
    # Flax imports optax by itself, as soon as a network is traced; our own code asks for none.
    answer = python(SCORED)
    assert (answer.returncode, answer.stdout.split()) == (0, ["False", *["True"] * 3, "[]"]), answer.stderr

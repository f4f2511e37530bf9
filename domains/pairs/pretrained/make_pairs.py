"""Makes the shipped models of pairs and their cards: `python domains/pairs/pretrained/make_pairs.py english-french`.

Trains in runs/NAME (or goes on there, if it was stopped), releases the model in 8 bits beside this file, measures the
released file and writes the card. `english-french` and `french-english` need Tatoeba (datasets/tatoeba/SOURCE.md),
`english-phonemes` the extra `pronounce`, `emoji` 190 MB of pictures (datasets/emoji/SOURCE.md), `shapes` nothing.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from seqgen import Domain, TrainingConfig, __version__, from_pretrained, registry
from seqgen.domains import pairs
from seqgen.domains.pairs.scores import scored
from seqgen.models.pretrained import save_in_8_bits
from seqgen.models.shipped import megabytes

HERE = Path(__file__).parent


class Recipe(NamedTuple):
    """What one of the models is made of."""

    domain: Domain[Any]
    data: str
    size: str
    steps: tuple[int, ...]  # in all, after each of several trainings, of which each has its schedule
    training: TrainingConfig
    how: dict[str, Any]
    front: str
    what: str
    load: dict[str, Any]  # how the data set is loaded to train, where not as always


ENGLISH_FRENCH = Recipe(
    pairs.TRANSLATE,
    "tatoeba",
    "medium",
    (5_000,),
    TrainingConfig(rows=128, learning_rate=2e-3, ema=0.999, patience=0),
    {"vocabulary": 4000, "dropout": 0.2},
    "language: [en, fr]\nlicense: apache-2.0\ndata_license: cc-by-2.0-fr\nwrites: short English sentences in French",
    "Translates short English sentences, such as people say, into French.",
    {},
)
RECIPES = {
    "english-french": ENGLISH_FRENCH,
    "french-english": ENGLISH_FRENCH._replace(
        data="tatoeba-back",
        front="language: [fr, en]\nlicense: apache-2.0\ndata_license: cc-by-2.0-fr\nwrites: short French sentences in English",
        what="Translates short French sentences, such as people say, into English.",
    ),
    "english-phonemes": Recipe(
        pairs.PRONOUNCE,
        "cmu-dictionary",
        "medium",
        (24_000,),
        TrainingConfig(rows=128, learning_rate=2e-3, evaluations=12, ema=0.999, patience=0, precision="bf16"),
        {"dropout": 0.2},
        "language: en\nlicense: apache-2.0\ndata_license: bsd-2-clause\nwrites: phonemes of English words, in ARPAbet",
        "Spells out how an English word is pronounced in North America, 39 phonemes with stress.",
        {},
    ),
    "shapes": Recipe(
        pairs.CAPTION,
        "shapes",
        "small",
        (12_000, 30_000),
        TrainingConfig(rows=32, learning_rate=2.5e-3, evaluations=10, ema=0.995, patience=0),
        {"side": 48, "dropout": 0.0},
        "language: en\nlicense: apache-2.0\ndata_license: none\nwrites: what shapes are in a picture, and how they lie",
        "Says of a picture of one or two shapes what they are and how they lie to one another: nothing else has it seen.",
        {"count": 40_000, "side": 48},
    ),
    "emoji": Recipe(
        pairs.CAPTION,
        "emoji",
        "large",
        (10_000,),
        TrainingConfig(rows=64, learning_rate=2e-3, evaluations=10, ema=0.995, patience=0, precision="bf16"),
        {"side": 48, "vocabulary": 1200, "vary": True},
        "language: en\nlicense: apache-2.0\ndata_license: cc-by-4.0, ofl, mit, unicode\nwrites: the name of an emoji",
        "Names an emoji in English, as Unicode does, in whatever style it is drawn; it has learned from Noto, Twemoji and Fluent.",
        {},
    ),
}
CARD = """\
---
{front}
---
# {name}

{what}

| | |
|---|---|
| network | {encoder}, a decoder of {units} that attends to it; {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | {data}: {train:,} pairs; {origin} |
| terms of the data | {licence}; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/pairs/pretrained/make_pairs.py {name}` (seqgen {version}) |
| seed, steps | 0, {steps} of {rows} pairs |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |

Measured from the files in this folder on the test part, which was not trained on, a beam of 5
(`seqgen {domain} score {data} --most 20000`):

{measured}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("name", choices=RECIPES)
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    args = options.parse_args()
    recipe, run = RECIPES[args.name], args.runs / args.name
    data = registry.dataset(recipe.data).load(**recipe.load) if recipe.load else recipe.data
    if run.exists():
        outcome = pairs.resume(run, data, domain=recipe.domain)
    else:
        how = {**recipe.how, "size": recipe.size, "steps": recipe.steps[0], "training": recipe.training}
        outcome = pairs.train(data, run, domain=recipe.domain, **how)
    for total in recipe.steps[1:]:
        if outcome.signal is None and outcome.step < total:
            outcome = pairs.resume(run, data, domain=recipe.domain, steps=total)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    folder, given = HERE / recipe.domain.name / args.name, from_pretrained(outcome.model)
    shutil.rmtree(folder, ignore_errors=True)
    save_in_8_bits(folder, given)
    write_card(folder, recipe)


def encoder_of(settings: dict[str, Any]) -> str:
    if settings["kind"] == "pictures":
        filters = ", ".join(map(str, settings["filters"]))
        return f"{filters} filters over {settings['width']} x {settings['height']} pixels"
    return f"an encoder of {layers(settings)} LSTM cells each way"


def layers(settings: dict[str, Any]) -> str:
    layers, units = settings["layers"], settings["units"]
    return f"{layers} x {units}" if isinstance(layers, int) and layers > 1 else str(units)


def write_card(folder: Path, recipe: Recipe) -> None:
    """Measures the released files and says so in README.md beside them."""
    source, released = registry.dataset(recipe.data), from_pretrained(folder)
    splits = source.load()
    network = released.config["model"]["network"]
    test = scored(pairs.load(folder, recipe.domain), splits.test, recipe.domain.name, beam=5, most=20_000)
    card = CARD.format(
        front=recipe.front,
        name=folder.name,
        what=recipe.what,
        encoder=encoder_of(network["encoder"]),
        units=layers(network),
        parameters=released.parameters,
        megabytes=megabytes(folder),
        data=recipe.data,
        train=recipe.load.get("count", len(splits.train)),
        origin=source.ORIGIN,
        licence=source.LICENCE,
        version=__version__,
        steps=" and on to ".join(f"{total:,}" for total in recipe.steps),
        rows=recipe.training.rows,
        minutes=released.training["minutes"],
        domain=recipe.domain.name,
        measured="\n".join(f"- {measured.text}" for measured in test),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()

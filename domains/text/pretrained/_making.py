"""What recipes beside this file share: training or going on, releasing in 8 bits, and what a card says of the network."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from seqgen import __version__, from_pretrained
from seqgen.domains import text
from seqgen.domains.text.documents import load_codec, unit_of
from seqgen.models.pretrained import save_in_8_bits
from seqgen.models.shipped import megabytes

HERE = Path(__file__).parent
TABLE = """\
| network | {layers} x {units} LSTM, {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | {data} |
| terms of the data | {licence}; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/text/pretrained/{recipe}` (seqgen {version}) |
| seed, steps | {seed}, {steps:,} of {rows} x {window} {unit}s |
| time | {minutes:.0f} minutes on two CPU cores that had other work as well |"""


def arguments(recipe: str, about: str, steps: int) -> argparse.Namespace:
    """Of the command line: `run`, `out` and `steps`. recipe: the file's name, make_MODEL.py."""
    name = Path(recipe).stem.removeprefix("make_")
    options = argparse.ArgumentParser(description=about.splitlines()[0])
    options.add_argument("--run", type=Path, default=Path("runs", name), help="folder to train in")
    options.add_argument("--out", type=Path, default=HERE / name, help="folder of the model, replaced")
    options.add_argument("--steps", type=int, default=steps, help=f"how long to train ({steps})")
    return options.parse_args()


def made(args: argparse.Namespace, data: Any, **how: Any) -> Path:
    """The folder of the released model: trained, or gone on with where a run was stopped."""
    if args.run.exists():
        outcome = text.resume(args.run, data, steps=args.steps)
    else:
        outcome = text.train(data, args.run, steps=args.steps, **how)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    given = from_pretrained(outcome.model)
    shutil.rmtree(args.out, ignore_errors=True)
    save_in_8_bits(args.out, given)
    return Path(args.out)


def table(folder: Path, recipe: str, data: str, licence: str) -> str:
    """Rows of a card: what the model in `folder` is, and what it was made of."""
    released = from_pretrained(folder)
    network, settings = released.config["model"]["network"], released.training["settings"]
    return TABLE.format(
        layers=network["layers"],
        units=network["units"],
        parameters=released.parameters,
        megabytes=megabytes(folder),
        data=data,
        licence=licence,
        recipe=Path(recipe).name,
        version=__version__,
        seed=released.training["seed"],
        steps=released.training["steps"],
        rows=settings["rows"],
        window=settings["window"],
        unit={"char": "character"}.get(unit := unit_of(load_codec(released.config["codec"])), unit),
        minutes=released.training["minutes"],
    )


def write_card(folder: Path, card: str) -> None:
    """README.md beside the model's files."""
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)

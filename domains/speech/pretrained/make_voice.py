"""Makes the shipped voice and its card: `python domains/speech/pretrained/make_voice.py alto`.

Trains in runs/alto (or goes on there, if it was stopped), releases the voice in 8 bits beside this file, measures the
released files and writes the card. Needs the data set `arctic-voice` and the extra `speech`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from seqgen import TrainingConfig, __version__, from_pretrained, registry
from seqgen.domains import speech
from seqgen.machine.cache import use_compile_cache
from seqgen.models.pretrained import save_in_8_bits
from seqgen.models.shipped import megabytes

HERE = Path(__file__).parent
TRAINING = TrainingConfig(
    rows=16, learning_rate=2e-3, ema=0.995, patience=0, evaluations=20, precision="bf16", weight_decay=0.01
)
STEPS = 1600
DATA = "arctic-voice"
CARD = """\
---
language: en
license: apache-2.0
data_license: cc0-1.0
writes: English speech, read aloud, 16 kHz
---
# {name}

Reads an English text aloud in a woman's voice, slightly muffled, with less melody than a person. How well it is understood
docs/speech.md says; nobody has judged how it sounds. It is nobody's voice by name: it was learned from a volunteer's recordings
that were made and given away for just this.

| | |
|---|---|
| networks | a bidirectional LSTM of {reading} cells each way over phones, {layers} of {units} over frames of 10 ms; {parameters:,} parameters, 8-bit weights, {megabytes:.1f} MB |
| data | arctic-voice: {train:,} sentences; {origin} |
| terms of the data | {licence}; the weights are under the licence of seqgen, Apache 2.0 |
| made by | `python domains/speech/pretrained/make_voice.py {name}` (seqgen {version}) |
| seed, steps | 0, {steps:,} of {rows} sentences |
| time | {minutes:.0f} minutes on two CPU cores |

Measured from the files in this folder on the {test} sentences of the test part, which were not trained on, durations
given (`seqgen speech score arctic-voice`):

- mel-cepstral distortion {distortion:.2f} dB, pitch {hertz:.1f} Hz (root mean square), voicing errors {voicing:.1%}
- durations, where the voice chooses them: {durations:.2f} frames of 5 ms a phone (root mean square)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("name", nargs="?", default=speech.VOICE, help="what the voice is called (alto)")
    options.add_argument("--runs", type=Path, default=Path("runs"), help="folder to train in")
    options.add_argument("--size", default="medium", help="of the networks (medium)")
    options.add_argument("--steps", type=int, default=STEPS, help=f"of {TRAINING.rows} sentences ({STEPS})")
    args = options.parse_args()
    use_compile_cache()
    run = args.runs / args.name
    if run.exists():
        outcome = speech.resume(run)
    else:
        outcome = speech.train(DATA, run, size=args.size, steps=args.steps, training=TRAINING)
    if outcome.signal is not None:
        sys.exit(f"stopped at step {outcome.step}; run this again to go on")
    folder, given = HERE / args.name, from_pretrained(outcome.model)
    shutil.rmtree(folder, ignore_errors=True)
    save_in_8_bits(folder, given)
    write_card(folder)


def write_card(folder: Path) -> None:
    """Measures the released files and says so in README.md beside them."""
    source, released = registry.dataset(DATA), from_pretrained(folder)
    splits = source.load()
    settings = released.config["model"]
    found = speech.load(folder).score(splits.test)
    card = CARD.format(
        name=folder.name,
        reading=settings["network"]["units"],
        layers=settings["over"]["layers"],
        units=settings["over"]["units"],
        parameters=released.parameters,
        megabytes=megabytes(folder),
        train=len(splits.train),
        test=len(splits.test),
        origin=source.ORIGIN,
        licence=source.LICENCE,
        version=__version__,
        steps=released.training["steps"],
        rows=TRAINING.rows,
        minutes=released.training["minutes"],
        distortion=found.nearness.distortion,
        hertz=found.nearness.hertz,
        voicing=found.nearness.voicing,
        durations=found.durations,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    print(card)


if __name__ == "__main__":
    main()

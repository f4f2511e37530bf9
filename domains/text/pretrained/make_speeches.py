"""Makes the model `speeches` and its card: `python domains/text/pretrained/make_speeches.py`.

Trains in runs/speeches (or goes on there, if it was stopped), releases the model in 8 bits beside this file, measures the
released file and writes the card. Needs the data set `speeches` (datasets/speeches/SOURCE.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seqgen import TrainingConfig, registry
from seqgen.domains import text
from seqgen.domains.text.pretrained._making import arguments, made, table, write_card
from seqgen.machine.cache import use_compile_cache

speeches = registry.dataset("speeches")

STEPS = 2_000
# A topic is a matter of words: a label says at once which sub-words are likely, and hardly anything of characters.
LEVEL, SIZE = "subwords", "small"
TRAINING = TrainingConfig(rows=32, window=128, learning_rate=6e-3, patience=0, precision="bf16")
OPENING = 8_000  # characters of a speech that its decade is told by
JUDGED = 20  # passages of a topic that it is told by, and samples in which it is looked for
LENGTH, TEMPERATURE = 600, 0.8
TOPICS = sorted(speeches.TOPICS)

CARD = """\
---
language: en
license: apache-2.0
data_license: public domain
writes: presidents' speeches, by decade or topic
---
# speeches

Writes in the manner of the messages that presidents of the United States sent to Congress: as in a decade (`--label 1860s`, from
its salutation on), about a topic (`--label war`), or both (`--label 1860s:0.5,war:0.5`). What it says of people, places and
figures is made up, and nobody ever said it.

Topics: {topics}. Decades: 1790s to 2020s.

| | |
|---|---|
{table}

Measured from the files in this folder on the {speeches} speeches of years that end in 4, which it was not trained on:

| | |
|---|---|
| nats/char, speeches and passages, static, each told its label | {nats:.4f} |
| decade that `classify` finds likeliest in the first {opening:,} characters of a speech | {decades:.0%} right, {near:.0%} right or next to it (of 24 decades) |
| topic that `classify` finds likeliest in a passage, up to {judged} a topic | {told:.0%} right (of {passages}) |
| samples of {length} characters, temperature {temperature}, that are about the topic asked for, by the rule of the data set | {kept:.0%} |
| the same where all ten topics are mixed alike | {unasked:.1%} |

The rule: a passage is about the topic of which it has the most words of a list, if those are 3 or more and twice as many as of any
other (datasets/speeches/SOURCE.md).
"""


def main() -> None:
    args = arguments(__file__, __doc__, STEPS)
    use_compile_cache()
    folder = made(args, "speeches", documents="file", labels="folder", level=LEVEL, size=SIZE, training=TRAINING)
    released, test = text.load(folder), speeches.load().test
    spoken = [document for document in test if document.label not in TOPICS]
    passages = [
        document for topic in TOPICS for document in [one for one in test if one.label == topic][:JUDGED]
    ]  # fmt: skip
    decades = [label for label in released.codec.labels if label not in TOPICS]
    found = [likeliest(released, document.text[:OPENING], decades) for document in spoken]
    far = [abs(int(one[:4]) - int(document.label[:4])) for one, document in zip(found, spoken, strict=True)]
    told = [likeliest(released, document.text, TOPICS) == document.label for document in passages]
    kept, unasked = keeping(released)
    card = CARD.format(
        topics=", ".join(TOPICS),
        table=table(folder, __file__, f"speeches: {speeches.ORIGIN}", speeches.LICENCE),
        speeches=len(spoken),
        nats=released.score(test).nats_per_char,
        opening=OPENING,
        decades=share([distance == 0 for distance in far]),
        near=share([distance <= 10 for distance in far]),
        judged=JUDGED,
        told=share(told),
        passages=len(passages),
        length=LENGTH,
        temperature=TEMPERATURE,
        kept=kept,
        unasked=unasked,
    )
    write_card(folder, card)


def likeliest(model: text.TextModel, passage: str, labels: Sequence[str]) -> str:
    """Of these labels the one that `classify` finds most probable."""
    return next(label for label in model.classify(passage) if label in labels)


def keeping(model: text.TextModel) -> tuple[float, float]:
    """The share of samples that are about the topic asked for, and about one of the topics on average where none is."""

    def topics(label: str, seed: int) -> Counter[str]:
        drawn = model.samples([""] * JUDGED, length=LENGTH, temperature=TEMPERATURE, label=label, seed=seed)
        return Counter(map(speeches.topic_of, drawn))

    asked = sum(topics(topic, seed)[topic] for seed, topic in enumerate(TOPICS))
    mixed = ",".join(f"{topic}:0.1" for topic in TOPICS)
    unasked = sum((topics(mixed, seed) for seed in range(len(TOPICS))), Counter[str]())
    return asked / (JUDGED * len(TOPICS)), sum(unasked[topic] for topic in TOPICS) / len(TOPICS) / (
        JUDGED * len(TOPICS)
    )


def share(right: Sequence[bool]) -> float:
    return sum(right) / max(len(right), 1)


if __name__ == "__main__":
    main()

"""The guard: what counts as a divergence, and that a run goes back, slower and elsewhere, to the same bits each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from seqgen.batching import Batch, Inputs, Windows
from seqgen.config import TrainingConfig
from seqgen.domain import Splits
from seqgen.domains.text import DOMAIN
from seqgen.errors import TrainingError
from seqgen.models.pretrained import from_pretrained
from seqgen.training import Metrics, TrainState, divergence, loop, make_train_step, metrics, run
from seqgen.training.checkpoint import Checkpoints
from seqgen.training.divergence import ROLL_BACKS, WINDOW, Guard, pointed, watch, way_back

POEM = "".join(f"Line {number} of a poem, no longer than it need be;\n" for number in range(20))
NAN, INF = float("nan"), float("inf")

# What counts


def first_alarm(losses: Iterable[float], attempt: int = 0) -> int | None:
    """The step, counted from 1, at which the guard finds something wrong."""
    guard = Guard()
    for step, loss in enumerate(losses, 1):
        guard, trouble = watch(guard, loss, 1.0, attempt)
        if trouble:
            return step
    return None


def learned(steps: int = 200) -> np.ndarray:
    """From about 4 to about 1, with the noise of batches."""
    noise = np.random.default_rng(0).normal(0, 0.1, steps)
    return 1 + 3 * np.exp(-np.arange(steps) / 40) + noise


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.0, -10.0), (100.0, -7.0)])
def test_a_lasting_rise_is_a_spike_in_any_unit_and_below_zero(scale: float, shift: float) -> None:
    def alarm(end: list[float]) -> int | None:
        return first_alarm(scale * np.array([*learned(), *end]) + shift)

    assert alarm([1.0] * 50) is None
    # Half of what was learned is lost where the loss is above 2.3; a median takes six of ten to get there.
    assert alarm([2.0] * 50) is None
    assert alarm([3.0] * 50) == 200 + WINDOW // 2 + 1
    # Slow divergence: the level to compare with is the lowest, it does not follow.
    assert alarm(list(np.linspace(1, 4, 1000))) is not None


def test_a_batch_out_of_the_ordinary_is_no_spike() -> None:
    losses = learned(2000)
    losses[50::20] = 1e6
    assert first_alarm(losses) is None


@pytest.mark.parametrize("tails", [3, 1000], ids=["heavy", "normal"])
def test_noise_is_no_spike_where_there_is_nothing_to_learn(tails: int) -> None:
    random = np.random.default_rng(1)
    assert first_alarm(random.standard_t(tails, 20_000)) is None
    assert first_alarm([2.0] * 1000) is None


def test_a_model_that_is_trained_on_may_lose_before_it_gains() -> None:
    """As handwriting does that learned words and goes on with lines: the rate rises, the loss does, and comes back."""
    steps, noise = np.arange(600), np.random.default_rng(2).normal(0, 0.05, 600)
    losses = np.interp(steps, [0, 50, 90, 150, 300, 599], [-3.7, -3.5, -2.1, -3.2, -3.4, -4.3]) + noise
    assert first_alarm(losses) is None
    assert first_alarm([*losses, *[-3.7] * 50]) is None
    assert first_alarm([*losses, *[-2.5] * 50]) == 600 + WINDOW // 2


@pytest.mark.parametrize(("loss", "norm"), [(NAN, 1.0), (INF, 1.0), (-INF, 1.0), (2.0, NAN), (2.0, INF)])
def test_what_is_no_number_is_wrong_at_once_and_always(loss: float, norm: float) -> None:
    for attempt in (0, ROLL_BACKS):
        assert watch(Guard(), loss, norm, attempt) == (Guard(), "the loss or its gradient is no longer a number")


def test_a_spike_is_left_alone_after_so_many_roll_backs() -> None:
    spike = [*learned(), *[3.5] * 50]
    assert first_alarm(spike, ROLL_BACKS - 1) and not first_alarm(spike, ROLL_BACKS)


def test_the_way_back_passes_over_a_point_that_is_too_fresh() -> None:
    guard = pointed(Guard(), 0)
    assert way_back(guard, 3) == 0
    guard = pointed(pointed(guard, 10), 20)
    assert guard.points == (10, 20)
    assert (way_back(guard, 20 + WINDOW - 1), way_back(guard, 20 + WINDOW)) == (10, 20)


def test_the_guard_comes_back_from_notes_as_it_was() -> None:
    guard = Guard()
    for loss in learned(37):
        guard, _ = watch(guard, float(loss), 1.0, 0)
    guard = pointed(guard, 30)
    assert Guard.from_notes({"guard": {**guard._asdict(), "recent": list(guard.recent), "points": [30]}}) == guard
    assert Guard.from_notes({}) == Guard()


def test_the_scale_is_the_learning_rate_s() -> None:
    def loss(params: Any, carry: Any, batch: Any, key: Any) -> Any:
        del key
        return jnp.sum(params["w"] * batch.targets), (jnp.ones(()), carry)

    step = make_train_step(loss, optax.sgd(1.0))
    batch = Batch(Inputs(0), jnp.array([0.25, -3.0, 7.0]), True, True)
    moves = []
    for scale in (1.0, 0.5):
        params = {"w": jnp.zeros(3)}
        state = TrainState(
            jnp.zeros((), jnp.int32),
            params,
            optax.sgd(1.0).init(params),
            (),
            jax.random.key_data(jax.random.key(0)),
            jax.tree.map(jnp.zeros_like, params),
            jnp.zeros(()),
            jnp.zeros((), jnp.int32),
            lr_scale=jnp.asarray(scale, jnp.float32),
            attempt=jnp.zeros((), jnp.int32),
        )
        moves.append(np.asarray(step(state, batch)[0].params["w"]))
    np.testing.assert_array_equal(moves[0], [-0.25, 3.0, -7.0])
    np.testing.assert_array_equal(moves[1], moves[0] / 2)


# The way back, in a run whose steps are made up: each moves the weights by what its batch holds


class Killed(BaseException):
    """As a kill: nothing catches it, nothing is saved."""


Going = Callable[..., run.Outcome]


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Going:
    """Begins a run, or goes on with it; `loss(step, attempt)`; killed after `kill` steps of all its attempts together."""

    def going(
        name: str,
        *,
        loss: Callable[[int, int], float],
        norm: float = 1.0,
        valid: Sequence[float] = (),
        kill: int = 0,
        every: float = 60.0,
    ) -> run.Outcome:
        clock, validated = [0.0], iter(valid)

        def train_step(state: TrainState, batch: Any) -> tuple[TrainState, Metrics]:
            clock[0] += 1.0
            if clock[0] == kill:
                raise Killed
            move = np.float32(state.lr_scale) * np.float32(batch.targets.mean())
            params = jax.tree.map(lambda leaf: np.asarray(leaf) + move, state.params)
            step, attempt = int(state.step) + 1, int(state.attempt)
            state = state._replace(step=np.int32(step), params=params, ema=params)
            return state, Metrics(loss(step, attempt), 1, norm)  # type: ignore[arg-type]

        monkeypatch.setattr(divergence, "WINDOW", 10)  # runs of 40 steps
        monkeypatch.setattr(loop, "EVALUATE_SHARE", 0)
        monkeypatch.setattr(loop, "train_step_of", lambda *rest: train_step)
        monkeypatch.setattr(
            loop, "evaluate", lambda model, params, *rest: next(validated, float(params["head"]["bias"][0]))
        )
        for module in (run, loop):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
        data, folder = Splits([POEM], [POEM]), tmp_path / name
        if folder.exists():
            return run.resume(folder, DOMAIN, data)
        training = TrainingConfig(rows=2, window=8, patience=0, save_seconds=every)
        return run.begin(folder, DOMAIN, data, size="tiny", steps=40, training=training)

    return going


def spoilt(step: int, attempt: int) -> float:
    """No number at step 25 of the first attempt, a lasting spike from step 33 on in the second."""
    if attempt == 0:
        return NAN if step == 25 else 4 - step / 10
    return 5.0 if attempt == 1 and step >= 33 else 4 - step / 10


def end(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The bits of a run's last state, and what its metrics tell but for speed, and means that a kill cut short."""
    rows = [{**row, "steps_per_s": 0, "nll": 0} for row in metrics.read(folder / "metrics.jsonl")]
    return Checkpoints(folder / "checkpoints").digest(), rows


def test_a_divergence_goes_back_slower_and_elsewhere(
    go: Going, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    begun: list[int] = []
    batch = Windows.batch

    def noted(self: Windows, step: int, attempt: int = 0, **settings: Any) -> Batch:
        dealt = batch(self, step, attempt, **settings)
        if (step, attempt) != (asked[-1][0] + 1, asked[-1][1]) if asked else True:
            begun.append(step)
            assert dealt.reset[:, 0].all()  # nothing that was read before belongs to these rows
        asked.append((step, attempt))
        return dealt

    monkeypatch.setattr(Windows, "batch", noted)
    outcome = go("out", loss=spoilt)
    assert (outcome.step, outcome.stopped_early) == (40, False)
    # Step 25 follows the point of step 20 too closely; and where it went back is the only point then.
    first, second = [(step, 0) for step in range(25)], [(step, 1) for step in range(10, 38)]
    assert asked == [*first, *second, *[(step, 2) for step in range(20, 40)]]
    assert begun == [0, 10, 20]
    first_line, second_line = [line for line in capsys.readouterr().err.splitlines() if "roll-back" in line]
    assert first_line == (
        "the loss or its gradient is no longer a number at step 25: going on from step 10 with 0.5 of the learning "
        "rate and other batches (roll-back 1 of 5)"
    )
    assert second_line == (
        "the loss rose from 1.250 to 5.000 at step 38: going on from step 20 with 0.25 of the learning rate and other "
        "batches (roll-back 2 of 5)"
    )
    rows = metrics.read(tmp_path / "out" / "metrics.jsonl")
    backs = [row for row in rows if "rolled_back_from" in row]
    assert [(row["step"], row["rolled_back_from"], row["attempt"], row["lr_scale"]) for row in backs] == [
        (10, 25, 1, 0.5), (20, 38, 2, 0.25)
    ]  # fmt: skip
    assert [row["step"] for row in rows if "nll" in row] == [10, 20, 30, 40]
    assert sorted(path.name.split("_")[-1] for path in (tmp_path / "out" / "checkpoints").iterdir()) == ["30", "40"]


@pytest.mark.parametrize(
    ("kills", "every"),
    [
        ([27], 60.0),
        ([24, 27, 22], 5.0),
        pytest.param([55], 60.0, marks=pytest.mark.slow),
        pytest.param([12] * 6, 5.0, marks=pytest.mark.slow),
    ],
)
def test_a_run_killed_around_its_roll_backs_ends_in_the_same_bits(
    go: Going, tmp_path: Path, kills: Sequence[int], every: float
) -> None:
    """Also with checkpoints in between, which only some runs have and nothing may depend on."""
    go("whole", loss=spoilt)
    for kill in kills:
        with pytest.raises(Killed):
            go("killed", loss=spoilt, kill=kill, every=every)
    assert go("killed", loss=spoilt).step == 40
    assert end(tmp_path / "killed") == end(tmp_path / "whole")


@pytest.mark.parametrize(("loss", "norm"), [(NAN, 1.0), (INF, 1.0), (2.0, NAN)])
def test_roll_backs_are_bounded_and_what_is_saved_is_good(
    go: Going, tmp_path: Path, loss: float, norm: float, capsys: pytest.CaptureFixture[str]
) -> None:
    always = (
        r"^the loss or its gradient is no longer a number at step 1, and 5 roll-backs did not help; look for broken "
        rf"values in the data, or begin again with a smaller size or, in Python, training=TrainingConfig\(learning_rate"
        rf"=\.\.\.\); what {tmp_path / 'out'} has saved is good$"
    )
    for _ in range(2):  # again after a resume
        with pytest.raises(TrainingError, match=always):
            go("out", loss=lambda step, attempt: loss, norm=norm)
    assert capsys.readouterr().err.count("roll-back ") == ROLL_BACKS
    assert not math.isnan(loss + norm) or not (tmp_path / "out" / "model").exists()
    assert Checkpoints(tmp_path / "out" / "checkpoints").latest_step == 0


def test_the_best_model_outlives_the_way_back(go: Going, tmp_path: Path) -> None:
    """What was validated after the point and before the trouble is released, and stays the one to beat."""
    valid = [6.0, 5.0, 5.5, 5.6, 5.4]  # at 10, at 20, and from 20 to 40 after the way back from 25 to 10
    outcome = go("out", loss=lambda step, attempt: NAN if (step, attempt) == (25, 0) else 2.0, valid=valid)
    assert (outcome.step, outcome.best) == (40, 5.0)
    notes = from_pretrained(outcome.model).training
    assert (notes["steps"], notes["valid"]) == (20, 5.0)

"""Training checkpoints: Orbax writes the arrays, SHA-256 sums tell whether they are still what was written.

    RUN/checkpoints/000017_step_1200/      the seventeenth save of the run
        state/          Orbax's, the leaves of the TrainState by name
        notes.json      their shapes, and the caller's notes
        SHA256SUMS      over all of it

Orbax alone restores flipped bits without a word, and leaves the folder's last rename to chance.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import logging
import re
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ..devices import distributed
from ..errors import ModelError, UsageError
from ..files import storage
from ..models.pretrained import differences, named

if TYPE_CHECKING:
    from ..devices.crew import Crew
    from .steps import TrainState

FORMAT = 3
SINCE = {"lr_scale": 2, "attempt": 2, "nats": 3}  # the first format that has it
_NAME = re.compile(r"\d{6,}_step_\d+", re.ASCII)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


class Checkpoints:
    """The checkpoints of one run, in `folder`; the newest `keep` of them stay.

    crew: the devices the state lies on. The first of several processes writes for all; all read, so the folder must be
    one that every machine sees.
    Saves are numbered, so a run that went back and took another way goes on from its last save, not its largest step.
    tell: takes a line about a damaged checkpoint that was passed over; the default writes it to stderr.
    """

    def __init__(
        self, folder: str | Path, keep: int = 2, tell: Callable[[str], None] = _tell, crew: Crew | None = None
    ) -> None:
        if keep < 1:
            raise UsageError(f"keeping {keep} checkpoints would leave none to go on from; keep 1 or more")
        self.folder, self.keep, self.tell, self.crew = Path(folder).absolute(), keep, tell, crew

    @property
    def latest_step(self) -> int | None:
        """Steps done at the newest save; not verified, `restore` is."""
        folders = self.folders()
        return _step(folders[-1]) if folders else None

    def save(self, state: TrainState, notes: Mapping[str, Any] = {}, hold: Collection[int] = ()) -> Path:
        """Writes a checkpoint and waits until it is on the disk; then removes the ones too many.

        hold: steps of which the newest save stays, however old it is.
        A kill at any moment leaves the previous ones as they were. Raises UsageError when the folder cannot be
        written or the disk is full, and for notes that are not plain JSON values.
        """
        if self.crew:
            state = self.crew.fetch(state)
        if distributed.leads():
            self._save(state, notes, hold)
        distributed.agree(0)  # nobody goes on, or looks for it, before it is there
        return self.folders()[-1]

    def _save(self, state: TrainState, notes: Mapping[str, Any], hold: Collection[int]) -> None:
        leaves = {name: np.asarray(leaf) for name, leaf in named(state).items()}
        shapes = {name: _described(leaf) for name, leaf in leaves.items()}
        try:
            text = json.dumps({"format": FORMAT, "leaves": shapes, "notes": dict(notes)}, indent=1, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"notes must be plain, finite JSON values: {error}; leave others out") from None
        for leftover in (*self.folder.glob(".*.saving"), *self.folder.glob("*.damaged")):
            shutil.rmtree(leftover, ignore_errors=True)
        before = self.folders()
        number = 1 + (int(before[-1].name.split("_")[0]) if before else 0)
        folder = self.folder / f"{number:06}_step_{int(leaves['step'])}"
        with storage.building(folder) as temporary:
            _write(temporary / "state", leaves)
            (temporary / "notes.json").write_text(text, encoding="utf-8")
        folders = self.folders()
        held = {_step(path): path for path in folders if _step(path) in hold}  # the newest of a step is the last
        for path in folders[: -self.keep]:
            if path not in held.values():
                shutil.rmtree(path, ignore_errors=True)

    def restore(self, template: TrainState, until: int | None = None) -> tuple[TrainState, dict[str, Any]] | None:
        """The newest undamaged checkpoint and its notes, bit for bit; None when nothing was saved.

        template: a state of the same run, such as `init_state` gives; only its structure, shapes and dtypes matter.
        until: the newest of those with at most so many steps.
        Raises ModelError when all are damaged, and for one of another model, optimiser, batch size or version.
        """
        damaged = {}
        for folder in reversed(self.folders()):
            if until is not None and _step(folder) > until:
                continue
            try:
                storage.check(folder)
            except ModelError as error:
                damaged[folder] = str(error)
                continue
            state, notes = _read(folder, template)
            for path, problem in damaged.items() if distributed.leads() else ():
                self.tell(f"{problem.split(';')[0]}; going on from {folder.name} instead")
                with contextlib.suppress(OSError):  # out of the way, or it would count as one of those to keep
                    path.rename(path.with_name(path.name + ".damaged"))
            most, least = distributed.agree(int(state.step), -int(state.step))
            if most != -least:
                raise ModelError(
                    f"the processes see different checkpoints in {self.folder}, of steps {-least} and {most}; "
                    "the run's folder must be on a disk that all of them share"
                )
            if self.crew is None:
                return state, notes
            from .steps import place_state  # here: optax takes a while to import, and `verify` needs none of it

            return place_state(self.crew, state), notes
        for problem in damaged.values():
            raise ModelError(f"no undamaged checkpoint in {self.folder}: {problem}, or start a new run")
        return None

    def digest(self) -> str:
        """SHA-256 over the newest checkpoint's arrays: two runs are in the same state where it is the same.

        Raises ModelError when there is none, or a damaged one.
        """
        folders = self.folders()
        if not folders:
            raise ModelError(f"there is no checkpoint in {self.folder}; train first")
        storage.check(folders[-1])
        digest = hashlib.sha256()
        for name, leaf in sorted(_leaves(folders[-1], _about(folders[-1])["leaves"]).items()):
            digest.update(f"{name} {_described(leaf)}\n".encode() + leaf.tobytes())
        return digest.hexdigest()

    def folders(self) -> list[Path]:
        """Finished saves, oldest first. Raises ModelError where they cannot be listed: that is not the same as none."""
        try:
            paths = list(self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise ModelError(f"cannot read {self.folder}: {error.strerror}; check its permissions") from None
        found = [path for path in paths if _NAME.fullmatch(path.name) and path.is_dir()]
        return sorted(found, key=lambda path: int(path.name.split("_")[0]))


def _step(folder: Path) -> int:
    return int(folder.name.split("_")[-1])


def _described(leaf: Any) -> str:
    return f"{np.dtype(leaf.dtype).name}{list(leaf.shape)}"


def _checkpointer(**settings: Any) -> Any:
    """Orbax's, of this process alone: it would wait for all others to write their parts."""
    import orbax.checkpoint as ocp  # here: it takes as long to import as JAX, and `--help` does not need it

    number = jax.process_index()
    alone = ocp.options.MultiprocessingOptions(
        primary_host=number, active_processes={number}, barrier_sync_key_prefix=f"process{number}"
    )
    handler = ocp.PyTreeCheckpointHandler(multiprocessing_options=alone, **settings)
    return ocp.Checkpointer(handler, multiprocessing_options=alone)


def _write(path: Path, leaves: dict[str, np.ndarray]) -> None:
    import orbax.checkpoint as ocp

    # Orbax looks for what it wrote by a pattern with the whole path in it, and where a [ in that finds nothing, leaves out
    # the index without a word. Without OCDBT, a file for every array, it needs none.
    plain = glob.escape(str(path)) == str(path)
    with _quiet(), _checkpointer(use_ocdbt=plain) as checkpointer:
        try:
            checkpointer.save(path, args=ocp.args.PyTreeSave(leaves))
        except ValueError as error:  # what tensorstore makes of a full disk
            _settle(path)
            raise OSError(0, re.sub(r".*: | \[.*", "", str(error))) from None
    if plain and not (path / "manifest.ocdbt").is_file():
        raise OSError(0, "Orbax left the checkpoint without its index")


def _settle(path: Path) -> None:
    """Waits while Orbax, which failed with one array, still writes others: a folder removed now would come back."""
    before, calm = -1, 0
    for _ in range(100):
        now = sum(1 for _ in path.parent.rglob("*"))
        before, calm = now, calm + 1 if now == before else 0
        if calm == 5:
            return
        time.sleep(0.05)


def _about(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    if about["format"] > FORMAT:
        raise ModelError(
            f"{folder} has format {about['format']}, this seqgen reads formats up to {FORMAT}: pip install --upgrade seqgen"
        )
    return about


def _leaves(folder: Path, names: Collection[str]) -> dict[str, np.ndarray]:
    import orbax.checkpoint as ocp

    arguments = {name: ocp.RestoreArgs(restore_type=np.ndarray) for name in names}
    with _quiet(), _checkpointer() as checkpointer:
        wanted = ocp.args.PyTreeRestore(dict.fromkeys(names, 0), restore_args=arguments)
        leaves: dict[str, np.ndarray] = checkpointer.restore(folder / "state", args=wanted)
    return leaves


def _read(folder: Path, template: TrainState) -> tuple[TrainState, dict[str, Any]]:
    about, wanted = _about(folder), named(template)
    newer = {name: template._field_defaults[name] for name, first in SINCE.items() if about["format"] < first}
    kept = {name: _described(leaf) for name, leaf in wanted.items() if name not in newer}
    if wrong := differences(about["leaves"], kept):
        raise ModelError(f"{folder} is of another run: {wrong}; resume with the settings the run began with")
    leaves = {**_leaves(folder, kept), **newer}
    # A copy: JAX may take a NumPy array's memory for its own, and the first training step gives it away.
    state = jax.tree.unflatten(jax.tree.structure(template), [jnp.array(leaves[name]) for name in wanted])
    return state, about["notes"]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Orbax logs a stack trace of what it raises anyway."""
    logger = logging.getLogger("absl")

    def nothing(record: logging.LogRecord) -> bool:
        del record
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)

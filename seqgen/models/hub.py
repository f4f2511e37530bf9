"""Models on the Hugging Face hub: `push` puts one there, `pull` fetches one and checks it. Needs the extra `hub`.

Four files, by name, are all that is ever sent or fetched, whatever else a folder or a repository holds. Who you are is
what `hf auth login` left on this machine: no token passes through here.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import ModelError, SeqgenError, UsageError
from ..files import storage
from ..files.folders import free_path, refuse_used
from .card import CARD, with_header
from .info import find
from .pretrained import CONFIG, MAX_CONFIG, MAX_WEIGHTS, WEIGHTS, from_pretrained

MAX_TEXT = 1 << 20  # bytes, of the card and of the list of sums
_LIMITS = {CONFIG: MAX_CONFIG, WEIGHTS: MAX_WEIGHTS, storage.SUMS: MAX_TEXT, CARD: MAX_TEXT}
_PART = r"\w(?:[\w.-]{0,94}\w)?"


def push(model: str | Path, repository: str, *, public: bool = False) -> str:
    """Puts a shipped model, a run's or a model folder's into the repository, in one commit. Returns its address.

    A repository that is not there yet is made, for its owner's eyes alone unless `public`. The card goes there with the
    header that the hub sorts by; the folder stays as it is.

    Raises ModelError for a damaged model, UsageError for a name that cannot be or a repository that holds something
    else, SeqgenError for what the hub or the network refuses.
    """
    _check(repository)
    hub = _package()
    files = _files(find(model), repository)
    api = hub.HfApi(library_name="seqgen", library_version=__version__)
    with _asking(hub, repository):
        address = str(api.create_repo(repository, private=not public, exist_ok=True))
        there = {file.rfilename for file in api.model_info(repository).siblings or ()}
    if there & {CONFIG, WEIGHTS} and storage.SUMS not in there:
        raise UsageError(f"{repository} holds a model that is not seqgen's; name a new repository")
    with _asking(hub, repository):
        commit = [hub.CommitOperationAdd(name, data) for name, data in files.items()]
        api.create_commit(repository, commit, commit_message=f"A model by seqgen {__version__}")
    return address


def pull(repository: str, out: str | Path | None = None, *, revision: str | None = None) -> Path:
    """Fetches a model into the folder `out`, a new one named after it by default, and returns that.

    It is put there whole, and only after the check of `seqgen verify`; a card's sum is checked where it has one.

    revision: a branch, tag or commit; the newest by default.
    Raises ModelError for what is no model, or a damaged or hostile one, UsageError for a name that stands for nothing
    and a folder that is in use, SeqgenError for what the hub or the network refuses.
    """
    _check(repository)
    hub = _package()
    out = (free_path(Path(repository.split("/")[1])) if out is None else Path(out)).resolve()
    refuse_used(out)
    api = hub.HfApi(library_name="seqgen", library_version=__version__)
    with _asking(hub, repository, revision):
        found = api.model_info(repository, revision=revision, files_metadata=True)
    names = _wanted(repository, {file.rfilename: file.size for file in found.siblings or ()})
    scratch = out.with_name(f".{out.name}.pulling")
    try:
        shutil.rmtree(scratch, ignore_errors=True)  # of somebody who was killed
        scratch.mkdir(parents=True)
        for name in names:
            with _asking(hub, repository, revision):  # all of one commit, even if somebody pushes meanwhile
                api.hf_hub_download(repository, name, revision=found.sha, local_dir=scratch)
        _inspect(repository, scratch, names)
        with storage.building(out) as temporary:
            for name in (CONFIG, WEIGHTS):
                (scratch / name).rename(temporary / name)
        if CARD in names:  # afterwards, so that it has no sum: a card may be edited
            storage.replace_file(out / CARD, (scratch / CARD).read_bytes())
    except OSError as error:
        raise UsageError(
            f"cannot write {out}: {error.strerror or error}; free some space or name another --out"
        ) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out


def _files(folder: Path, repository: str) -> dict[str, bytes]:
    """What is sent: read once, since a training may release a better model at any moment."""
    given = from_pretrained(folder)
    digests = storage.sums(folder)
    sizes = {name: (folder / name).stat().st_size for name in (CONFIG, WEIGHTS)}
    files = {name: storage.read(folder, name, digests, size) for name, size in sizes.items()}
    # A card is edited on the hub: a sum of it would make every later pull fail.
    files[storage.SUMS] = "".join(f"{digests[name]}  {name}\n" for name in files).encode()
    path = folder / CARD
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ModelError(f"{path} is a link or no file; put the card itself there")
    card = path.read_bytes() if path.exists() else _new_card(given.domain, repository)
    tags = json.dumps(["lstm", "jax", given.domain])  # JSON is YAML
    files[CARD] = with_header(card, {"library_name": "seqgen", "tags": tags, "license": "unknown"})
    if len(files[CARD]) > MAX_TEXT:
        raise UsageError(f"{path} takes more than {MAX_TEXT} bytes; make the card shorter")
    return files


def _new_card(domain: str, repository: str) -> bytes:
    name = repository.split("/")[1]
    return (
        f"# {name}\n\nA model of {domain}, made with seqgen.\n\n"
        f'```sh\npip install "seqgen[hub]"\nseqgen pull {repository}\nseqgen info ./{name}\n```\n'
    ).encode()


def _check(repository: str) -> None:
    """What the hub allows, which is also a file name that leads nowhere else."""
    named = re.fullmatch(rf"{_PART}/{_PART}", repository, re.ASCII)
    if not named or "--" in repository or ".." in repository or repository.endswith(".git"):
        raise UsageError(f"{repository[:200]!r} cannot be on the hub; give OWNER/NAME, of letters, digits, - _ and .")


def _wanted(repository: str, sizes: Mapping[str, int | None]) -> list[str]:
    """Which files to fetch, of those that are there."""
    for name, most in _LIMITS.items():
        size = sizes.get(name)
        if name not in sizes and name != CARD:
            raise ModelError(
                f"{repository} holds no model of seqgen's: there is no {name} in it; name one that `seqgen push` made"
            )
        if name in sizes and (size is None or size > most):
            raise ModelError(
                f"{repository} is not pulled: {name} takes {'?' if size is None else size} bytes, more than the {most} "
                "it may; it is damaged or no model of seqgen's"
            )
    return [name for name in _LIMITS if name in sizes]


def _inspect(repository: str, scratch: Path, names: list[str]) -> None:
    """The check of `seqgen verify`, and that the card, which it does not look at, is a file of the size it may have."""
    try:
        for name in names:
            path = scratch / name
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _LIMITS[name]:
                raise ModelError(
                    f"{name} is a link, no file, or more than {_LIMITS[name]} bytes; get an undamaged copy"
                )
        storage.check(scratch)
        from_pretrained(scratch)
    except ModelError as error:
        # The folder is gone when this is read.
        words = str(error).replace(str(scratch / "_")[:-1], "")
        raise ModelError(f"{repository} is not pulled: {words}") from None


def _package() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError:
        raise SeqgenError("huggingface_hub, which reaches the hub, is missing: pip install 'seqgen[hub]'") from None
    return huggingface_hub


@contextlib.contextmanager
def _asking(hub: Any, repository: str, revision: str | None = None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        told = _told(hub.errors, error, repository, revision)
        if told is None:
            raise
        raise told from None


def _told(errors: Any, error: BaseException, repository: str, revision: str | None) -> SeqgenError | None:
    """One line for what the hub, the network or the package raised; None for what the disk did.

    Never their own words, which are a stranger's and hold addresses and headers.
    """
    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        error = error.__cause__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        return SeqgenError(
            f"{repository} is open to some only; ask for access on its page on the hub, then log in: hf auth login"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return UsageError(
            f"there is no model {repository} on the hub, or it is private; check the name, or log in: hf auth login"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return UsageError(
            f"{repository} has no revision {revision!r}; name a branch, tag or commit, or leave out --revision"
        )
    if isinstance(error, errors.LocalTokenNotFoundError) or status in (401, 403):
        return SeqgenError(
            f"the hub does not let you do that with {repository}; log in with a token that may: hf auth login"
        )
    if isinstance(error, errors.OfflineModeIsEnabled):
        return SeqgenError("HF_HUB_OFFLINE forbids asking the hub; unset it")
    if status is not None:
        return SeqgenError(f"the hub answered with HTTP {status}; try again later")
    if isinstance(error, (errors.HTTPError, errors.LocalEntryNotFoundError, ConnectionError, TimeoutError)):
        return SeqgenError("cannot reach the hub; check the network and try again")
    if isinstance(error, OSError):
        return None
    return SeqgenError(
        f"huggingface_hub failed with {type(error).__name__}; try again, or pip install --upgrade huggingface_hub"
    )

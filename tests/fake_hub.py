"""A stand-in for the hub and its package: folders instead of a network."""

from __future__ import annotations

import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest

FILES = {"config.json", "model.safetensors", "SHA256SUMS", "README.md"}
SECRET = "hf_notToBeSeenAnywhere"


# The errors of huggingface_hub, as they descend from each other there.
class HTTPError(Exception): ...


class HfHubHTTPError(HTTPError, OSError):
    def __init__(self, status: int = 404) -> None:
        super().__init__(f"{status} for a token {SECRET}\nRequest ID: 1")
        self.response = types.SimpleNamespace(status_code=status)


class RepositoryNotFoundError(HfHubHTTPError): ...


class GatedRepoError(RepositoryNotFoundError): ...


class RevisionNotFoundError(HfHubHTTPError): ...


class OfflineModeIsEnabled(ConnectionError): ...


class LocalTokenNotFoundError(EnvironmentError): ...


class LocalEntryNotFoundError(FileNotFoundError): ...


class Hub:
    """Repositories are folders under `root`; `told` is a size in place of the true one, `fail` an error for a call."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.told: dict[str, int | None] = {}
        self.fail: dict[str, BaseException] = {}
        self.calls: list[str] = []
        self.private: bool | None = None

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fail:
            raise self.fail[name]

    def create_repo(self, repository: str, *, private: bool, exist_ok: bool) -> str:
        self._called("create_repo")
        assert exist_ok
        if not (self.root / repository).exists():
            (self.root / repository).mkdir(parents=True)
            (self.root / repository / ".gitattributes").touch()
            self.private = private
        return f"https://hub.example/{repository}"

    def model_info(self, repository: str, *, revision: str | None = None, files_metadata: bool = False) -> Any:
        self._called("model_info")
        if not (self.root / repository).exists():
            raise RepositoryNotFoundError
        if revision not in (None, "main"):
            raise RevisionNotFoundError
        names = {path.name: path.lstat().st_size for path in (self.root / repository).iterdir()} | self.told
        sizes = names if files_metadata else dict.fromkeys(names)
        files = [types.SimpleNamespace(rfilename=name, size=size) for name, size in sizes.items()]
        return types.SimpleNamespace(sha="f00d", siblings=files)

    def create_commit(self, repository: str, operations: list[tuple[str, bytes]], *, commit_message: str) -> None:
        self._called("create_commit")
        assert commit_message.startswith("A model by seqgen ")
        for name, data in operations:
            (self.root / repository / name).write_bytes(data)

    def hf_hub_download(self, repository: str, name: str, *, revision: str, local_dir: Path) -> str:
        self._called(f"download {name}")
        assert revision == "f00d" and name in FILES
        notes = local_dir / ".cache" / "huggingface"  # as the real one does
        notes.mkdir(parents=True, exist_ok=True)
        (notes / name).touch()
        return str(shutil.copyfile(self.root / repository / name, local_dir / name, follow_symlinks=False))


def install(root: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub in `root`, where `import huggingface_hub` finds it."""
    there = Hub(root)
    package, errors = types.ModuleType("huggingface_hub"), types.ModuleType("huggingface_hub.errors")
    kinds = (HTTPError, HfHubHTTPError, *HfHubHTTPError.__subclasses__(), GatedRepoError, OfflineModeIsEnabled)
    for kind in (*kinds, LocalTokenNotFoundError, LocalEntryNotFoundError):
        setattr(errors, kind.__name__, kind)
    package.errors = errors  # type: ignore[attr-defined]
    package.HfApi = lambda library_name, library_version: there  # type: ignore[attr-defined]
    package.CommitOperationAdd = lambda name, data: (name, data)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    return there

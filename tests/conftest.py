"""What every test shares: a quiet and repeatable machine, the measurement data, keys."""

from __future__ import annotations

import os
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jax
    from ink_files import Write

ROOT = Path(__file__).parent.parent

# Before the first `import jax`. Somebody who wants the tests on a GPU says so: JAX_PLATFORMS=cuda.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A busy machine is no bug in the code, and a gate that draws other examples every day is no gate.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gate")


def pytest_configure(config: pytest.Config) -> None:
    # Compiled programs and downloads of tests never meet the user's own, in this process or in those it starts.
    if not hasattr(config, "workerinput"):  # a worker of pytest-xdist shares its parent's
        cache = tempfile.TemporaryDirectory(prefix="seqgen-tests-", ignore_cleanup_errors=True)
        config.add_cleanup(cache.cleanup)
        os.environ["XDG_CACHE_HOME"] = cache.name
    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)

    named = os.environ.get("SEQGEN_DATA")
    beside = ROOT.parent / "shared" / "data"
    if named and not Path(named).is_dir():
        raise pytest.UsageError(f"SEQGEN_DATA={named} is not a folder; name the measurement data's folder or unset it")
    if not named and beside.is_dir():
        os.environ["SEQGEN_DATA"] = str(beside.resolve())

    import jax

    jax.config.update("jax_numpy_dtype_promotion", "strict")  # int and float arrays mix only where the code says so
    jax.config.update("jax_legacy_prng_key", "error")  # typed keys everywhere


# Where programs are optimised as users' are: numbers are compared there.
_OPTIMISED = {"oracles", "test_heads.py", "test_networks.py", "test_both_ways.py"}


@pytest.hookimpl(tryfirst=True)  # before its fixtures are made
def pytest_runtest_setup(item: pytest.Item) -> None:
    # Most of any other test's time would go into optimising programs that run for an instant.
    import jax

    quick = _OPTIMISED.isdisjoint(item.path.parts) and item.get_closest_marker("optimised") is None
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1" if quick else "0"  # for the processes a test starts
    if jax.config.read("jax_disable_most_optimizations") != quick:
        jax.config.update("jax_disable_most_optimizations", quick)
        jax.clear_caches()  # no program of the other kind is taken for one of this


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    import studio_page

    from seqgen.machine import native

    # No test of what this machine cannot have, and none skipped for that.
    wanted = {"native": native.missing, "node": studio_page.no_node, "browser": studio_page.no_browser}
    for marker, missing in wanted.items():
        about = [item for item in items if item.get_closest_marker(marker)]
        if about and missing():
            config.hook.pytest_deselected(items=about)
            items[:] = [item for item in items if item not in about]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of measurement data: real corpora, too large to ship."""
    if "SEQGEN_DATA" not in os.environ:
        pytest.skip("no measurement data: SEQGEN_DATA is not set and ../shared/data is not there")
    return Path(os.environ["SEQGEN_DATA"])


@pytest.fixture
def key(request: pytest.FixtureRequest) -> jax.Array:
    """A JAX key of the test's own, the same in every run."""
    import jax

    return jax.random.key(zlib.crc32(request.node.name.encode()))


@pytest.fixture(scope="module")
def mixed_numbers() -> Iterator[None]:
    """For modules that train: optax mixes integers and floats."""
    import jax

    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file in the test's folder, and the folders above it: `(name, content)` to its path."""

    def writing(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writing

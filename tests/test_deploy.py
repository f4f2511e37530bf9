"""What is beside the code and no code: job files, the image and the citation parse, and say what the command knows."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import seqgen
from seqgen.shell.cli import build_parser

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "examples" / "deploy"
SBATCH, TRAINJOB, DOCKERFILE = (DEPLOY / name for name in ("train.sbatch", "trainjob.yaml", "Dockerfile"))
RUNTIME, JOB = yaml.safe_load_all(TRAINJOB.read_text(encoding="utf-8"))


def directives() -> dict[str, str]:
    """The options of sbatch: it stops looking at the first line that is neither empty nor a comment."""
    found: dict[str, str] = {}
    for line in SBATCH.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            break
        if line.startswith("#SBATCH"):
            options = [word.partition("=") for word in shlex.split(line)[1:]]
            assert all(name.startswith("--") for name, _, _ in options), line
            found |= {name: value for name, _, value in options}
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    split = (line.partition(" ") for line in "\n".join(lines).replace("\\\n", " ").splitlines())
    return [(name, rest.strip()) for name, _, rest in split]


def commands() -> Iterator[list[str]]:
    """The arguments of every `seqgen ...` in the three files."""
    for script in (SBATCH.read_text(encoding="utf-8"), *JOB["spec"]["trainer"]["args"]):
        for line in re.findall(r"^ *(?:srun|exec) .*", script, re.MULTILINE):
            words = shlex.split(line)
            yield words[words.index("seqgen") + 1 :]
    for line in re.findall(r"^# +docker run .*", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE):
        words = shlex.split(line)  # the image has the command's name
        yield words[words.index("seqgen") + 1 :]
    image = dict(instructions())
    yield (json.loads(image["ENTRYPOINT"]) + json.loads(image["CMD"]))[1:]


def test_every_command_parses() -> None:
    parser = build_parser()
    shared = [parser.parse_args(words) for words in commands()]  # ends the test with SystemExit where one does not
    assert [getattr(args, "distributed", None) for args in shared] == ["auto"] * 4 + [None] * 2


@pytest.mark.parametrize("script", [SBATCH.read_text(encoding="utf-8"), *JOB["spec"]["trainer"]["args"]], ids=len)
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_shell_can_read_the_scripts(script: str) -> None:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_sbatch_starts_a_task_for_every_gpu_and_leaves_time_to_save() -> None:
    given = directives()
    assert set(given) == {
        *("--job-name", "--nodes", "--ntasks-per-node", "--cpus-per-task", "--gpus-per-node", "--time", "--signal"),
        *("--requeue", "--open-mode", "--output"),
    }
    assert given["--ntasks-per-node"] == given["--gpus-per-node"]
    assert 64 % (int(given["--nodes"]) * int(given["--ntasks-per-node"])) == 0  # rows of a batch are dealt evenly
    assert re.fullmatch(r"TERM@\d+", given["--signal"])  # "B:" would tell the script, and not the tasks
    assert SBATCH.read_text(encoding="utf-8").startswith("#!/bin/bash\n")


def test_the_trainjob_runs_in_the_runtime_beside_it() -> None:
    assert {part["apiVersion"] for part in (RUNTIME, JOB)} == {"trainer.kubeflow.org/v1alpha1"}
    assert [part["kind"] for part in (RUNTIME, JOB)] == ["TrainingRuntime", "TrainJob"]
    name = RUNTIME["metadata"]["name"]
    assert JOB["spec"]["runtimeRef"] == {"apiGroup": "trainer.kubeflow.org", "kind": "TrainingRuntime", "name": name}
    assert RUNTIME["spec"]["mlPolicy"]["jax"] == {}
    (node,) = RUNTIME["spec"]["template"]["spec"]["replicatedJobs"]
    assert node["template"]["metadata"]["labels"] == {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
    pod: dict[str, Any] = node["template"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert node["name"] == container["name"] == "node"  # the names that the jax policy looks for
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    assert container["image"].endswith(f":{seqgen.__version__}")
    assert str(pod["securityContext"]["runAsUser"]) == dict(instructions())["USER"]
    assert JOB["spec"]["trainer"]["numNodes"] == RUNTIME["spec"]["mlPolicy"]["numNodes"]


def test_the_image_copies_what_is_there_and_runs_seqgen_as_nobody_special() -> None:
    found = instructions()
    known = {"FROM", "RUN", "ARG", "COPY", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in found} == known
    assert found[0] == ("FROM", "python:3.11-slim")
    copied = {source for name, rest in found if name == "COPY" for source in rest.split()[:-1]}
    assert not [source for source in copied if not (ROOT / source).exists()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"], *build["packages"]}
    assert copied == wanted  # what pip needs to build it, and no more
    assert [name for name, _ in found[-4:]] == ["USER", "WORKDIR", "ENTRYPOINT", "CMD"]
    assert dict(found)["USER"] not in ("0", "root")
    assert json.loads(dict(found)["ENTRYPOINT"]) == ["seqgen"] == list(project["project"]["scripts"])


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(cited)  # what the format asks for
    assert (cited["cff-version"], cited["type"]) == ("1.2.0", "software")
    assert cited["title"] == project["name"]
    assert cited["version"] == project["version"] == seqgen.__version__
    assert cited["license"] == project["license"]

"""The Dockerfile without a container engine: its first stage is carried out in a directory, its second is read.

What the steps write to the root of the container goes to a directory instead; all else is done as written.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.deployment.commands import run
from tests.deployment.compose_file import REPOSITORY

DOCKERFILE = REPOSITORY / "Dockerfile"
# Directories at the root of the container.
ROOTED = re.compile(r"(?<![\w./$])/(tagkin|wheels|source|index)(?=[/\s:]|$)")
# What people's settings of pip and Python would change.
OUTSIDE = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Stage:
    """Steps after one FROM: (instruction, rest of the line)."""

    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def of(self, instruction: str) -> list[str]:
        """Return what stands after each step of a kind."""
        return [rest for kind, rest in self.steps if kind == instruction]


def stages() -> list[Stage]:
    """Read the Dockerfile."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            found.append(Stage(rest.partition(" AS ")[2]))
        elif found:
            found[-1].steps.append((instruction, rest.strip()))
    return found


def copied() -> list[str]:
    """Return the files and directories of the repository that go into the image."""
    build, _ = stages()
    return [source for rest in build.of("COPY") for source in shlex.split(rest)[:-1]]


def environment_of_image() -> dict[str, str]:
    """Return what the image sets in the environment."""
    _, final = stages()
    return dict(word.split("=", 1) for rest in final.of("ENV") for word in shlex.split(rest))


def health_check() -> list[str]:
    """Return the image's command that tells whether a container is well."""
    _, final = stages()
    (rest,) = final.of("HEALTHCHECK")
    command: list[str] = json.loads(rest.partition("CMD ")[2])
    return command


@dataclass(frozen=True)
class Image:
    """What the first stage made, in a directory that stands for the root of the container."""

    root: Path

    def rooted(self, text: str) -> str:
        """Return a text with the container's directories at our root."""
        return ROOTED.sub(lambda found: str(self.root / found[1]), text)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a container; nothing of ours is in it but where programs are."""
        image = {name: self.rooted(value) for name, value in environment_of_image().items()}
        path = image["PATH"].replace("$PATH", os.environ["PATH"])
        return {**image, "PATH": path, "LANG": "C.UTF-8", **more}


def build(root: Path) -> Image:
    """Carry out the first stage."""
    image = Image(root)
    here = root
    environment = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    # `python` of the base image is the one that runs the tests.
    programs = root / "programs"
    programs.mkdir()
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    (programs / "python").symlink_to(python)
    (programs / "pip").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pip "$@"\n')
    (programs / "pip").chmod(0o755)
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    (first, _) = stages()
    for instruction, rest in first.steps:
        if instruction == "WORKDIR":
            here = Path(image.rooted(rest))
            here.mkdir(parents=True)
        elif instruction == "COPY":
            copy(shlex.split(rest), here)
        elif instruction == "RUN":
            command = image.rooted(rest)
            done = run(["sh", "-c", command], environment, here, seconds=600)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        else:
            raise AssertionError(f"no way to carry out {instruction}")
    return image


def copy(words: list[str], here: Path) -> None:
    """Copy from the repository what .dockerignore lets in."""
    *sources, target = words
    for source in sources:
        path, to = REPOSITORY / source, here / target
        if path.is_dir():
            shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)

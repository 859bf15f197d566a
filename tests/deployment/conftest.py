"""What the tests of the deployment share: Compose, settings made as the page says, the image as far as it goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import in_ci
from tests.deployment.commands import Done, run
from tests.deployment.compose_file import COMPOSE_FILE, EXAMPLE, PAGE
from tests.deployment.image import Image, build

Compose = Callable[..., Done]


def needs(program: str, source: str) -> str:
    """Return where a program is; without it the test says so, and fails in CI."""
    found = shutil.which(program)
    if found is None:
        message = f"needs {program} ({source})"
        if in_ci():
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make `.env` with the command of the page."""
    folder = tmp_path_factory.mktemp("settings")
    shutil.copy(EXAMPLE, folder)
    (command,) = (line[2:] for line in PAGE.read_text().splitlines() if line.startswith("$ sed ") and ".env" in line)
    made = run(["sh", "-c", command], folder=folder)
    assert made.returncode == 0, made.stderr
    return folder / ".env"


@pytest.fixture(scope="session")
def compose(settings_file: Path) -> Compose:
    """Return a way to run Compose on our file."""
    program = needs("docker-compose", "Debian's package docker-compose")

    def run_compose(*arguments: str, settings: Path = settings_file) -> Done:
        # Variables of ours would win over those of the file.
        environment = {"PATH": os.environ["PATH"], "HOME": str(settings.parent)}
        command = [program, "--file", str(COMPOSE_FILE), "--env-file", str(settings), *arguments]
        return run(command, environment, settings.parent)

    return run_compose


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Carry out the Dockerfile's first stage."""
    return build(tmp_path_factory.mktemp("image"))

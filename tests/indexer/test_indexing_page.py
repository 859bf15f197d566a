"""docs/indexing.md does what it says: its files are written, its commands run, its output compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from indexer import cli

PAGE = Path(__file__).parents[2] / "docs" / "indexing.md"
COMMANDS = {"index": cli.index_command, "export": cli.export_command}
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def matches(expected: list[str], said: list[str]) -> bool:
    """Whether the lines are as expected; a line of ``…`` stands for any lines, ``…`` in a line for any text."""
    if not expected:
        return not said
    if expected[0] == "…":
        return any(matches(expected[1:], said[skipped:]) for skipped in range(len(said) + 1))
    pattern = ".*".join(map(re.escape, expected[0].split("…")))
    return bool(said) and bool(re.fullmatch(pattern, said[0])) and matches(expected[1:], said[1:])


def test_every_example_gives_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status = 0
    n_commands = 0
    for language, file, body in BLOCK.findall(PAGE.read_text()):
        if file:
            Path(file).write_text(body)
        if language != "console":
            continue
        for example in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, *expected = example.rstrip("\n").split("\n")
            if command == "echo $?":
                assert expected == [str(status)]
                continue
            program, name, *arguments = shlex.split(command)
            assert program == "tagkin"
            result = CliRunner().invoke(COMMANDS[name], arguments)
            status = result.exit_code
            n_commands += 1
            assert status in {0, 1}, result.output
            said = result.output.splitlines()
            assert matches(expected, said), f"$ {command}\n{result.output}"
    assert n_commands >= 8


def _names(option: click.Parameter) -> list[str]:
    """All names of an option, its opposite's too."""
    return [*option.opts, *option.secondary_opts]


def test_every_option_of_the_page_exists_and_every_option_of_import_is_explained() -> None:
    known = {name for command in COMMANDS.values() for option in command.params for name in _names(option)}
    on_page = set(OPTION.findall(PAGE.read_text()))
    assert on_page <= known
    undocumented = {
        name for option in cli.index_command.params for name in _names(option) if name.startswith("--")
    } - on_page
    assert undocumented == {"--engine", "--model"}, "these are explained by --help alone"

"""The root command: a table of names that costs nothing until one is used, and says what every option does."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tagkin import COMMANDS, EVALUATE, TRAIN, LazyGroup, Place, main

HEAVY = ("numpy", "scipy", "flask", "rich", "networkx", "gensim", "implicit", "pyarrow", "orjson", "rapidfuzz")
_LOADED = f"""
import sys, tagkin
try:
    tagkin.main(sys.argv[1:])
finally:
    print("loaded", *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


def commands(command: click.Command = main, name: str = "tagkin") -> Iterator[tuple[str, click.Command]]:
    """Yield every command and group with its whole name."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for sub_name in command.list_commands(context):
            sub = command.get_command(context, sub_name)
            assert sub is not None, f"{name} lists {sub_name}, and has none"
            yield from commands(sub, f"{name} {sub_name}")


PLACES = [*COMMANDS.items(), *EVALUATE.items(), *TRAIN.items()]
ALL = dict(commands())
OPTIONS = [
    (name, option) for name, command in ALL.items() for option in command.params if isinstance(option, click.Option)
]


def loaded_by(*arguments: str) -> set[str]:
    """Return the heavy libraries that a command line imports, as a fresh process does it."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split()[1:])


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_every_place_holds_a_command(name: str, place: Place) -> None:
    group = LazyGroup("some", places={name: place})
    assert isinstance(group.get_command(click.Context(group), name), click.Command)


def test_a_place_without_a_command_is_told() -> None:
    group = LazyGroup("some", places={"it": Place("tagkin", "COMMANDS", "Be no command.")})
    with pytest.raises(TypeError, match=r"tagkin\.COMMANDS is no command"):
        group.get_command(click.Context(group), "it")


def test_help_lists_every_command_in_the_order_of_the_table() -> None:
    text = CliRunner().invoke(main, ["--help"], terminal_width=120).output
    listed = re.findall(r"^  ([\w-]+)  +(.+)$", text.partition("Commands:\n")[2], re.MULTILINE)
    assert listed[:-2] == [(name, place.help) for name, place in COMMANDS.items()]
    assert [name for name, _ in listed[-2:]] == ["evaluate", "train"]


@pytest.mark.parametrize("place", [place for _, place in PLACES], ids=lambda place: place.help)
def test_short_help_is_a_verb_phrase_of_one_line(place: Place) -> None:
    verb = place.help.split()[0]
    assert re.fullmatch(r"[A-Z][a-z]+[^s\W]", verb), f"{verb} reads like a noun, or like 'it does'"
    assert place.help.endswith(".")
    assert len(place.help) <= 60


def test_help_imports_nothing_heavy() -> None:
    assert loaded_by("--help") == set()
    assert loaded_by("evaluate", "--help") == set()


@pytest.mark.parametrize(
    "arguments", [("search",), ("suggest",), ("similar",), ("stats",), ("serve",), ("kin",), ("evaluate", "search")]
)
def test_help_of_a_command_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments, "--help") == set()


@pytest.mark.parametrize("name", ALL)
def test_every_command_says_what_it_does(name: str) -> None:
    words = (ALL[name].help or "").split()
    assert len(words) >= 2
    result = CliRunner().invoke(main, [*name.split()[1:], "--help"])
    assert result.exit_code == 0
    assert f"Usage: main{name.removeprefix('tagkin')} " in result.output


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda value: getattr(value, "name", value))
def test_every_option_says_what_it_does_with_its_default(name: str, option: click.Option) -> None:
    assert option.help, f"{name} {option.opts[0]} has no help"
    shown = (option.get_help_record(click.Context(ALL[name], show_default=False)) or ("", ""))[1]
    default = option.to_info_dict()["default"]
    if not option.is_flag and not option.multiple and default not in {None, ""}:
        assert f"default: {default}" in shown, f"{name} {option.opts[0]} does not show its default"
    if option.envvar:  # a setting has a value even where nobody set it
        assert "default: " in shown


def test_an_option_that_several_commands_have_goes_by_one_variable_and_default() -> None:
    for option_name in ("--engine", "--data-dir"):
        kinds = {(option.envvar, str(option.default)) for _, option in OPTIONS if option_name in option.opts}
        assert len(kinds) == 1, option_name


@pytest.mark.parametrize("arguments", [("serch",), ("evaluate", "serch"), ("--serch",), ("search", "--dirft", "1")])
def test_what_there_is_not_ends_with_status_2(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "No such" in result.stderr


def test_the_installed_program_is_this_command() -> None:
    program = Path(sys.executable).with_name("tagkin")
    done = subprocess.run([program, "serch"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "No such command 'serch'" in done.stderr
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert re.fullmatch(r"tagkin, version \d+\.\d+\.\d+\n", version.stdout)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Make an index to ask; return the option that names it."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "songs.csv").write_text("title,tags\nBlue,sitar\n")
    engine = ["--engine", str(folder / "index")]
    command = [sys.executable, "-m", "tagkin", "index", str(folder / "songs.csv"), *engine]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    return engine


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "sitar"),
        ("search", "sitar", "--json"),
        ("stats",),
        ("export",),
        ("kin", "sitar"),
        ("kin", "sitar", "--json"),
        ("path", "sitar", "raga"),
        ("graph", "sitar"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_full_output_ends_with_one_line_and_status_3(shelf: list[str], arguments: tuple[str, ...]) -> None:
    engine = shelf if arguments[0] in {"search", "stats", "export"} else []
    command = [sys.executable, "-m", "tagkin", *arguments, *engine]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 3, done.stderr
    assert done.stderr == "tagkin: the output cannot be written (No space left on device)\n"

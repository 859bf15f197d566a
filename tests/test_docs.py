"""The documentation names what there is: commands, options, settings, files; and nothing of anybody's machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tagkin import main
from web.serving import PREFIX

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")])
# Where commands and settings are explained.
REFERENCES = ("commands.md", "architecture.md", "indexing.md", "elasticsearch.md")
REFERENCE = "\n".join((DOCS / name).read_text() for name in REFERENCES)
COMMANDS_PAGE = (DOCS / "commands.md").read_text()

BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MACHINE_PATH = re.compile(r"(?<![\w./~-])(?:/(?:work|tmp|home|root|Users|mnt|opt|var)(?=[/\s`'\"),.;:]|$)|[A-Z]:\\)")
SETTING = re.compile(rf"\b{PREFIX}_[A-Z_]+\b")


def leaves(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, with its words after `tagkin`."""
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        sub = command.get_command(context, name)
        assert sub is not None
        yield from leaves(sub, *words, name)


COMMANDS = dict(leaves(main))


def check_line(line: str) -> None:
    """Parse a command line as the program would, without running it.

    Raises
    ------
    click.UsageError
        If there is no such command or option, or a value is impossible.
    """
    program, *rest = shlex.split(line, comments=True)
    assert program == "tagkin"
    command: click.Command = main
    while isinstance(command, click.Group):
        # Options of a group only ask for help or the version.
        if not rest or rest[0] in {"--help", "--version"}:
            return
        with click.Context(command) as context:
            _, sub, rest = command.resolve_command(context, rest)
        assert sub is not None
        command = sub
    if "--help" not in rest:
        context = command.make_context(line, list(rest), resilient_parsing=False)
        context.close()


def examples(page: Path) -> Iterator[str]:
    """Yield the command lines of a page: in blocks of a terminal, after ``$`` or bare, without what a shell adds."""
    for language, body in BLOCK.findall(page.read_text()):
        if language in {"", "console", "sh", "bash", "shell"}:
            for line in body.replace("\\\n", " ").splitlines():
                command = re.sub(r"^(\$ )?([A-Z_]+=\S+ )*(\S*/bin/)?(?=tagkin\b)", "", line.strip())
                if command.startswith("tagkin "):
                    yield re.split(r" (?:\||>|2>|&&|&) ?", command)[0]


EXAMPLES = sorted(
    {(page.relative_to(REPOSITORY).as_posix(), line) for page in PAGES for line in examples(page)}
)  # pages may share a line


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_explained_with_an_example(name: str) -> None:
    assert f"**`tagkin {name}`**" in COMMANDS_PAGE
    lines = [line for line in examples(DOCS / "commands.md") if f"{line} ".startswith(f"tagkin {name} ")]
    assert lines, f"no example of {name}"


def test_every_option_with_a_variable_is_explained_with_its_default() -> None:
    options = {
        (option.opts[0], str(option.envvar), option.to_info_dict()["default"])
        for command in COMMANDS.values()
        for option in command.params
        if option.envvar
    }
    assert len(options) >= 6
    for option, variable, default in options:
        (row,) = (line for line in COMMANDS_PAGE.splitlines() if line.startswith(f"| `{option}` "))
        assert f"`{variable}`" in row
        assert default is None or f"`{default}`" in row


def test_every_setting_is_explained_and_every_explained_one_is_read() -> None:
    packages = ("tagmodel", "search", "indexer", "web", "tests/servers")
    code = [path for package in packages for path in (REPOSITORY / package).rglob("*.py")]
    read = {name for path in code for name in SETTING.findall(path.read_text())}
    assert read <= set(SETTING.findall(REFERENCE))
    for page in PAGES:
        assert set(SETTING.findall(page.read_text())) <= read, page.name


def test_every_option_that_a_page_names_is_there() -> None:
    known = {name for command in COMMANDS.values() for option in command.params for name in option.opts}
    named = set(re.findall(r"`(--[a-z][a-z-]+)", COMMANDS_PAGE))
    assert named <= known | {"--help", "--version"}


def test_every_option_of_search_is_explained() -> None:
    explained = set(re.findall(r"(--[a-z-]+)", COMMANDS_PAGE))
    options = {option.opts[0] for option in COMMANDS["search"].params if isinstance(option, click.Option)}
    assert options - explained == {"--offset", "-k"}, "these are explained by --help alone"


@pytest.mark.parametrize(("page", "line"), EXAMPLES)
def test_every_example_is_a_command_line_that_the_program_takes(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some options ask for files that are there.
    for name in re.findall(r"[\w-]+\.(?:csv|jsonl|json|txt|mp3|m4a|flac|wav)\b", line):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    for variable in SETTING.findall(REFERENCE):
        monkeypatch.delenv(variable, raising=False)
    check_line(line)


@pytest.mark.parametrize(
    "line", ["tagkin serch sad", "tagkin search --dirft 1 sad", "tagkin search --drift far", "tagkin train tag"]
)
def test_a_wrong_example_would_be_caught(line: str) -> None:
    with pytest.raises(click.UsageError):
        check_line(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere_and_nobodys_machine_shows(page: Path) -> None:
    text = page.read_text()
    for target in LINK.findall(BLOCK.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name} links to {target}"
    assert not MACHINE_PATH.search(text), MACHINE_PATH.search(text)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get where it is shown."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_machine_path_would_be_caught() -> None:
    for text in ("in /tmp/x", "`/opt/checkout`", "(/home/someone)", "/root"):
        assert MACHINE_PATH.search(text), text
    for text in ("https://example.org/home/x", "docs/home/x", "and/or", "./tmp/x"):
        assert not MACHINE_PATH.search(text), text


def test_the_page_of_commands_can_be_read_at_a_sitting() -> None:
    assert len(COMMANDS_PAGE.splitlines()) <= 215

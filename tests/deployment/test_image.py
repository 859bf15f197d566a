"""What goes into the image, and what comes up from it: the embedded profile, run without containers."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.deployment.commands import Done, run
from tests.deployment.compose_file import PAGE, REPOSITORY, read_services
from tests.deployment.conftest import needs
from tests.deployment.image import DOCKERFILE, Image, copied, environment_of_image, stages
from tests.deployment.running import SONGS, eventually, run_indexer, web_server

pytestmark = pytest.mark.slow

PACKAGES = ("audiomodel", "indexer", "search", "tagmodel", "web")
# All is read-only but the folder of the test.
READ_ONLY = 'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'


def lint(program: str, *arguments: str) -> Done:
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or needs(program, f"{program}-py of PyPI")
    return run([found, *arguments])


def installed(image: Image) -> Path:
    (site,) = (image.root / "tagkin" / "lib").glob("python*/site-packages")
    return site


def test_hadolint_finds_nothing() -> None:
    done = lint("hadolint", "--no-color", str(DOCKERFILE))
    assert done.returncode == 0, done.stdout


def test_shellcheck_finds_nothing() -> None:
    done = lint("shellcheck", *map(str, sorted((REPOSITORY / "deploy").glob("*.sh"))))
    assert done.returncode == 0, done.stdout


def test_only_what_the_image_needs_is_sent_to_its_making() -> None:
    rules = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == set(copied())
    assert rules[-1] == "**/__pycache__", "the last word counts"


def test_nothing_of_the_first_stage_is_left_but_one_directory() -> None:
    build, final = stages()
    assert build.name == "build"
    assert final.of("COPY") == ["--from=build /tagkin /tagkin"]
    assert not final.of("ADD")
    assert not any("pip" in step or "apt" in step for step in final.of("RUN"))
    assert environment_of_image()["PATH"].startswith("/tagkin/bin:")
    assert final.steps.index(("USER", "10001:10001")) < [kind for kind, _ in final.steps].index("ENTRYPOINT")


def test_the_environment_has_what_was_pinned_and_no_tools(image: Image) -> None:
    there = {path.name for path in (image.root / "tagkin" / "bin").iterdir()}
    assert "tagkin" in there
    assert not {"pip", "pip3", "pytest", "mypy"} & there
    site = installed(image)
    distributions = {
        name.replace("_", "-").lower(): version
        for name, version in (path.name.removesuffix(".dist-info").rsplit("-", 1) for path in site.glob("*.dist-info"))
    }
    lines = (REPOSITORY / "deploy" / "constraints.txt").read_text().splitlines()
    pinned = dict(line.replace("_", "-").lower().split("==") for line in lines if not line.startswith("#"))
    assert distributions.pop("tagkin")
    assert distributions == pinned


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_installed(image: Image, package: str) -> None:
    """Templates, static files, tables and models are no Python files, and are easily left out of a wheel."""

    def files(folder: Path) -> set[str]:
        return {
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    assert files(installed(image) / package) == files(image.root / "source" / package) != set()


def test_nothing_else_is_installed(image: Image) -> None:
    (record,) = installed(image).glob("tagkin-*.dist-info/RECORD")
    tops = {line.partition("/")[0].partition(",")[0] for line in record.read_text().splitlines()}
    assert {top for top in tops if not top.startswith(("tagkin-", "__pycache__", ".."))} == {*PACKAGES, "tagkin.py"}


def test_the_program_says_what_it_can_do(image: Image, tmp_path: Path) -> None:
    for arguments in (["--help"], ["serve", "--help"], ["index", "--help"], ["kin", "sitar"]):
        done = run(["tagkin", *arguments], image.environment(), tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_embedded_profile_indexes_comes_up_and_tells_how_it_is(image: Image, tmp_path: Path) -> None:
    services = read_services()
    places = {"/index/": f"{tmp_path}/index-", "/catalogues": tmp_path}
    (tmp_path / "songs.csv").write_text(SONGS)
    lines = [shlex.split(line) for line in PAGE.read_text().splitlines() if "run --rm indexer " in line]
    arguments, *keeping = (line[line.index("indexer") + 1 :] for line in lines)
    with web_server(services["web"], image, tmp_path, places) as early:
        assert early.process.wait(60) == 3, "no index yet: it ends, and Compose begins it again"
        assert not early.is_well()
    done = run_indexer(services["indexer"], image, tmp_path, places, *arguments)
    assert done.returncode == 0, done.stderr
    (tmp_path / "reports").mkdir()
    for words in keeping:
        here = [word.replace("/reports/", f"{tmp_path}/reports/") for word in words]
        done = run_indexer(services["indexer"], image, tmp_path, places, *here)
        assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"songs.json", "rejects.jsonl"}
    before = ["unshare", "--map-root-user", "--mount", "bash", "-c", READ_ONLY, str(tmp_path)]
    with web_server(services["web"], image, tmp_path, places, *before) as server:
        eventually(server.is_well)
        assert server.ask("/readyz")[1]["index"]["tracks"] == 3
        status, found = server.ask("/api/v1/search?q=sad+piano")
        assert (status, found["total"]) == (200, 2)
        assert server.ask("/api/v1/suggest?tags=sad")[0] == 200
        # Another run while pages are served; the next search sees it.
        (tmp_path / "more.csv").write_text(SONGS.replace("River at", "Sea at"))
        done = run_indexer(services["indexer"], image, tmp_path, places, "more.csv", "--map", "tags=Moods+Featuring")
        assert done.returncode == 0, done.stderr
        assert server.ask("/readyz")[1]["index"]["tracks"] == 6
        (tmp_path / "index-tagkin").rename(tmp_path / "away")
        eventually(lambda: not server.is_well())
        assert server.ask("/healthz")[0] == 200
        (tmp_path / "away").rename(tmp_path / "index-tagkin")
        eventually(server.is_well)
    assert not server.is_well(), "a server that is down is not well"

"""`tagkin hear`: what files sound like, as text, as JSON or as a picture."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from audiomodel.confining import LIBRARY
from audiomodel.installed import INSTALL, missing_libraries, usable_cores
from audiomodel.problems import AudioProblem
from audiomodel.suffixes import AUDIO_SUFFIXES
from tagmodel.cli.stopping import stop
from tagmodel.cli.written import open_output

if TYPE_CHECKING:
    from audiomodel.hearing import Hearing
    from audiomodel.tagger import Tagger, TaggerCard

NOT_HEARD, SETTINGS_STATUS, OUTPUT_STATUS = 1, 2, 3
# Tags that a person is shown of a file.
SHOWN_TAGS = 8


@click.command()
@click.argument("places", nargs=-1, required=True, metavar="FILE|FOLDER...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write a line of JSON for each file.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw one file as .svg, or .png without words: its spectrogram, and where in it the tags were heard.",
)
@click.option("--jobs", type=click.IntRange(1, 1024), show_default="one a core", help="Files to hear at once.")
@click.option(
    "--tagger",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="TAGKIN_TAGGER",
    show_envvar=True,
    show_default="the shipped one",
    help="Directory of a tagger, which hears tags.",
)
def hear(
    places: tuple[Path, ...], as_json: bool, picture: Path | None, jobs: int | None, tagger: Path | None
) -> None:
    """Hear what files sound like: genre, tags, tempo and key, each with how sure it is.

    Of a folder all audio files are heard, in the folders below it, too.
    """
    _check_libraries()
    loaded = _load(tagger)
    paths = _files(places)
    if picture is not None:
        heard: Iterable[tuple[Path, Hearing | AudioProblem]] = _draw(paths, picture, loaded)
    else:
        heard = _hear(paths, loaded, min(jobs or usable_cores(), len(paths)))
    n_problems = 0
    for path, result in heard:
        n_problems += isinstance(result, AudioProblem)
        _say(path, result, loaded, as_json=as_json)
    if n_problems and len(paths) > 1:
        click.echo(f"tagkin: {n_problems:,} of {len(paths):,} files could not be heard", err=True)
    sys.exit(NOT_HEARD if n_problems else 0)


def _check_libraries() -> None:
    if lacking := missing_libraries():
        stop(f"hearing needs {', '.join(lacking)}: {INSTALL}", SETTINGS_STATUS)


def _load(place: Path | None) -> Tagger:
    from audiomodel.tagger import TaggerMissing, load_tagger

    try:
        return load_tagger(place)
    except TaggerMissing as error:
        stop(str(error), SETTINGS_STATUS)


def _files(places: Iterable[Path]) -> list[Path]:
    """Return the files that are meant: as given, and of folders all that look like sound, sorted."""
    files: list[Path] = []
    for place in places:
        if not place.is_dir():
            files.append(place)
            continue
        found = sorted(path for path in place.rglob("*") if _is_sound(path.relative_to(place)) and path.is_file())
        if not found:
            stop(f"{place}: expected audio files ({', '.join(sorted(AUDIO_SUFFIXES))}), found none", SETTINGS_STATUS)
        files += found
    return files


def _is_sound(path: Path) -> bool:
    """Tell by its name, below a folder, whether a file may be sound; hidden ones are nobody's business."""
    return path.suffix.lower() in AUDIO_SUFFIXES and not any(part.startswith(".") for part in path.parts)


def _hear(paths: list[Path], tagger: Tagger, jobs: int) -> Iterator[tuple[Path, Hearing | AudioProblem]]:
    from rich.console import Console
    from rich.progress import track

    from audiomodel.ear import Ear
    from audiomodel.worker import WorkerFailed

    quiet = len(paths) == 1 or not sys.stderr.isatty() or sys.stdout.isatty()
    try:
        with Ear(tagger.folder, jobs, limits=LIBRARY) as ear:
            console = Console(stderr=True)
            yield from track(ear.hear_all(paths), "hearing", len(paths), console=console, disable=quiet)
    except WorkerFailed as error:
        stop(str(error), SETTINGS_STATUS)


def _draw(paths: list[Path], picture: Path, tagger: Tagger) -> Iterator[tuple[Path, Hearing | AudioProblem]]:
    from audiomodel.ear import MAX_SECONDS
    from audiomodel.pictured import PICTURE_LIMITS, Pictured, picturing
    from audiomodel.worker import WorkerFailed
    from audiomodel.workers import Workers

    kind = picture.suffix.lower().removeprefix(".")
    if kind not in {"svg", "png"}:
        _refuse(f"expected a file ending in .svg or .png, got {picture}")
    if len(paths) != 1:
        _refuse(f"expected one file to draw, got {len(paths):,}")
    make_task = partial(picturing, str(tagger.folder), MAX_SECONDS, kind)
    try:
        with Workers(make_task, Pictured, 1, PICTURE_LIMITS) as workers:
            drawn = workers.run(paths[0])
    except AudioProblem as problem:
        yield paths[0], problem
        return
    except WorkerFailed as error:
        stop(str(error), SETTINGS_STATUS)
    try:
        with open_output(str(picture)) as stream:
            stream.write(drawn.picture)
    except OSError as error:
        stop(f"{picture} cannot be written ({error.strerror})", OUTPUT_STATUS)
    yield paths[0], drawn.hearing


def _refuse(message: str) -> NoReturn:
    raise click.BadParameter(message, param_hint="--picture")


def _say(path: Path, result: Hearing | AudioProblem, tagger: Tagger, *, as_json: bool) -> None:
    if as_json:
        click.echo(_json_line(path, result, tagger))
    elif isinstance(result, AudioProblem):
        click.echo(f"tagkin: {click.format_filename(path)}: {result.message}", err=True)
    else:
        click.echo("\n".join([click.format_filename(path), *_lines(result, tagger.card), ""]))


def _json_line(path: Path, result: Hearing | AudioProblem, tagger: Tagger) -> str:
    import msgspec

    from audiomodel.answers import heard_answer

    line: dict[str, Any] = {"file": click.format_filename(path)}
    if isinstance(result, AudioProblem):
        line["problem"] = {"reason": result.reason.value, "message": result.message}
    else:
        line |= msgspec.to_builtins(heard_answer(result, tagger.card))
    return msgspec.json.encode(line).decode()


def _lines(hearing: Hearing, card: TaggerCard) -> Iterator[str]:
    """Yield what a person is told of a file."""
    if hearing.genre is not None:
        yield f"  genre     {hearing.genre.tag}  {hearing.genre.probability:.0%}"
    if hearing.tags:
        yield "  tags      " + ", ".join(f"{one.tag} {one.probability:.0%}" for one in hearing.tags[:SHOWN_TAGS])
    tempo = "no beat" if hearing.bpm is None else f"{hearing.bpm:.1f} bpm  {hearing.bpm_confidence:.0%}"
    yield f"  tempo     {tempo}"
    yield f"  key       {hearing.key}  {hearing.key_confidence:.0%}" if hearing.key else "  key       none"
    minutes, seconds = divmod(hearing.seconds, 60)
    yield f"  duration  {int(minutes)}:{seconds:04.1f}"
    yield f"  status    {_status(hearing, card)}"


def _status(hearing: Hearing, card: TaggerCard) -> str:
    if hearing.status == "unlike":
        return f"unlike the music that the tagger learned from, so it names no tags. {card.hears}"
    if hearing.status == "short":
        return "short: less than ten seconds, so less is sure"
    return "ok"

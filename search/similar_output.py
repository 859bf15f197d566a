"""Tracks that are like some references on a terminal, as a table."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from search.document import Family
from search.output import clock_time, print_explained, printable
from search.result import Hit
from search.similar_by import By
from search.similar_hits import SimilarHit, SimilarResult
from search.similar_sound import Reference


def print_similar(result: SimilarResult, explained: bool) -> None:
    """Print by what tracks were compared, and the tracks; with explanations, each with its bars below."""
    console = Console(highlight=False)
    for line in _notes(result):
        console.print(line)
    if not result.hits:
        return
    if explained:
        for number, hit in enumerate(result.hits, 1):
            plain = Hit(hit.track, hit.score, hit.contributions, hit.sound, hit.demoted_by)
            print_explained(console, number, plain, hit.sound_amount if result.request.share else None)
            if said := "; ".join(_alike(hit)):
                console.print(f"   [dim]{said}[/]")
        return
    console.print()
    console.print(_table(result))


def _notes(result: SimilarResult) -> Iterator[str]:
    request = result.request
    unlike = f", unlike {_names(request.unlike)}" if request.unlike else ""
    yield f"like [bold]{_names(request.like)}[/]{unlike}: by {_by(result)}"
    if result.by is By.TAGS and request.mix is None:
        silent = tuple(one for one in request.like if not one.vector)
        yield f"[dim]nobody has listened to {_names(silent)}, so their sound cannot be compared[/]"
    if result.by_moment:
        yield "[dim]it is only seconds long: the best moments of the tracks take part in their order[/]"
    for track in result.same:
        yield f"in the index already, as [bold]{printable(track.track_id)}[/] {printable(track.display_title)}"
    for one in result.query.corrections:
        yield f"searched [bold]{printable(one.used)}[/] for [bold]{printable(one.typed)}[/]"


def _by(result: SimilarResult) -> str:
    if result.by is not By.BOTH:
        return result.by
    return f"sound and tags, of which tags are {result.request.tag_share:.0%}"


def _names(references: tuple[Reference, ...]) -> str:
    return " and ".join(printable(one.name) for one in references)


def _table(result: SimilarResult) -> Table:
    listened = any(hit.similarity is not None for hit in result.hits)
    heads = ["", "Score", *(["Sound"] if listened else []), "Track", "Artist", "Genre", "Length"]
    table = Table(*heads, *(["Most alike at"] if listened else []), "Because of", box=None, pad_edge=False)
    for number, hit in enumerate(result.hits, 1):
        track = hit.track
        sound = "" if hit.similarity is None else f"{hit.similarity:.3f}"
        table.add_row(
            str(number),
            f"{hit.score:.3f}",
            *([sound] if listened else []),
            printable(track.display_title),
            printable(track.artist),
            printable(track.genre),
            clock_time(track.duration),
            *([_moment(hit)] if listened else []),
            ", ".join(_reasons(hit)),
        )
    return table


def _moment(hit: SimilarHit) -> str:
    """Say where a hit is most like the references, and what is heard there."""
    if hit.moment is None:
        return ""
    tags = f" ({printable(', '.join(hit.moment_tags))})" if hit.moment_tags else ""
    return f"{clock_time(hit.moment.start)}{tags}"


def _alike(hit: SimilarHit) -> Iterator[str]:
    """Say in words what no bar shows."""
    if hit.similarity is not None:
        yield f"sounds {hit.similarity:.3f} alike"
    if hit.moment is not None:
        yield f"{hit.moment.similarity:.3f} at {_moment(hit)}"
    if hit.shared and not hit.contributions:
        yield f"shares {', '.join(_reasons(hit))}"


def _reasons(hit: SimilarHit) -> Iterator[str]:
    shared = {tag.spelling: " (heard)" if tag.family is Family.HEARD else "" for tag in hit.shared}
    for spelling in dict.fromkeys([*shared, *(bar.spelling for bar in hit.contributions)]):
        yield printable(spelling) + shared.get(spelling, "")

"""Results on a terminal, as tables, and for programs, as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import msgspec
from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table

from search.answers.indexed import Stats
from search.document import Family
from search.query import Query
from search.query.errors import UNREADABLE
from search.query.filters import write_filters
from search.result import Hit, NamedContribution, NamedSuggestion, SearchResult, SuggestResult, TagChip

BAR_WIDTH = 24  # characters of a bar for one whole query tag
# Mark of a bar by provenance: typed by people, implied by the typed tags, heard; kin are hollow.
BAR_MARKS = {"typed": "█", "implied": "░", "heard": "▒"}
KIN_MARK = "▄"
KIN_SHOWN = 8  # kin named of each query tag


def printable(text: str) -> str:
    """Make text from a catalogue or a command line fit to print: neither markup nor orders to the terminal."""
    return escape_markup(UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", text))


def write_json(answer: object) -> None:
    """Write an answer for programs to stdout as indented JSON with a line end."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(answer), indent=2) + b"\n")
    sys.stdout.flush()


def print_result(result: SearchResult, explained: bool) -> None:
    """Print what was asked, what was made of it, and the tracks."""
    console = Console(highlight=False)
    for line in _notes(result):
        console.print(line)
    if not result.hits:
        console.print(_nothing_found(result))
        return
    console.print(f"\n{_summary(result)}")
    print_hits(result.hits, explained, result.request.offset)
    if result.outside:
        console.print("\n[bold]Outside your words[/], the best that carry none of them:")
        print_hits(result.outside, explained)


def _summary(result: SearchResult) -> str:
    tracks = f"[bold]{result.total:,}[/] {'track' if result.total == 1 else 'tracks'}"
    if not result.chips:  # without tags there is nothing to carry
        return tracks
    return (
        f"{tracks}: {result.carry_all:,} carry all your words, {result.carry_some:,} some,"
        f" {result.carry_none:,} none of them"
    )


def _notes(result: SearchResult) -> list[str]:
    notes = [
        f"searched [bold]{printable(one.used)}[/] for [bold]{printable(one.typed)}[/] (--literal searches it as typed)"
        for one in result.query.corrections
    ]
    for unknown in result.query.unknown:
        offers = f"; near it: {printable(', '.join(unknown.offers))}" if unknown.offers else ""
        notes.append(f"[yellow]nobody uses {printable(unknown.typed)}[/], neither as a tag nor in a title{offers}")
    if result.query.ignored:
        left_out = printable(", ".join(result.query.ignored))
        notes.append(f"left out: {left_out} [dim](said nothing beside tags; quotes keep them)[/]")
    if result.relaxed and result.hits:
        notes.append(f"[yellow]nothing has it all[/]: searched without {printable(', '.join(result.relaxed))}")
    notes += [_kin_line(chip) for chip in result.chips]
    if result.query.words:
        notes.append(f"in title or artist: {printable(', '.join(word.word for word in result.query.words))}")
    gone = sorted((chip for chip in result.excluded if not chip.off), key=lambda chip: chip.narrower_of is not None)
    if gone:
        # Narrower tags that no track here carries leave nothing out.
        named = [chip.spelling for chip in gone if chip.n_tracks or chip.narrower_of is None]
        notes.append(f"[red]without[/] {printable(', '.join(named))}")
    return notes


def _kin_line(chip: TagChip) -> str:
    live = [one.spelling for one in chip.kin if one.live]
    more = f" and {len(live) - KIN_SHOWN} more" if len(live) > KIN_SHOWN else ""
    if not chip.known:
        kin = "unknown to the model: matched literally, has kin after retraining"
    elif live:
        kin = printable(", ".join(live[:KIN_SHOWN])) + more
    else:
        kin = "no kin at this drift"
    return f"[bold]{printable(chip.spelling)}[/] ({chip.n_tracks:,})  [dim]kin:[/] {kin}"


def _nothing_found(result: SearchResult) -> str:
    if result.total:
        there = "there is one track" if result.total == 1 else f"there are {result.total:,} tracks"
        return f"\n[bold]No track is left:[/] {there}, and --offset {result.request.offset:,} is behind the last."
    missing = [unknown.typed for unknown in result.query.unknown if unknown.needed]
    if missing:
        advice = f"use other words for {', '.join(missing)}"
    else:
        # Further out on the dial nothing changes for what is demanded, so that is no advice beside a demand.
        advice = " or ".join(_demands(result.query)) or (
            "turn --drift up" if result.query.groups and result.request.drift < 1 else "ask for other tags"
        )
    return f"\n[bold]No track has it all.[/] Try to {printable(advice)}."


def _demands(query: Query) -> Iterator[str]:
    """Say what may be let go of, one advice for each kind of demand."""
    required = [" OR ".join(tag.typed for tag in group.tags) for group in query.groups if group.required]
    if required:
        yield f"remove a + ({', '.join(required)})"
    if query.words:
        yield f"drop {', '.join(word.word for word in query.words)}, looked for in titles and artists"
    filters = list(write_filters(query.filters))
    if filters:
        yield f"drop the filter {', '.join(filters)}" if len(filters) == 1 else f"drop one of {', '.join(filters)}"
    if query.excluded:
        yield f"allow {', '.join(one.typed for one in query.excluded)} again"


def print_hits(hits: Sequence[Hit], explained: bool, offset: int = 0) -> None:
    """Print hits as a table; where explanations are asked for, each with its bars below."""
    console = Console(highlight=False)
    if explained:
        for number, hit in enumerate(hits, offset + 1):
            print_explained(console, number, hit)
        return
    table = Table("", "Score", "Track", "Artist", "Genre", "Length", "Because of", box=None, pad_edge=False)
    for number, hit in enumerate(hits, offset + 1):
        track = hit.track
        because = ", ".join(dict.fromkeys(map(_reason, hit.contributions)))
        if hit.demoted_by:
            because += f" (half its score: perhaps {', '.join(hit.demoted_by)})"
        table.add_row(
            str(number),
            f"{hit.score:.3f}",
            printable(track.display_title),
            printable(track.artist),
            printable(track.genre),
            clock_time(track.duration),
            printable(because),
        )
    console.print(table)


def _reason(bar: NamedContribution) -> str:
    """Name a tag, and how it came to be on the track where nobody typed it."""
    return bar.spelling if bar.family == Family.TYPED else f"{bar.spelling} ({bar.family.value})"


def print_explained(console: Console, number: int, hit: Hit, sound: float | None = None) -> None:
    """Print a hit with a bar for each addend of its score; `sound` is what sound adds, None where it takes no part."""
    track = hit.track
    artist = f" - {printable(track.artist)}" if track.artist else ""
    console.print(f"\n{number}  [bold]{printable(track.display_title)}[/]{artist}  [dim]{printable(track.track_id)}[/]")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    for bar in hit.contributions:
        mark = KIN_MARK if bar.is_kin else BAR_MARKS[bar.family]
        why = f"kin of {bar.serves_spelling} by {', '.join(bar.origins)}" if bar.is_kin else bar.family.value
        length = max(1, round(bar.amount * BAR_WIDTH))
        table.add_row(f"   {bar.amount:.4f}", printable(bar.spelling), f"[dim]{printable(why)}[/]", mark * length)
    if sound is not None:
        table.add_row(f"   {sound:.4f}", "sound", "", BAR_MARKS["heard"] * max(1, round(sound * BAR_WIDTH)))
    if hit.demoted_by:
        table.add_row("   / 2", printable(", ".join(hit.demoted_by)), "[dim]left out, and faintly heard[/]", "")
    table.add_row(f"   [bold]{hit.score:.4f}[/]", "[bold]score[/]", "", "")
    console.print(table)


def clock_time(seconds: float | None) -> str:
    """Write a duration, ``1:05``; nothing where it is not known."""
    return "" if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def print_suggestions(result: SuggestResult) -> None:
    """Print what is wrong with the typed tags, then the suggestions with their reasons."""
    console = Console(highlight=False)
    for line in _doubts(result):
        console.print(line)
    if not result.suggestions:
        console.print("No suggestions: type at least one tag that people use.")
        return
    table = Table("Tag", "Probability", "Because of", "Tracks with it", box=None, pad_edge=False)
    if result.reached is not None:
        table.add_column("Reach")
    for suggestion in result.suggestions:
        reasons = ", ".join(_reasons(suggestion))
        table.add_row(
            printable(suggestion.spelling),
            f"{suggestion.probability:.0%}",
            printable(reasons or "its common use"),
            "" if suggestion.n_tracks is None else f"{suggestion.n_tracks:,}",
            *(() if suggestion.reach is None else (_more_searches(suggestion.reach.searches),)),
        )
    console.print(table)


def _reasons(suggestion: NamedSuggestion) -> Iterator[str]:
    """Say why a tag is suggested: by what was typed, each with its share, and by what was heard."""
    yield from (f"{reason.spelling} {reason.share:.0%}" for reason in suggestion.reasons)
    if suggestion.heard is not None:
        yield f"heard: {suggestion.heard:.2f}"


def _doubts(result: SuggestResult) -> Iterator[str]:
    """Say what is odd about the typed tags, one line each."""
    for tag in (tag for tag in result.typed if not tag.known):
        carried = f" (on {tag.n_tracks:,} {'track' if tag.n_tracks == 1 else 'tracks'} here)" if tag.n_tracks else ""
        offers = result.offers[tag.typed]
        offered = f"; did you mean {printable(' or '.join(offers))}?" if offers else ""
        yield f"[yellow]{printable(tag.typed)}[/]: the model has never seen it{carried}; it takes no part{offered}"
    for unused in (tag for tag in result.unused if not result.offers.get(tag.typed)):
        used = ", ".join(f"{word.spelling} ({word.n_tracks:,})" for word in unused.instead)
        instead = f"; people use {printable(used)}" if used else ""
        yield f"[yellow]{printable(unused.typed)}[/]: no track here carries it{instead}"
    for first, again in result.duplicates:
        yield f"[yellow]{printable(again)}[/] is the same tag as {printable(first)}"
    for one, other in result.contradictions:
        yield f"[yellow]{printable(one)}[/] and [yellow]{printable(other)}[/] contradict each other"


def _more_searches(n: int) -> str:
    return f"{n:+,} {'search' if abs(n) == 1 else 'searches'}" if n else "no more"


def print_stats(figures: Stats) -> None:
    """Print the figures of an index."""
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False)
    for label, value in (
        ("tracks", figures.n_tracks),
        ("tags in use", figures.n_tags),
        ("of these unknown to the model", figures.n_tags_unknown_to_model),
        ("generation", figures.generation),
        ("writes", figures.delta),
        ("expanded by model", figures.model_id),
        ("model in use", figures.model),
    ):
        table.add_row(label, f"{value:,}" if isinstance(value, int) else value or "none")
    console.print(table)
    if figures.model_id not in {figures.model, ""}:
        console.print("[yellow]The index was expanded by another model[/]: run tagkin index --reexpand")
    if figures.tags:
        used = ", ".join(f"{tag.spelling} {tag.n_tracks:,}" for tag in figures.tags)
        console.print(f"\nmost used: {printable(used)}")

"""The commands that ask the index, as a person at a terminal and a program behind a pipe meet them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from indexer.cli_similar import similar
from indexer.cli_suggest import suggest
from search.cli import search, stats
from search.document import Family
from search.embedded import EmbeddedEngine
from search.engines import open_engine
from search.enrichment import Enricher
from search.expansion import DEFAULT_DRIFT
from search.output import print_hits
from search.reach_computing import update_reach
from search.result import MAX_K, Hit, NamedContribution, SearchRequest
from search.searcher import Searcher
from tagmodel.model import SHIPPED_MODEL, TagModel, load_model
from tagmodel.track import Track

COMMANDS = {"search": search, "suggest": suggest, "similar": similar, "stats": stats}
TRACKS = (
    Track("a:1", "Empty House", "Ehren Starks", genre="Classical", duration=200, year=2004, tags=("sad", "piano")),
    Track("a:2", "Song for Two", "Jami Sieber", duration=61, tags=("sad", "piano", "female vocals")),
    Track("a:3", "Keys [bold]", "Rob Costlow", tags=("melancholic", "keyboard")),
    Track("a:4", "Raga", "Anoushka", duration=3700, tags=("sitar", "tabla", "indian")),
    Track("a:5", "Warehouse", "Kokoon", tags=("techno", "electronic", "zeuhlish")),
    Track("a:6", "Silence", "Nobody"),
    Track("a:7", "Red \x1b[31m", "Otis", tags=("zeuhlish",)),
    *(Track(f"b:{n:02}", f"Duo {n:02}", "The Pair", tags=("violin", "cello")) for n in range(12)),
)
# Whatever terminal the tests run in, tables fold where this one's do.
WIDTH = "100"  # columns

Ask = Callable[..., Result]


@pytest.fixture(scope="session")
def shipped() -> TagModel:
    return load_model()


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory, shipped: TagModel) -> Path:
    """Return the directory of an index of `TRACKS`, expanded by the shipped model."""
    directory = tmp_path_factory.mktemp("cli") / "index"
    enricher = Enricher(shipped)
    engine = EmbeddedEngine.open(directory, create=True)
    with engine.writer() as writer:
        writer.write(enricher.enrich(TRACKS))
        writer.name_tags(enricher.take_names())
        writer.commit()
    engine.close()
    return directory


@pytest.fixture
def searcher(small_index: Path, shipped: TagModel) -> Iterator[Searcher]:
    engine = open_engine(str(small_index))
    yield Searcher(engine, shipped)
    engine.close()


@pytest.fixture
def ask(small_index: Path, shipped: TagModel, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run a command on the small index; ``engine=`` and ``model=`` name others."""
    # A model holds its file open as long as it lives, so all commands share one; a path is opened as ever.
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.setattr("tagmodel.model.load_model", lambda path: load_model(path) if path else shipped)

    def run(name: str, *arguments: str, engine: object = small_index, **options: object) -> Result:
        settings = ["--engine", str(engine), *(word for key, value in options.items() for word in (f"--{key}", value))]
        result = CliRunner().invoke(COMMANDS[name], [*map(str, settings), *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def answer(ask: Ask) -> Callable[..., Any]:
    def run(name: str, *arguments: str) -> Any:
        return orjson.loads(ask(name, "--json", *arguments).stdout_bytes)

    return run


def row_of(title: str, text: str) -> str:
    """Return the one line of a table with a title in it."""
    (line,) = {line for line in text.splitlines() if title in line}
    return line


def plain(hits: tuple[Hit, ...]) -> list[tuple[str, float, list[tuple[str, float]]]]:
    return [(hit.track.track_id, hit.score, [(bar.spelling, bar.amount) for bar in hit.contributions]) for hit in hits]


def plain_json(hits: list[dict[str, Any]]) -> list[tuple[str, float, list[tuple[str, float]]]]:
    return [
        (hit["track"]["track_id"], hit["score"], [(bar["spelling"], bar["amount"]) for bar in hit["contributions"]])
        for hit in hits
    ]


def test_hits_are_a_readable_table(ask: Ask) -> None:
    result = ask("search", "sad piano")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"tracks: 2 carry all your words, 0 some, \d+ none of them", result.stdout)
    assert re.search(r"^sad \(2\)  kin: .*melancholic", result.stdout, re.MULTILINE)
    assert re.fullmatch(r"1 +2\.\d{3} +Empty House +Ehren Starks +Classical +3:20 +sad, piano.*",
                        row_of("Empty House", result.stdout))  # fmt: skip
    assert "Outside your words" in result.stdout
    assert "Keys [bold]" in result.stdout


def test_reasons_that_nobody_typed_say_what_they_are(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", WIDTH)
    reasons = [("rap", "typed", True), ("hip-hop", "heard", False), ("beat", "implied", True), ("rap", "typed", True)]
    bars = (NamedContribution(name, name, Family(family), kin, "", "", 0.1) for name, family, kin in reasons)
    print_hits([Hit(Track("x:1", "Cue"), 0.4, tuple(bars))], explained=False)
    assert row_of("Cue", capsys.readouterr().out).endswith("rap, hip-hop (heard), beat (implied)")


def test_json_carries_the_numbers_of_the_searcher(answer: Callable[..., Any], searcher: Searcher) -> None:
    found = answer("search", "-k", "4", "--offset", "1", "--outside", "2", "--drift", "0.7", "sad piano -vocals")
    expected = searcher.search(SearchRequest("sad piano -vocals", 0.7, k=4, offset=1, outside=2))
    assert plain_json(found["hits"]) == plain(expected.hits)
    assert plain_json(found["outside"]) == plain(expected.outside)
    for count in ("total", "carry_all", "carry_some", "carry_none"):
        assert found[count] == getattr(expected, count)
    assert [chip["spelling"] for chip in found["excluded"]] == [chip.spelling for chip in expected.excluded]
    assert found["state"]["n_tracks"] == len(TRACKS)


@pytest.mark.parametrize("query", ["sad piano", "sitar", "melancholic^2 (piano OR violin)", "zeuhlish"])
@pytest.mark.parametrize("drift", ["0", "0.3", "1"])
def test_contributions_add_up_to_the_score(answer: Callable[..., Any], query: str, drift: str) -> None:
    hits = answer("search", "--drift", drift, query)["hits"]
    assert hits
    for hit in hits:
        assert sum(bar["amount"] for bar in hit["contributions"]) == pytest.approx(hit["score"], abs=1e-9)


def test_explanations_end_in_the_score(ask: Ask) -> None:
    lines = ask("search", "--explain", "-k", "1", "--outside", "0", "sad piano").stdout.splitlines()
    bars = [float(line.split()[0]) for line in lines if re.match(r" {3}\d\.\d{4} ", line)]
    assert sum(bars[:-1]) == pytest.approx(bars[-1], abs=1e-4)
    assert "score" in lines[-1]


def test_a_page_goes_on_where_the_last_one_ended(answer: Callable[..., Any], ask: Ask) -> None:
    whole = answer("search", "-k", "12", "violin")["hits"]
    parts = [answer("search", "-k", "6", "--offset", str(offset), "violin")["hits"] for offset in (0, 6)]
    assert parts[0] + parts[1] == whole
    assert row_of("Duo 06", ask("search", "-k", "6", "--offset", "6", "violin").stdout).startswith("7 ")


@pytest.mark.parametrize(
    "words",
    [
        ["-vocals sad piano", "-k", "4"],
        ["-k4", "-vocals", "sad", "--drift", "0.3", "piano"],
        ["-k", "4", "--", "-vocals", "sad", "piano"],
    ],
)
def test_a_word_with_a_minus_is_no_option(answer: Callable[..., Any], words: list[str]) -> None:
    found = answer("search", *words)
    assert [one["spelling"] for one in found["excluded"]][:1] == ["vocal"]
    assert [hit["track"]["track_id"] for hit in found["hits"]] == [
        hit["track"]["track_id"] for hit in answer("search", "-k", "4", "sad piano -vocals")["hits"]
    ]


def test_behind_the_last_page_it_says_how_many_tracks_there_are(ask: Ask, answer: Callable[..., Any]) -> None:
    total = answer("search", "violin")["total"]
    behind = ask("search", "--offset", str(total), "violin")
    assert behind.exit_code == 0
    assert f"there are {total:,} tracks, and --offset {total:,} is behind the last" in behind.stdout


@pytest.mark.parametrize("sort", ["duration", "-duration", "year", "-year"])
def test_tracks_are_sorted_by_what_is_said(answer: Callable[..., Any], sort: str) -> None:
    field, sign = sort.removeprefix("-"), -1 if sort.startswith("-") else 1
    tracks = [hit["track"] for hit in answer("search", "-k", "100", "--sort", sort)["hits"]]
    stated = [sign * track[field] for track in tracks if track[field] is not None]
    assert stated == sorted(stated)
    assert [track[field] is None for track in tracks] == [False] * len(stated) + [True] * (len(tracks) - len(stated))


def test_an_order_that_there_is_not_is_refused(ask: Ask) -> None:
    refused = ask("search", "--sort", "title", "sad").stderr
    assert "'title' is not one of 'score', 'duration', '-duration', 'year', '-year'" in refused


def test_a_tag_switched_off_answers_no_more_as_kin(answer: Callable[..., Any]) -> None:
    (chip,) = answer("search", "--drift", "1", "--without", "Melancholic", "sad")["tags"]
    (kin,) = (one for one in chip["kin"] if one["spelling"] == "melancholic")
    assert (kin["off"], kin["live"], kin["weight"]) == (True, False, 0.0)
    (chip,) = answer("search", "--drift", "1", "sad")["tags"]
    assert next(one["live"] for one in chip["kin"] if one["spelling"] == "melancholic")


def test_a_narrower_tag_can_be_kept(answer: Callable[..., Any]) -> None:
    excluded = answer("search", "sad -vocals")
    kept = answer("search", "sad -vocals", "--keep", "female vocals")
    assert "a:2" not in {hit["track"]["track_id"] for hit in excluded["hits"]}
    assert "a:2" in {hit["track"]["track_id"] for hit in kept["hits"]}


def test_a_slip_is_mended_and_said_unless_words_are_meant_literally(ask: Ask) -> None:
    mended = ask("search", "sad paino").stdout
    assert "searched piano for paino (--literal searches it as typed)" in mended
    literal = ask("search", "--literal", "sad paino").stdout
    assert "nobody uses paino" in literal
    assert "near it: piano" in literal
    assert "nothing has it all: searched without paino" in literal


def test_what_nobody_uses_is_not_found(ask: Ask) -> None:
    result = ask("search", "qqqqq")
    assert (result.exit_code, result.stderr) == (1, "")
    assert "nobody uses qqqqq" in result.stdout
    assert "Try to use other words for qqqqq." in result.stdout


def test_advice_names_what_can_be_dropped(ask: Ask) -> None:
    result = ask("search", "sad year:1900")
    assert result.exit_code == 1
    assert "Try to drop the filter year:1900." in result.stdout
    two = ask("search", "+sad kokoon genre:polka")
    said = " ".join(two.stdout.split())
    assert "remove a + (sad) or drop kokoon, looked for in titles and artists or drop the filter genre:polka." in said


def test_the_dial_is_advised_only_where_nothing_else_is_demanded(ask: Ask) -> None:
    assert "Try to turn --drift up." in ask("search", "--drift", "0", "oboe").stdout
    for demanding in ("+oboe", "oboe year:1900"):
        assert "--drift" not in ask("search", "--drift", "0", demanding).stdout


def test_what_was_understood_is_told(ask: Ask, answer: Callable[..., Any]) -> None:
    query = 'sad songs by Ehren "starks" genre:classical duration:<300'
    found = answer("search", query)
    assert found["words"] == [{"word": "ehren", "typed": "Ehren"}, {"word": "starks", "typed": "starks"}]
    assert found["filters"]["genre"] == ["classical"]
    assert found["filters"]["duration"]["high"] < 300
    assert found["ignored"] == ["songs", "by"]
    assert [hit["track"]["track_id"] for hit in found["hits"]] == ["a:1"]
    shown = ask("search", query).stdout
    assert "in title or artist: ehren, starks\n" in shown
    assert "left out: songs, by (" in shown
    assert "left out" not in ask("search", "sad").stdout


def test_what_was_dropped_still_counts_as_a_word_of_the_user(ask: Ask) -> None:
    shown = ask("search", "--drift", "0", "kokoon oboe").stdout
    assert "searched without oboe" in shown
    assert "1 track: 0 carry all your words, 0 some, 1 none of them" in shown


def test_no_query_browses_the_index(ask: Ask, answer: Callable[..., Any]) -> None:
    for nothing in ((), ("",), ("  ",)):
        result = ask("search", *nothing)
        assert result.exit_code == 0
        assert result.stdout.startswith(f"\n{len(TRACKS)} tracks\n")
        assert "filters" not in result.stdout
    assert {hit["score"] for hit in answer("search")["hits"]} == {0.0}


def test_titles_are_neither_markup_nor_orders_to_the_terminal(ask: Ask) -> None:
    shown = ask("search", "-k", "100").stdout
    assert "Keys [bold]" in shown
    assert "\x1b" not in shown
    assert "Red \N{REPLACEMENT CHARACTER}[31m" in shown


@pytest.mark.parametrize(
    ("query", "message", "place"),
    [
        ("sad (piano", "expected a closing parenthesis", 4),
        ("sad \x00 piano", "unseen character U+0000", 4),
        ("sad gener:rock", "did you mean genre:", 4),
        ("sad \udcff", "unseen character U+DCFF", 4),
    ],
)
def test_a_wrong_query_is_pointed_at(ask: Ask, query: str, message: str, place: int) -> None:
    result = ask("search", query)
    assert (result.exit_code, result.stdout) == (2, "")
    said, _shown, pointer = result.stderr.rstrip("\n").split("\n")
    assert message in said
    assert pointer.index("^") == place


@pytest.mark.parametrize("query", ["a" * 10_000, "sad " * 2_500, "(" * 10_000, '"' * 10_000])
def test_ten_thousand_characters_are_refused_in_three_short_lines(ask: Ask, query: str) -> None:
    result = ask("search", query)
    assert result.exit_code == 2
    assert "got 10,000: was something else pasted here?" in result.stderr
    assert [len(line) <= 120 for line in result.stderr.splitlines()] == [True] * 3


@pytest.mark.parametrize(
    "options",
    [
        ("--drift", "-0.01"), ("--drift", "1.01"), ("--drift", "nan"), ("--drift", "inf"), ("--drift", "far"),
        ("-k", "0"), ("-k", "101"), ("-k", "few"), ("--offset", "-1"), ("--offset", "9991"), ("--offset", "9" * 30),
        ("--outside", "-1"), ("--outside", "101"),
    ],
)  # fmt: skip
def test_impossible_numbers_are_refused_with_the_option_or_the_range(ask: Ask, options: tuple[str, str]) -> None:
    result = ask("search", *options, "sad")
    assert (result.exit_code, result.stdout) == (2, "")
    assert options[0].lstrip("-") in result.stderr


@pytest.mark.parametrize("options", [("--drift", "0"), ("--drift", "1"), ("-k", "100"), ("--offset", "9990")])
def test_the_ends_of_the_ranges_are_allowed(ask: Ask, options: tuple[str, str]) -> None:
    assert ask("search", *options, "sad").exit_code in {0, 1}


def test_a_switched_tag_that_nobody_knows_is_offered_another(ask: Ask) -> None:
    near = ask("search", "--without", "pianoo", "sad")
    far = ask("search", "--keep", "qqqqqqqq", "sad")
    assert (near.exit_code, far.exit_code) == (2, 2)
    assert "--without: no tag 'pianoo' in model or index; near it: piano" in near.stderr
    assert "--keep: no tag 'qqqqqqqq' in model or index, nor any that is spelled like it" in far.stderr


def test_defaults_are_those_of_the_library() -> None:
    default = {option.name: option.default for option in search.params}
    assert default["drift"] == DEFAULT_DRIFT
    assert default["outside"] == SearchRequest("").outside
    assert f"Tracks to show, at most {MAX_K}." in CliRunner().invoke(search, ["--help"], terminal_width=120).output


def test_suggestions_say_why(ask: Ask, answer: Callable[..., Any], searcher: Searcher) -> None:
    result = ask("suggest", "sitar, tabla")
    assert result.exit_code == 0
    assert re.fullmatch(r"indian +\d+% +sitar \d+%, tabla \d+% +1 *", row_of("indian", result.stdout))
    found = answer("suggest", "sitar", "tabla", "-k", "3")["suggestions"]
    expected = searcher.suggest(["sitar", "tabla"], 3).suggestions
    assert [(one["spelling"], one["probability"]) for one in found] == [
        (one.spelling, one.probability) for one in expected
    ]


def test_doubtful_tags_are_said_before_suggestions(ask: Ask) -> None:
    shown = ask("suggest", "sad, Sad", "no piano", "piano", "wibblewobble").stdout
    assert "Sad is the same tag as sad" in shown
    assert "no piano and piano contradict each other" in shown
    assert "wibblewobble: the model has never seen it" in shown


def test_tags_that_nobody_uses_are_said_with_words_that_people_use(ask: Ask) -> None:
    shown = ask("suggest", "sad", "raga", "zeuhlish", "pianoo").stdout
    assert "raga: no track here carries it; people use tabla (1), indian (1)" in shown
    assert "zeuhlish: the model has never seen it (on 2 tracks here); it takes no part" in shown
    assert "pianoo: the model has never seen it; it takes no part; did you mean piano" in shown
    assert "pianoo: no track" not in shown


def test_suggestions_say_how_many_more_searches_they_bring_where_the_index_knows(
    ask: Ask, small_index: Path, shipped: TagModel, tmp_path: Path
) -> None:
    assert "Reach" not in ask("suggest", "sitar").stdout
    directory = tmp_path / "index"
    shutil.copytree(small_index, directory)
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        update_reach(engine, writer, shipped, lambda _n: None)
    expected = {one.spelling: one.reach for one in Searcher(engine, shipped).suggest(["sitar"]).suggestions}
    engine.close()
    result = ask("suggest", "sitar", engine=directory)
    assert "Reach" in result.stdout
    for spelling, reach in expected.items():
        assert reach is not None
        row = row_of(f"{spelling} ", result.stdout)
        assert row.rstrip().endswith(f"+{reach.searches} searches" if reach.searches > 1 else ("no more", "+1 search"))


@pytest.mark.parametrize("tags", ["wibblewobble", "!!!", ""])
def test_nothing_to_go_by_gives_no_suggestions(ask: Ask, answer: Callable[..., Any], tags: str) -> None:
    result = ask("suggest", tags)
    assert result.exit_code == 1
    assert "No suggestions: type at least one tag that people use." in result.stdout
    assert answer("suggest", tags)["suggestions"] == []


def test_similar_tracks_share_tags(ask: Ask, answer: Callable[..., Any]) -> None:
    first = answer("similar", "a:1")["hits"][0]
    assert first["track"]["track_id"] == "a:2"
    assert sum(bar["amount"] for bar in first["contributions"]) == pytest.approx(first["score"], abs=1e-9)
    assert "sad, piano" in row_of("Song for Two", ask("similar", "a:1").stdout)
    assert ask("similar", "--explain", "a:1").stdout.rstrip().endswith("score")
    assert len(answer("similar", "b:00", "-k", "5")["hits"]) == 5


def test_a_track_that_nobody_tagged_is_like_nothing(ask: Ask, answer: Callable[..., Any]) -> None:
    result = ask("similar", "a:6")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing is like a:6: nobody tagged it" in result.stderr
    nothing = answer("similar", "a:6")
    assert (nothing["by"], nothing["hits"]) == ("tags", [])
    assert nothing["references"] == [{"name": "Silence", "track_id": "a:6", "like": True}]


def test_an_unknown_track_is_told_how_to_find_ids(ask: Ask) -> None:
    result = ask("similar", "nope")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no track 'nope' in this index; `tagkin search --json` shows the ids" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("similar", "a\udcff"), ("similar", "a\x00"), ("suggest", "sad\x1b[31m"), ("suggest", "--json", "sad\udcff"),
        ("search", "sad", "--without", "\x00"), ("search", "sad", "--keep", "a\udcff"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(ask: Ask, arguments: tuple[str, ...]) -> None:
    result = ask(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "expected text, got the unseen character U+" in result.stderr


def test_figures_of_the_index_are_counted(ask: Ask, answer: Callable[..., Any]) -> None:
    figures = answer("stats", "-k", "2")
    assert figures["n_tracks"] == len(TRACKS)
    assert figures["n_tags_unknown_to_model"] == 1
    assert [(tag["spelling"], tag["n_tracks"]) for tag in figures["tags"]] in (
        [("cello", 12), ("violin", 12)],
        [("violin", 12), ("cello", 12)],
    )
    assert figures["model_id"] == figures["model"]
    shown = ask("stats").stdout
    assert re.search(rf"^tracks +{len(TRACKS)} *$", shown, re.MULTILINE)
    assert "expanded by another model" not in shown


def test_suggestions_need_no_index_and_say_that_tracks_are_not_counted(ask: Ask, tmp_path: Path) -> None:
    result = ask("suggest", "sitar", "pianoo", engine=tmp_path / "none")
    assert result.exit_code == 0
    assert "tracks are not counted: no index at" in result.stderr
    assert "indian" in result.stdout
    assert "piano" in result.stdout.partition("Probability")[0]  # offered for the slip


def test_suggestions_need_a_model(ask: Ask, tmp_path: Path) -> None:
    result = ask("suggest", "sitar", model=tmp_path / "none")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no tag model at" in result.stderr


@pytest.mark.parametrize("arguments", [("search", "sad"), ("similar", "a:1"), ("stats",)])
class TestWhatCannotBeOpened:
    """Each command says what is missing or damaged, on stderr, with its own exit status."""

    def test_no_index(self, ask: Ask, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        result = ask(*arguments, engine=tmp_path / "none")
        assert (result.exit_code, result.stdout) == (3, "")
        assert "Make one with: tagkin index" in result.stderr

    def test_a_damaged_index(self, ask: Ask, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        (tmp_path / "index").mkdir()
        (tmp_path / "index" / "index.sqlite").write_bytes(b"no database at all" * 500)
        result = ask(*arguments, engine=tmp_path / "index")
        assert (result.exit_code, result.stdout) == (3, "")
        assert "its database is damaged" in result.stderr

    def test_an_engine_of_another_kind(self, ask: Ask, arguments: tuple[str, ...]) -> None:
        result = ask(*arguments, engine="redis://localhost:1")
        assert (result.exit_code, result.stdout) == (3, "")
        assert "there is no redis engine" in result.stderr

    def test_a_server_that_is_not_there(self, ask: Ask, arguments: tuple[str, ...]) -> None:
        result = ask(*arguments, engine="http://localhost:1")
        assert (result.exit_code, result.stdout) == (3, "")
        assert "cannot be reached" in result.stderr

    def test_a_missing_model(self, ask: Ask, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        result = ask(*arguments, model=tmp_path / "none")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "there is no tag model at" in result.stderr

    def test_a_truncated_model(self, ask: Ask, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        cut = tmp_path / "model"
        shutil.copytree(SHIPPED_MODEL, cut)
        arrays = (cut / "model.npz").read_bytes()
        (cut / "model.npz").write_bytes(arrays[: len(arrays) // 2])
        result = ask(*arguments, model=cut)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "was it cut short while being copied?" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("search", "sad", "piano"), 0, b"Empty House"),
        (("search", "--drift", "0", "--", "-piano", "sad"), 1, b"No track"),
        (("search", "sad (piano"), 2, b"expected a closing parenthesis"),
        (("suggest", "sitar", "tabla"), 0, b"indian"),
        (("similar", "a:1"), 0, b"Song for Two"),
        (("stats",), 0, b"most used"),
        (("similar", b"a\xff"), 2, b"expected text"),
    ],
)
def test_the_program_itself_answers(
    small_index: Path, arguments: tuple[str | bytes, ...], status: int, said: bytes
) -> None:
    name, *rest = arguments
    command = [Path(sys.executable).with_name("tagkin"), name, "--engine", small_index, *rest]
    environment = {**os.environ, "COLUMNS": WIDTH}
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment)
    assert done.returncode == status, done.stderr
    assert said in (done.stdout if status < 2 else done.stderr)
    assert b"Traceback" not in done.stderr

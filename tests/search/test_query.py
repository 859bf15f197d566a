"""The query language over a small catalogue: what each form asks for, and where each slip is pointed at."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.plan import Filters, Range
from search.query import Query, QueryError, parse_query, render_query, with_required, with_tag, with_weight
from search.query.errors import UNREADABLE
from search.query.syntax import MAX_TEXT
from tests.search.small_catalogue import OWN_TAG, TAGS, an_id, small_engine, small_lexicon

LEXICON = small_lexicon()


def parse(text: str, literal: bool = False) -> Query:
    return parse_query(text, LEXICON, literal=literal)


def tags(query: Query) -> list[list[str]]:
    return [[LEXICON.spelling(tag.tag_id) for tag in group.tags] for group in query.groups]


def words(query: Query) -> list[str]:
    return [word.word for word in query.words]


def error(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse(text)
    return caught.value


class TestTags:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("hip hop female vocals", [["hip hop"], ["female vocals"]]),
            ("Hip-Hop FEMALE vocal", [["hip hop"], ["female vocals"]]),
            ("female, vocals", [["female"], ["vocals"]]),
            ('"female" vocals', [["female"], ["vocals"]]),
            ("\u201chip hop\u201d lo-fi", [["hip hop"], ["lo-fi"]]),
            ("drum & bass rock n roll", [["drum & bass"], ["rock and roll"]]),
            ("piano-guitar", [["piano"], ["guitar"]]),
            ("sad and piano & guitar AND rock", [["sad"], ["piano"], ["guitar"], ["rock"]]),
            ("(piano OR hip hop OR \"female vocals\")", [["piano", "hip hop", "female vocals"]]),
            ("(piano)", [["piano"]]),
        ],
    )  # fmt: skip
    def test_words_are_the_longest_tags(self, text: str, expected: list[list[str]]) -> None:
        query = parse(text)
        assert tags(query) == expected
        assert (query.words, query.unknown, query.corrections) == ((), (), ())

    @pytest.mark.parametrize(
        ("text", "expected", "said"),
        [
            ("female vocals", [["female"], ["vocals"]], [("female vocals", "female, vocals", 0)]),
            ("sad female vocals", [["sad"], ["female"], ["vocals"]], [("female vocals", "female, vocals", 4)]),
            ("jazz funk", [["jazz funk"]], []),  # funk is no tag
            ("toy piano", [["toy piano"]], []),
            ('"female vocals"', [["female vocals"]], []),
            ("+female vocals", [["female vocals"]], []),
            ("female vocals^2", [["female vocals"]], []),
            ("(female vocals OR sad)", [["female vocals", "sad"]], []),
        ],
    )
    def test_a_tag_that_no_track_has_comes_apart_into_tags_that_tracks_have(
        self, text: str, expected: list[list[str]], said: list[tuple[str, str, int]]
    ) -> None:
        engine = small_engine()
        engine.counts |= {an_id("female"): 2, an_id("vocals"): 3}
        lexicon = small_lexicon(engine)
        query = parse_query(text, lexicon)
        assert tags(query) == expected
        assert [(one.typed, one.used, one.position) for one in query.corrections] == said
        assert parse_query(render_query(query), lexicon) == query
        assert not parse_query(text, lexicon, literal=True).corrections
        engine.counts[an_id("female vocals")] = 1
        assert not parse_query(text, small_lexicon(engine)).corrections

    def test_the_whole_tag_stays_whole_when_its_weight_or_sign_goes(self) -> None:
        engine = small_engine()
        engine.counts |= {an_id("female"): 2, an_id("vocals"): 3}
        lexicon, whole = small_lexicon(engine), an_id("female vocals")
        for text in ("+female vocals", "female vocals^2", '"female vocals"'):
            query = parse_query(text, lexicon)
            for changed in (with_required(query, whole, False), with_weight(query, whole, 1), with_tag(query, "sad")):
                assert ["female vocals"] in tags(parse_query(changed, lexicon))
        more = with_tag(parse_query("sad", lexicon), "female vocals")
        assert tags(parse_query(more, lexicon)) == [["sad"], ["female vocals"]]

    @pytest.mark.parametrize("word", ["without", "not", "No"])
    def test_a_tag_behind_a_negation_is_left_out_and_it_is_said(self, word: str) -> None:
        query = parse(f"sad {word} piano rock")
        assert tags(query) == [["sad"], ["rock"]]
        assert [one.tag_id for one in query.excluded] == [an_id("piano")]
        assert [(one.typed, one.used, one.position) for one in query.corrections] == [(f"{word} piano", "-piano", 4)]
        assert not query.words
        assert parse(render_query(query)) == query
        assert not parse(f"sad {word} piano rock", literal=True).excluded

    @pytest.mark.parametrize("text", ["sad without", "not mozart", "no xyzzy", '"without" piano', "no, piano"])
    def test_a_negation_of_no_tag_is_a_word_like_any_other(self, text: str) -> None:
        assert not parse(text).excluded

    def test_a_tag_of_the_catalogue_only_is_no_tag_of_the_model(self) -> None:
        (own,), (sad,) = (group.tags for group in parse(f"{OWN_TAG} sad").groups)
        assert (own.known, sad.known) == (False, True)

    def test_positions_and_spellings_are_those_of_the_text(self) -> None:
        text = '  Hip-Hop -"female  vocals" +(Piano OR sad)'
        query = parse(text)
        found = [tag for group in query.groups for tag in group.tags]
        assert [text[tag.position :][: len(tag.typed)] for tag in found] == ["Hip-Hop", "Piano", "sad"]
        assert text[query.excluded[0].position :].startswith("female  vocals")

    @pytest.mark.parametrize("blank", ["", "   ", "\t\n", " , ; "])
    def test_a_blank_query_asks_for_everything(self, blank: str) -> None:
        assert parse(blank) == Query()

    def test_a_tag_said_twice_counts_once_with_the_greatest_weight(self) -> None:
        (group,) = parse("piano^0.5 Pianos^2 +piano").groups
        assert [(tag.typed, tag.weight) for tag in group.tags] == [("piano", 2.0)]
        assert group.required

    def test_equal_alternatives_are_one_group(self) -> None:
        assert tags(parse("(sad OR piano) (piano OR sad OR sad)")) == [["sad", "piano"]]


class TestSignsAndWeights:
    def test_minus_binds_the_longest_tag(self) -> None:
        query = parse("-female vocals piano")
        assert [one.tag_id for one in query.excluded] == [an_id("female vocals")]
        assert tags(query) == [["piano"]]

    @pytest.mark.parametrize("sign", ["-", "\u2212", "\u2013", "\u2014"])
    def test_every_dash_before_a_tag_is_a_minus(self, sign: str) -> None:
        assert [one.typed for one in parse(f"sad {sign}vocals").excluded] == ["vocals"]

    def test_a_hyphen_inside_a_word_is_no_minus(self) -> None:
        assert parse("lo-fi k-pop hip-hop").excluded == ()

    def test_plus_demands_the_tag_itself(self) -> None:
        assert [group.required for group in parse("+hip hop sad +(piano OR guitar)").groups] == [True, False, True]

    def test_minus_before_parentheses_excludes_each(self) -> None:
        assert [one.typed for one in parse("-(sad OR hip hop)").excluded] == ["sad", "hip hop"]

    @pytest.mark.parametrize(
        ("text", "weights"),
        [
            ("sad^0.5 piano", [0.5, 1.0]),
            ("sad hip hop^2, rock", [1.0, 2.0, 1.0]),
            ('"hip hop"^.25', [0.25]),
            ("(sad OR piano^4)^0.5", [0.5, 2.0]),
            ("sad^10 piano^0.001", [10.0, 0.001]),
        ],
    )
    def test_a_weight_belongs_to_the_tag_it_touches(self, text: str, weights: list[float]) -> None:
        assert [tag.weight for group in parse(text).groups for tag in group.tags] == weights


class TestWords:
    def test_words_that_are_no_tag_are_looked_for_in_titles_and_artists(self) -> None:
        query = parse("sad kind of BLUE jean-michel +mozart: blue")
        assert tags(query) == [["sad"]]
        assert words(query) == ["kind", "blue", "jean", "michel", "mozart"]

    @pytest.mark.parametrize(
        ("text", "literal", "looked_for", "ignored"),
        [
            ("sad songs BY the mozart", False, ["mozart"], ("songs", "BY", "the")),
            ("of of -vocals", False, [], ("of",)),
            ("(sad OR piano) of", False, [], ("of",)),
            ("kind of", False, ["kind", "of"], ()),
            ('sad "of"', False, ["of"], ()),
            ("sad of", True, ["of"], ()),
        ],
    )
    def test_words_that_say_nothing_beside_tags_are_left_out_and_said(
        self, text: str, literal: bool, looked_for: list[str], ignored: tuple[str, ...]
    ) -> None:
        query = parse(text, literal)
        assert (words(query), query.ignored, query.unknown) == (looked_for, ignored, ())

    def test_a_filler_that_no_title_has_is_unknown_only_without_tags(self) -> None:
        assert [unknown.typed for unknown in parse("tracks").unknown] == ["tracks"]
        assert (parse("sad tracks").unknown, parse("sad tracks").ignored) == ((), ("tracks",))

    def test_a_quoted_title_gives_its_words(self) -> None:
        assert words(parse('"love and happiness"')) == ["love", "and", "happiness"]

    def test_a_word_of_a_title_is_not_mended(self) -> None:
        lexicon = small_lexicon()
        lexicon._engine.words |= {"paino"}  # type: ignore[attr-defined]
        query = parse_query("paino", lexicon)
        assert (words(query), query.corrections) == (["paino"], ())

    def test_a_word_of_a_title_cannot_be_excluded_and_that_is_said(self) -> None:
        (unknown,) = parse("sad -mozart").unknown
        assert (unknown.typed, unknown.sign, unknown.needed) == ("mozart", "-", False)


class TestMending:
    @pytest.mark.parametrize(
        ("text", "typed", "used"),
        [
            ("sad paino", "paino", "piano"),
            ("female vocalz", "female vocalz", "female vocals"),
            ("hip hpo", "hip hpo", "hip hop"),
            ("drum and bas", "drum and bas", "drum & bass"),
            ("sad & paino", "paino", "piano"),
            ("-vocalz", "vocalz", "vocals"),
            ("(paino OR sad)", "paino", "piano"),
        ],
    )
    def test_one_slip_is_mended_and_said(self, text: str, typed: str, used: str) -> None:
        query = parse(text)
        assert [(one.typed, one.used) for one in query.corrections] == [(typed, used)]
        assert text[query.corrections[0].position :].startswith(typed)
        assert not query.unknown

    @pytest.mark.parametrize(("text", "literal"), [("paino", True), ('"paino"', False), ('"paino"', True)])
    def test_nothing_is_mended_literally_or_in_quotes(self, text: str, literal: bool) -> None:
        query = parse(text, literal)
        assert (query.groups, query.corrections) == ((), ())
        assert [(one.typed, one.offers[0], one.needed) for one in query.unknown] == [("paino", "piano", True)]

    def test_what_nobody_knows_is_kept_with_its_sign_and_place(self) -> None:
        query = parse("sad xyzzy -plugh (piano OR frotz) (qwert OR yuiop)")
        said = [(one.typed, one.sign, one.group, one.needed) for one in query.unknown]
        assert said == [
            ("frotz", "", 1, False),
            ("xyzzy", "", None, True),
            ("plugh", "-", None, False),
            ("qwert", "", None, True),
            ("yuiop", "", None, True),
        ]
        assert tags(query) == [["sad"], ["piano"]]

    def test_a_compound_with_a_minus_is_not_taken_apart(self) -> None:
        query = parse("-piano-guitar")
        assert query.groups == query.excluded == ()
        assert query.unknown[0].offers == ("piano", "guitar")


class TestFilters:
    @pytest.mark.parametrize(
        ("text", "filters"),
        [
            ("genre:Rock", Filters(genre=("rock",))),
            ('genre:"Hip  Hop" GENRE:rock', Filters(genre=("hip hop", "rock"))),
            ('license:""', Filters(license=("",))),
            ('artist:"""Weird Al"" Yankovic"', Filters(artist=('"weird al" yankovic',))),
            ("license:http://example.org/by-nc/3.0/", Filters(license=("http://example.org/by-nc/3.0/",))),
            ("duration:<120", Filters(duration=Range(None, 119.999))),
            ("duration:<=2:00", Filters(duration=Range(None, 120.0))),
            ("duration:>60", Filters(duration=Range(60.001, None))),
            ("duration:>=1:00:00", Filters(duration=Range(3600.0, None))),
            ("duration:2:30..4:00", Filters(duration=Range(150.0, 240.0))),
            ("duration:90..180.5", Filters(duration=Range(90.0, 180.5))),
            ("duration:..180", Filters(duration=Range(None, 180.0))),
            ("year:2005", Filters(year=Range(2005.0, 2005.0))),
            ("year:2005..2010", Filters(year=Range(2005.0, 2010.0))),
            ("year:>2005", Filters(year=Range(2006.0, None))),
            ("year:<2005 genre:jazz", Filters(genre=("jazz",), year=Range(None, 2004.0))),
            ("bpm:90..110", Filters(bpm=Range(90.0, 110.0))),
            ("BPM:<100.5", Filters(bpm=Range(None, 100.499))),
            ('key:"a MINOR" key:Am key:f-sharp-major', Filters(key=("a minor", "f# major"))),
            ('key:"" key:Bbm', Filters(key=("", "a# minor"))),
        ],
    )
    def test_filters_say_what_a_hit_must_be(self, text: str, filters: Filters) -> None:
        assert parse(text) == Query(filters=filters)

    def test_filters_part_tags(self) -> None:
        assert tags(parse("female genre:rock vocals")) == [["female"], ["vocals"]]


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "place", "says"),
        [
            ('sad "piano', '"', "second quote"),
            ('7" single', '"', "names such as"),
            ("sad (piano OR guitar", "(", "closing parenthesis"),
            ("sad piano)", ")", "opening parenthesis"),
            ("(piano OR (sad))", "(sad"[:1], "one level"),
            ("()", "(", "expected a tag after ("),
            ("(OR sad)", "(", "expected a tag after ("),
            ("(sad OR )", "OR", "expected a tag after OR"),
            ("(sad OR OR piano)", "OR", "expected a tag after OR"),
            ("(sad piano)", "piano", "expected OR after sad"),
            ("(sad, piano)", ",", "expected OR"),
            ("(sad OR -piano)", "piano", "before the parenthesis"),
            ("(sad OR genre:rock)", "genre:rock", "got a filter"),
            ("sad OR piano", "OR", "parentheses"),
            ("sad NOT piano", "NOT", "a minus"),
            ("AND sad", "AND", "leave it out"),
            ("sad - piano", "-", "is there a blank"),
            ("sad +", "+", "is there a blank"),
            ("--sad", "-", "one sign"),
            ("sad ^2", "^", "is there a blank"),
            ("sad^", "^", "got nothing"),
            ("sad^0", "^0", "from 0.001 to 10"),
            ("sad^11", "^11", "from 0.001 to 10"),
            ("sad^nan", "^nan", "from 0.001 to 10"),
            ("sad^0,5", "^0,5", "did you mean ^0.5?"),
            ("(sad^5 OR piano)^5", ")", "got 25 for sad"),
            ("-sad^2", "sad", "no weight"),
            ("mozart^2", "mozart", "scores nothing"),
            ('sad ""', '""', "got nothing"),
            ("sad \u2665", "\u2665", "no letter or digit"),
            ("sad -sad", "sad", "got both"),
            ("(sad OR piano) sad", "sad", "among other alternatives"),
            ("genree:rock", "genree:", "did you mean genre:?"),
            ("licence:by", "licence:", "did you mean license:?"),
            ("xyz:rock", "xyz:", 'write "xyz rock"'),
            ("-genre:rock", "genre:rock", "such as -rock"),
            ("+genre:rock", "genre:rock", "leave the + out"),
            ("genre:rock^2", "genre:rock", "filters score nothing"),
            ("genre: rock", "genre:", "is there a blank?"),
            ("duration:120", "duration:120", "<120"),
            ("duration:90-180", "duration:90-180", "did you mean 90..180?"),
            ("duration:4:00..2:00", "duration:4:00..2:00", "did you mean 2:00..4:00?"),
            ("duration:2:75..3:00", "duration:2:75..3:00", "minutes and seconds"),
            ("duration:..", "duration:..", "expected duration:"),
            ("duration:>60 duration:<90", "duration:<90", "a range has both ends"),
            ("year:05", "year:05", "2005..2010"),
            ("bpm:120", "bpm:120", "did you mean 118..122?"),
            ("bpm:90-110.5", "bpm:90-110.5", "did you mean 90..110.5?"),
            ("bpm:1:30..2:00", "bpm:1:30..2:00", "beats per minute"),
            ("bpm:fast", "bpm:fast", "beats per minute"),
            ("bpm:<90 bpm:>80", "bpm:>80", "a range has both ends, such as bpm:90..110"),
            ("key:A minor", "key:A", "did you mean Am or A-major?"),
            ("key:H", "key:H", "such as"),
            ("sad\x00", "\x00", "U+0000"),
            ("sad \u202evocals", "\u202e", "U+202E"),
            ("sad \ud800", "\ud800", "U+D800"),
        ],
    )
    def test_an_error_points_at_the_place(self, text: str, place: str, says: str) -> None:
        found = error(text)
        assert text[found.position : found.position + found.length] == place
        assert says in found.message

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (" ".join(f"qq{letter}x" for letter in "abcdefghijk"), "at most 10 tags"),
            (" ".join(TAGS[:8] + tuple(f"-{tag}" for tag in TAGS[8:12])), "at most 10 tags"),
            (" ".join("genre:a" for _ in range(21)), "at most 20 filters"),
        ],
    )
    def test_too_much_of_anything_is_refused(self, text: str, says: str) -> None:
        assert len(text) <= MAX_TEXT
        assert says in error(text).message

    def test_a_text_far_too_long_is_refused_without_being_kept(self) -> None:
        found = error("sad " * 250_000)
        assert "got 1,000,000" in found.message
        assert found.position == MAX_TEXT
        assert found.position + found.length <= len(found.text) <= 2 * MAX_TEXT

    def test_a_terminal_sees_the_place_underlined(self) -> None:
        assert error("sad OR piano").pointed() == "sad OR piano\n    ^^"

    def test_the_line_of_a_terminal_is_short_and_shows_no_control(self) -> None:
        shown = error("\u9f13 " + "a" * 60 + "\x1b[2J" + "b" * 60).pointed()
        line, below = shown.splitlines()
        assert "\x1b" not in shown
        assert line.startswith("…")
        assert line.endswith("…")
        assert line[below.index("^")] == "\N{REPLACEMENT CHARACTER}"

    def test_wide_letters_take_two_columns(self) -> None:
        assert error("\u9f13 OR").pointed().splitlines()[1] == "   ^^"


_PARTS = st.sampled_from(
    (*TAGS, "(", ")", " OR ", '"', "-", "+", "^", "^0.5", ":", "genre:", "year:2005", "duration:<", " ", ",", "paino",
     "mozart", "&", "and", "AND", "xyzzy", "\u201c", "..", "é", "\u9f13", "\u2665", "1:30")
)  # fmt: skip
_words = st.lists(st.sampled_from(("female", "vocals", "sad", "hip", "hop", "-", " ", " ", "/")), max_size=12)
_parts = st.lists(_PARTS, max_size=12)
any_text = st.text(max_size=40) | _parts.map("".join) | _parts.map(" ".join) | _words.map("".join)


def check_place(slip: QueryError, text: str) -> None:
    assert 0 <= slip.position < slip.position + slip.length <= len(text)
    assert slip.text == text
    assert len(slip.pointed().splitlines()) == 2
    assert not UNREADABLE.search(slip.pointed().replace("\n", ""))


@given(any_text, st.booleans())
@example('"a""', False)
@example("(hip^2 hop OR sad)", False)
def test_any_text_is_a_query_or_an_error_with_a_place_in_it(text: str, literal: bool) -> None:
    try:
        query = parse(text, literal)
    except QueryError as slip:
        check_place(slip, text)
        return
    placed = [*query.excluded, *query.words, *query.corrections, *query.unknown]
    placed += [tag for group in query.groups for tag in group.tags]  # type: ignore[arg-type]
    assert all(0 <= one.position < len(text) for one in placed)
    asked = [tag.tag_id for group in query.groups for tag in group.tags]
    assert len(set(asked)) == len(asked)
    assert not set(asked) & {one.tag_id for one in query.excluded}
    assert all(group.tags for group in query.groups)
    assert not (literal and query.corrections)


@given(st.lists(st.sampled_from(TAGS), unique=True, min_size=1, max_size=10))
def test_tags_parted_by_commas_are_those_tags(spellings: list[str]) -> None:
    expected = list(dict.fromkeys(LEXICON.tag([spelling]) for spelling in spellings))
    assert [group.tags[0].tag_id for group in parse(", ".join(spellings)).groups] == expected

"""One contract over all data sets, on miniature files in their official layouts and on the real ones."""

from __future__ import annotations

import csv
import io
import lzma
import time
from pathlib import Path

import pytest

from tagmodel.datasets import DATA_SETS, BadDataSet, DataSet, Item
from tagmodel.datasets.checking import FileState, check_data_set
from tagmodel.datasets.lastfm import MAX_TAGS
from tagmodel.track import Track


def tab_table(*rows: tuple[str, ...]) -> str:
    return "".join("\t".join(f'"{field}"' for field in row) + "\n" for row in rows)


def clip_row(clip_id: str, title: str, song: str) -> tuple[str, ...]:
    return (clip_id, "1", title, "Ann", "First", "http://label/first/", "0", "29", song, f"a/{clip_id}.mp3")


CLIP_HEADER = (
    "clip_id", "track_number", "title", "artist", "album", "url", "segmentStart", "segmentEnd", "original_url",
    "mp3_path",
)  # fmt: skip

MTAT = {
    "magnatagatune/annotations_final.csv": tab_table(
        ("clip_id", "no voice", "clasical", "sitar", "mp3_path"),
        ("2", "1", "1", "0", "a/2.mp3"),
        ("6", "0", "1", "0", "a/6.mp3"),
        ("7", "0", "0", "0", "a/7.mp3"),
        ("9", "0", "0", "0", "a/9.mp3"),
    ),
    "magnatagatune/clip_info_final.csv": tab_table(
        CLIP_HEADER,
        clip_row("2", "Aria", "http://x/1.mp3"),
        clip_row("6", "Aria", "http://x/1.mp3"),
        clip_row("7", "Aria", "http://x/2.mp3"),
        clip_row("9", "Aria", "http://x/1.mp3"),
        clip_row("11", "Never tagged", ""),
    ),
}

FMA_COLUMNS = (
    "album.date_released", "album.id", "album.title", "artist.id", "artist.name", "set.split", "set.subset",
    "track.date_recorded", "track.duration", "track.genre_top", "track.genres", "track.genres_all", "track.license",
    "track.tags", "track.title",
)  # fmt: skip


def fma_table(rows: dict[str, dict[str, str]]) -> str:
    """FMA's layout: two header lines that name a column together, a third for the index."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["", *(column.partition(".")[0] for column in FMA_COLUMNS)])
    table.writerow(["", *(column.partition(".")[2] for column in FMA_COLUMNS)])
    table.writerow(["track_id", *("" for _ in FMA_COLUMNS)])
    table.writerows([number, *(row.get(column, "") for column in FMA_COLUMNS)] for number, row in rows.items())
    return text.getvalue()


FMA = {
    "fma/tracks.csv": fma_table(
        {
            "2": {
                "album.title": "AWOL - A Way", "artist.id": "1", "artist.name": "AWOL", "track.duration": "168",
                "track.date_recorded": "2008-11-26 00:00:00", "track.genre_top": "Hip-Hop", "track.genres": "[83]",
                "track.genres_all": "[83]", "track.license": "Attribution", "track.tags": "['awol', ' Lo  fi', '']",
                "track.title": "Food",
            },
            "3": {"artist.id": "7", "track.genre_top": "Rock", "track.genres_all": "[12]", "track.title": 'A "b", c'},
            "5": {},
        }
    ),
    "fma/genres.csv": (
        "genre_id,#tracks,parent,title,top_level\n12,1,0,Rock,12\n21,9,0,Hip-Hop,21\n83,2,21,Nerdcore,21\n"
    ),
}  # fmt: skip

JAMENDO = {
    "mtg-jamendo/autotagging.csv": (
        "track_id,artist_id,album_id,path,duration,tags,split0\n"
        "track_0000214,artist_000014,album_000031,14/214.mp3,124.6,mood/theme---film|genre---punkrock|genre---film,te\n"
        "track_1000215,artist_000015,album_000031,15/215.mp3,151,instrument---piano,tr\n"
    ),
    "mtg-jamendo/tag_map.csv": "category,variant,canonical\ngenre,eletronica,electronica\n",
}

LASTFM = {
    "lastfm-hetrec/artist_tags.jsonl": (
        '{"artist_id": 1, "artist": "MALICE MIZER", "tags": {"j-rock": 5, "gothic": 2, "songs for gil": 1}}\n'
        '{"artist_id": 2, "artist": "Bjork", "tags": {"J-Rock": 1, "better than gaga": 1}}\n'
    ),
}

MUSICCAPS = {
    "musiccaps/musiccaps-public.csv": (
        "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,is_balanced_subset,is_audioset_eval\n"
        "-0Gj8,30,40,/m/04rlf,\"['slow tempo', ' mellow piano melody', 'slow tempo', '']\",\"So, slow.\",4,False,True\n"
        '-0SdA,0,10,/m/04rlf,"[""children\'s song""]",Kids.,4,False,True\n'
    ),
}

MINIATURES = {"mtat": MTAT, "fma": FMA, "jamendo": JAMENDO, "lastfm": LASTFM, "musiccaps": MUSICCAPS}

LAYOUTS = [*MINIATURES]


def write_files(data_dir: Path, files: dict[str, str], *, compressed: bool = False) -> Path:
    for name, text in files.items():
        path = data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if compressed:
            path.with_name(path.name + ".xz").write_bytes(lzma.compress(text.encode()))
        else:
            path.write_text(text, encoding="utf-8")
    return data_dir


def items_and_tracks(name: str, data_dir: Path) -> tuple[list[Item], list[Track]]:
    return list(DATA_SETS[name].read_items(data_dir)), list(DATA_SETS[name].read_tracks(data_dir))


def check_contract(data_set: DataSet, data_dir: Path) -> None:
    """Check what trainers and the indexer take for granted of every data set."""
    items, tracks = items_and_tracks(data_set.name, data_dir)
    assert items
    assert tracks
    assert len({item.item_id for item in items}) == len(items)
    assert len({track.track_id for track in tracks}) == len(tracks)
    for item in items:
        assert item.tags == tuple(dict.fromkeys(item.tags))
        assert all(tag == tag.strip() != "" for tag in item.tags)
    for track in tracks:
        assert track.track_id.startswith(f"{data_set.name}:")
        assert track.source == data_set.name
        assert len(track.shares) in (0, len(track.tags))
        assert all(0 < share <= 1 for share in track.shares)
        assert len(set(track.tags)) == len(track.tags)
        assert track.duration is None or track.duration > 0
        assert track.url == "" or track.url.startswith("http")
    assert items_and_tracks(data_set.name, data_dir) == (items, tracks)


@pytest.mark.parametrize("name", LAYOUTS)
class TestContract:
    @pytest.mark.parametrize("compressed", [False, True], ids=["plain", "xz"])
    def test_official_layout_gives_items_and_tracks(self, name: str, compressed: bool, tmp_path: Path) -> None:
        check_contract(DATA_SETS[name], write_files(tmp_path, MINIATURES[name], compressed=compressed))

    def test_it_says_who_made_it_and_under_which_licence(self, name: str, tmp_path: Path) -> None:
        data_set = DATA_SETS[name]
        assert data_set.name == name
        assert data_set.title
        assert data_set.licence
        assert data_set.source.startswith("https://")

    def test_a_missing_file_is_named_with_its_home(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(BadDataSet, match="it comes from https"):
            next(DATA_SETS[name].read_items(tmp_path))

    def test_files_of_another_kind_are_refused(self, name: str, tmp_path: Path) -> None:
        files = dict.fromkeys(MINIATURES[name], "<html>404</html>\n")
        with pytest.raises(BadDataSet, match=r"expected .*, got"):
            items_and_tracks(name, write_files(tmp_path, files))

    def test_an_empty_file_gives_nothing_or_is_refused(self, name: str, tmp_path: Path) -> None:
        write_files(tmp_path, dict.fromkeys(MINIATURES[name], ""))
        if name == "lastfm":  # lines without a header: none is none
            assert items_and_tracks(name, tmp_path) == ([], [])
        else:
            with pytest.raises(BadDataSet, match=r"expected .*, got"):
                items_and_tracks(name, tmp_path)

    def test_an_archive_that_is_cut_off_is_said(self, name: str, tmp_path: Path) -> None:
        write_files(tmp_path, MINIATURES[name], compressed=True)
        for path in tmp_path.rglob("*.xz"):
            path.write_bytes(path.read_bytes()[:-12])
        with pytest.raises(BadDataSet, match="cut off"):
            items_and_tracks(name, tmp_path)

    def test_another_encoding_is_said(self, name: str, tmp_path: Path) -> None:
        write_files(tmp_path, MINIATURES[name])
        for path in tmp_path.rglob("*.*"):
            path.write_bytes(path.read_bytes() + "caf\u00e9\n".encode("latin-1"))
        with pytest.raises(BadDataSet, match="0xe9"):
            items_and_tracks(name, tmp_path)

    @pytest.mark.data
    def test_the_real_files_keep_the_contract(self, name: str, data_dir: Path) -> None:
        check_contract(DATA_SETS[name], data_dir)


class TestMagnaTagATune:
    def test_a_clip_is_an_item_of_its_song(self, tmp_path: Path) -> None:
        items, _ = items_and_tracks("mtat", write_files(tmp_path, MTAT))
        assert items[0] == Item("2", ("no voice", "clasical"), "Ann", "mtat:2")
        assert [item.group for item in items] == ["mtat:2", "mtat:2", "mtat:7", "mtat:2"]

    def test_a_song_has_the_share_of_clips_with_each_tag(self, tmp_path: Path) -> None:
        _, tracks = items_and_tracks("mtat", write_files(tmp_path, MTAT))
        assert [track.track_id for track in tracks] == ["mtat:2", "mtat:7"]
        assert tracks[0].tags == ("clasical", "no voice")
        assert tracks[0].shares == (2 / 3, 1 / 3)
        assert (tracks[0].title, tracks[0].artist, tracks[0].url) == ("Aria", "Ann", "http://label/first/")
        assert tracks[1].tags == ()

    def test_a_clip_without_information_is_said(self, tmp_path: Path) -> None:
        shorter = MTAT["magnatagatune/clip_info_final.csv"].rsplit("\n", 3)[0] + "\n"
        write_files(tmp_path, MTAT | {"magnatagatune/clip_info_final.csv": shorter})
        with pytest.raises(BadDataSet, match="expected clip 9"):
            items_and_tracks("mtat", tmp_path)

    def test_a_short_row_is_said_with_its_line(self, tmp_path: Path) -> None:
        cut = MTAT["magnatagatune/annotations_final.csv"][:-20]
        write_files(tmp_path, MTAT | {"magnatagatune/annotations_final.csv": cut + '"\n'})
        with pytest.raises(BadDataSet, match=r"line 5: expected 5 fields, got"):
            items_and_tracks("mtat", tmp_path)


class TestFreeMusicArchive:
    def test_genres_come_with_ancestors_and_free_tags_without_the_artist(self, tmp_path: Path) -> None:
        items, tracks = items_and_tracks("fma", write_files(tmp_path, FMA))
        assert [item.tags for item in items] == [("Nerdcore", "Hip-Hop", "Lo fi"), ("Rock",), ()]
        assert [item.artist for item in items] == ["AWOL", "7", ""]
        assert tracks[0] == Track(
            "fma:2", "Food", "AWOL", "AWOL - A Way", "Hip-Hop", "Attribution", 168.0, 2008, "", "fma", items[0].tags
        )  # fmt: skip
        assert tracks[1].title == 'A "b", c'
        assert tracks[2].display_title == "FMA track 5"

    def test_the_genre_tree_is_told(self, tmp_path: Path) -> None:
        assert DATA_SETS["fma"].read_genre_tree(write_files(tmp_path, FMA)) == (("Hip-Hop", "Nerdcore"),)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("track_id,", "number,", "third header line"),
            ("[83]", "[99]", "genres.csv of another release"),
            ("[83]", "oops", "are the columns shifted"),
            ("168", "2:48", "track.duration as a number"),
            ("2008-11", "Nov-11", "a year as a number"),
            ("genre_top", "genre", "track.genre_top"),
        ],
    )
    def test_slips_are_named(self, tmp_path: Path, old: str, new: str, message: str) -> None:
        write_files(tmp_path, FMA | {"fma/tracks.csv": FMA["fma/tracks.csv"].replace(old, new)})
        with pytest.raises(BadDataSet, match=message):
            items_and_tracks("fma", tmp_path)

    def test_a_genre_without_its_parent_is_said(self, tmp_path: Path) -> None:
        write_files(tmp_path, FMA | {"fma/genres.csv": FMA["fma/genres.csv"].replace("21,9,0,Hip-Hop,21\n", "")})
        with pytest.raises(BadDataSet, match="parent of 'Nerdcore'"):
            items_and_tracks("fma", tmp_path)


class TestJamendo:
    def test_categories_are_taken_off_and_give_the_genre(self, tmp_path: Path) -> None:
        items, tracks = items_and_tracks("jamendo", write_files(tmp_path, JAMENDO))
        assert items[0] == Item("track_0000214", ("film", "punkrock"), "artist_000014")
        assert (tracks[0].genre, tracks[0].duration) == ("punkrock", 124.6)
        assert [track.track_id for track in tracks] == ["jamendo:214", "jamendo:1000215"]
        assert tracks[0].url == "https://www.jamendo.com/track/214"

    def test_the_authors_own_layout_is_read_alike(self, tmp_path: Path) -> None:
        official = {
            "mtg-jamendo/data/autotagging.tsv": (
                "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
                "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6"
                "\tmood/theme---film\tgenre---punkrock\tgenre---film\n"
                "track_1000215\tartist_000015\talbum_000031\t15/215.mp3\t151\tinstrument---piano\n"
            ),
            "mtg-jamendo/data/tag_map.json": '{"genre": {"eletronica": "electronica"}}',
        }
        theirs, ours = write_files(tmp_path / "a", official), write_files(tmp_path / "b", JAMENDO)
        assert items_and_tracks("jamendo", theirs) == items_and_tracks("jamendo", ours)
        for data_dir in (theirs, ours):
            assert DATA_SETS["jamendo"].read_aliases(data_dir) == (("eletronica", "electronica"),)

    def test_a_tag_without_category_is_said(self, tmp_path: Path) -> None:
        shifted = JAMENDO["mtg-jamendo/autotagging.csv"].replace("instrument---piano", "151")
        write_files(tmp_path, JAMENDO | {"mtg-jamendo/autotagging.csv": shifted})
        with pytest.raises(BadDataSet, match="line 3: expected category---tag, got '151'"):
            items_and_tracks("jamendo", tmp_path)


class TestLastFm:
    def test_only_tags_that_two_people_agreed_on_somewhere_are_learned_from(self, tmp_path: Path) -> None:
        items, tracks = items_and_tracks("lastfm", write_files(tmp_path, LASTFM))
        assert [item.tags for item in items] == [("j-rock", "gothic"), ("J-Rock",)]
        assert tracks[0].tags == ("j-rock", "gothic", "songs for gil")
        assert tracks[0].shares == (1.0, 0.4, 0.2)

    def test_of_very_many_tags_those_of_most_people_count(self, tmp_path: Path) -> None:
        tags = ", ".join(f'"tag {n:02}": {n + 2}' for n in range(30))
        write_files(
            tmp_path,
            {"lastfm-hetrec/artist_tags.jsonl": f'{{"artist_id": 1, "artist": "A", "tags": {{{tags}}}}}\n'},
        )
        items, _ = items_and_tracks("lastfm", tmp_path)
        assert items[0].tags == tuple(f"tag {n:02}" for n in range(29, 29 - MAX_TAGS, -1))

    def test_the_published_files_are_counted_by_artist(self, tmp_path: Path) -> None:
        published = {
            "lastfm-hetrec/artists.dat": "id\tname\turl\tpictureURL\n2\tBjork\tu\tp\n10\tMALICE MIZER\tu\tp\n",
            "lastfm-hetrec/tags.dat": "tagID\ttagValue\n1\tj-rock\n2\tgothic\n",
            "lastfm-hetrec/user_taggedartists.dat": (
                "userID\tartistID\ttagID\tday\tmonth\tyear\n"
                "5\t10\t1\t1\t4\t2009\n6\t10\t1\t1\t4\t2009\n6\t10\t2\t1\t4\t2009\n7\t2\t1\t1\t4\t2009\n"
            ),
        }
        items, tracks = items_and_tracks("lastfm", write_files(tmp_path, published))
        assert items == [Item("2", ("j-rock",), "Bjork"), Item("10", ("j-rock",), "MALICE MIZER")]
        assert tracks[1].tags == ("j-rock", "gothic")

    def test_a_bad_line_is_said(self, tmp_path: Path) -> None:
        write_files(tmp_path, {"lastfm-hetrec/artist_tags.jsonl": LASTFM["lastfm-hetrec/artist_tags.jsonl"][:-20]})
        with pytest.raises(BadDataSet, match="line 2: expected artist_id"):
            items_and_tracks("lastfm", tmp_path)


class TestMusicCaps:
    def test_aspects_are_phrases(self, tmp_path: Path) -> None:
        items, tracks = items_and_tracks("musiccaps", write_files(tmp_path, MUSICCAPS))
        assert items[0] == Item("-0Gj8", ("slow tempo", "mellow piano melody"), phrases=True)
        assert items[1].tags == ("children's song",)
        assert tracks[0].url == "https://www.youtube.com/watch?v=-0Gj8&t=30s"


class TestChecking:
    def test_a_file_is_compared_with_the_published_checksum(self, tmp_path: Path) -> None:
        report = check_data_set(DATA_SETS["mtat"], write_files(tmp_path, MTAT, compressed=True))
        assert [found.state for found in report.files] == [FileState.DIFFERS, FileState.DIFFERS]
        assert report.files[0].size == len(MTAT["magnatagatune/annotations_final.csv"])
        assert report.present
        assert not report.problem
        assert not report.faultless

    def test_missing_and_unneeded_files_are_told_apart(self, tmp_path: Path) -> None:
        report = check_data_set(DATA_SETS["jamendo"], tmp_path)
        assert [found.state for found in report.files] == [FileState.MISSING, FileState.ABSENT]
        assert not report.present
        assert "autotagging" in report.problem

    def test_a_damaged_archive_is_unreadable(self, tmp_path: Path) -> None:
        write_files(tmp_path, MUSICCAPS, compressed=True)
        path = tmp_path / "musiccaps/musiccaps-public.csv.xz"
        path.write_bytes(path.read_bytes()[:-10])
        report = check_data_set(DATA_SETS["musiccaps"], tmp_path)
        assert report.files[0].state is FileState.UNREADABLE
        assert "cut off" in report.problem


@pytest.mark.data
class TestRealFiles:
    @pytest.mark.parametrize(
        ("name", "n_items", "n_tags", "n_tracks"),
        [
            ("mtat", 25_863, 89_395, 5_405),
            ("fma", 26_475, 59_799, 26_475),
            ("jamendo", 55_525, 230_261, 55_525),
            ("lastfm", 10_022, 54_677, 10_022),
            ("musiccaps", 5_521, 58_326, 5_521),
        ],
    )
    def test_all_of_it_is_read(self, name: str, n_items: int, n_tags: int, n_tracks: int, data_dir: Path) -> None:
        items, tracks = items_and_tracks(name, data_dir)
        assert (len(items), sum(len(item.tags) for item in items), len(tracks)) == (n_items, n_tags, n_tracks)

    def test_fma_has_9759_titles(self, data_dir: Path) -> None:
        assert sum(track.title != "" for track in DATA_SETS["fma"].read_tracks(data_dir)) == 9_759

    def test_fma_is_read_quickly(self, data_dir: Path) -> None:
        """The best of three, since the machine may be busy; 0.3 s when it is not."""
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            assert sum(1 for _ in DATA_SETS["fma"].read_tracks(data_dir)) > 0
            seconds.append(time.perf_counter() - started)
        assert min(seconds) < 1.5

    def test_mtat_and_the_genres_are_the_published_files(self, data_dir: Path) -> None:
        for name, wanted in {"mtat": 2, "fma": 1}.items():
            states = [found.state for found in check_data_set(DATA_SETS[name], data_dir).files]
            assert states.count(FileState.OFFICIAL) >= wanted

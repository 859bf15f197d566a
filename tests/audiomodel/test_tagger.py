"""An installed tagger hears recordings of any length, says when it is unsure, and needs no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiomodel.front_end import FrontEnd, log_mel
from audiomodel.hearing import unpack_vector
from audiomodel.tagger import SHORT_FRAMES, Tagger, TaggerMissing, load_tagger, mean_direction

pytestmark = pytest.mark.slow

FILES = ("model.onnx", "card.json", "reference.npz")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install an untrained tagger."""
    from tests.audiomodel.training.test_installing import installed

    place = tmp_path_factory.mktemp("tagger")
    installed(place)
    return place


@pytest.fixture(scope="module")
def tagger(folder: Path) -> Tagger:
    return Tagger(folder)


def sound(n_frames: int, seed: int = 0) -> NDArray[np.float32]:
    front_end = FrontEnd()
    rng = np.random.default_rng(seed)
    n_samples = int((n_frames - 0.5) * front_end.frame_spacing * front_end.hop_length)
    waveform = rng.normal(0, 0.1, n_samples) * (1 + np.sin(np.arange(n_samples) / 9_000))
    found = log_mel(waveform.astype(np.float32), front_end)
    assert found.shape[1] == n_frames
    return found


def like(tagger: Tagger, heard: NDArray[np.float32]) -> Tagger:
    """Return a tagger that takes everything for the music it learned from."""
    near = Tagger(tagger.folder)
    near.familiar = near.familiar._replace(typical=near.familiar.typical + 50 * near.familiar.spread)
    return near


@pytest.mark.parametrize("n_frames", [1, 4, 21, 43, 128, 129, 300, 700])
def test_a_recording_of_any_length_is_heard(tagger: Tagger, n_frames: int) -> None:
    heard = like(tagger, sound(n_frames)).hear(sound(n_frames))
    assert heard.status == ("short" if n_frames < SHORT_FRAMES else "ok")
    assert heard.genre is not None
    assert heard.genre.tag in tagger.card.genres
    assert all(0.05 <= one.probability <= 1 for one in heard.tags)
    assert list(heard.tags) == sorted(heard.tags, key=lambda one: -one.probability)
    assert np.linalg.norm(unpack_vector(heard.vector)) == pytest.approx(1, abs=2e-3)


def test_moments_lie_one_after_the_other_within_the_recording(tagger: Tagger) -> None:
    heard = like(tagger, sound(200)).hear(sound(200))
    starts = [moment.start for moment in heard.moments]
    seconds = 200 * tagger.card.front_end.frame_seconds
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert all(moment.start + moment.seconds <= seconds + 0.01 for moment in heard.moments)
    assert all(len(moment.tags) <= 3 for moment in heard.moments)
    assert all(np.isclose(np.linalg.norm(unpack_vector(one.vector)), 1, atol=2e-3) for one in heard.moments)


def test_what_is_unlike_its_music_gets_a_vector_but_no_tags(tagger: Tagger) -> None:
    far = Tagger(tagger.folder)
    far.familiar = far.familiar._replace(typical=far.familiar.typical - 50 * far.familiar.spread)
    heard = far.hear(sound(60))
    assert heard.status == "unlike"
    assert heard.unlikeness >= 1
    assert heard.genre is None
    assert heard.tags == ()
    assert heard.moments
    assert all(moment.tags == () for moment in heard.moments)


def test_a_tag_is_certain_from_its_cutoff_on(tagger: Tagger) -> None:
    heard = like(tagger, sound(60)).hear(sound(60))
    cutoff = dict(zip(tagger.card.tags, tagger.card.tag_cutoffs, strict=True))
    assert heard.tags
    for one in heard.tags:  # probabilities are told rounded
        limit = cutoff[one.tag]
        assert one.certain == (one.probability >= limit) or one.probability == pytest.approx(limit, abs=1e-4)


def test_a_top_genre_is_never_certain_below_the_cutoff_of_its_tag() -> None:
    tagger = load_tagger()
    cutoff = dict(zip(tagger.card.tags, tagger.card.tag_cutoffs, strict=True))
    assert max(cutoff[genre] for genre in tagger.card.genres) > 1, "one is never certain"
    for place, genre in enumerate(tagger.card.genres):
        heard = tagger._genre(20 * np.eye(len(tagger.card.genres), dtype=np.float32)[place], tagger.card.lines[-1])
        assert (heard.tag, heard.probability > 0.9) == (genre, True)
        assert heard.certain == (heard.probability >= cutoff[genre])


def test_a_top_genre_is_certain_where_it_is_likelier_than_all_others_together(tagger: Tagger) -> None:
    assert tagger.card.genre_cutoff("no tag at all") == 0.5


def test_the_same_sound_is_heard_the_same_way_whatever_else_is(tagger: Tagger) -> None:
    assert tagger.hear(sound(90)) == tagger.hear(sound(90))
    assert tagger.hear(sound(90)).vector != tagger.hear(sound(90, seed=1)).vector


def test_many_windows_are_run_as_one_by_one(tagger: Tagger) -> None:
    pictures = np.random.default_rng(0).integers(0, 128, (37, 64, 21), dtype=np.uint8)
    together = tagger.run_levels(pictures)
    for row in (0, 15, 16, 36):
        alone = tagger.run_levels(pictures[row : row + 1])
        np.testing.assert_allclose(alone.tags[0], together.tags[row], atol=1e-4)


def test_vectors_alone_are_those_of_all_networks_together(tagger: Tagger) -> None:
    pictures = np.random.default_rng(0).integers(0, 128, (3, 64, 21), dtype=np.uint8)
    together, vectors = tagger.run_levels(pictures), tagger.run_vectors(pictures)
    np.testing.assert_array_equal(vectors.embeddings, together.embeddings)
    np.testing.assert_array_equal(vectors.prints, together.prints)


def test_directions_are_averaged_whatever_their_lengths() -> None:
    assert mean_direction(np.array([[3.0, 0], [0, 0.1]], np.float32)) == pytest.approx([0.5**0.5] * 2)
    assert np.isfinite(mean_direction(np.zeros((2, 3), np.float32))).all()


def copy(folder: Path, place: Path) -> None:
    for name in FILES:
        (place / name).write_bytes((folder / name).read_bytes())


def test_where_there_is_no_tagger_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(TaggerMissing, match=r"expected a tagger in .*nowhere"):
        load_tagger(tmp_path / "nowhere")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_told(name: str, folder: Path, tmp_path: Path) -> None:
    copy(folder, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(TaggerMissing, match=name.replace(".", r"\.")):
        load_tagger(tmp_path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut off", "something else", "empty"])
def test_a_damaged_file_is_told(name: str, damage: str, folder: Path, tmp_path: Path) -> None:
    copy(folder, tmp_path)
    whole = (tmp_path / name).read_bytes()
    damaged = {"cut off": whole[: len(whole) // 2], "something else": b"\x00what is this?" * 9, "empty": b""}
    (tmp_path / name).write_bytes(damaged[damage])
    with pytest.raises(TaggerMissing):
        load_tagger(tmp_path).hear(sound(10))


def test_a_card_of_another_kind_is_refused(folder: Path, tmp_path: Path) -> None:
    copy(folder, tmp_path)
    (tmp_path / "card.json").write_text('{"name": "of another version", "what": 1}')
    with pytest.raises(TaggerMissing):
        load_tagger(tmp_path)


def test_another_network_or_card_is_another_tagger(folder: Path, tmp_path: Path) -> None:
    copy(folder, tmp_path)
    assert Tagger(tmp_path).tagger_id == Tagger(folder).tagger_id
    (tmp_path / "card.json").write_bytes((folder / "card.json").read_bytes().replace(b"low and high", b"high and low"))
    assert Tagger(tmp_path).tagger_id != Tagger(folder).tagger_id


def test_hearing_imports_no_torch(folder: Path) -> None:
    script = f"""
import sys
from pathlib import Path
import numpy as np
from audiomodel.tagger import load_tagger
load_tagger(Path({str(folder)!r})).hear(np.random.default_rng(0).normal(-30, 9, (129, 40)).astype(np.float32))
print(*[name for name in ("torch", "onnx", "librosa", "sklearn", "audiomodel.training") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""

"""What a tagger can learn from: the audio of FMA and MTAT in their official layouts, or a folder of one's own.

Nothing is decoded here: a source lists recordings with their tags, genres, artists and parts of the split.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audiomodel.metadata import BadAudio, read_metadata
from audiomodel.suffixes import AUDIO_SUFFIXES
from tagmodel.datasets import BadDataSet, Recording
from tagmodel.datasets.fma import FreeMusicArchive
from tagmodel.datasets.mtat import MagnaTagATune
from tagmodel.folding import TAG_SEPARATORS, fold_tag, split_tags

FMA_SMALL, MTAT = "fma-small", "mtat"
# Shares of the artists of one's own folder that are for learning and for choosing, in percent; the rest is for testing.
LEARNING, CHOOSING = 80, 10


@dataclass(frozen=True)
class Source:
    """Recordings to learn from.

    Parameters
    ----------
    name
        Of the data set or the folder.
    folder
        That the paths of the recordings lead on from.
    data, licence
        For the card of what is learned: what it is, and what may be done with it.
    deaf_to
        What it gives no idea of, for the card.
    prepared
        Folder of spectrograms that stand in for the audio; None where there is audio.
    """

    name: str
    folder: Path
    recordings: tuple[Recording, ...]
    data: str
    licence: str
    deaf_to: str
    prepared: Path | None = None


def find_source(data: str, data_dir: Path) -> Source:
    """Find what `--data` names.

    Raises
    ------
    BadDataSet
        If it is not there, or no recordings are.
    """
    if data == FMA_SMALL:
        return _fma_small(data_dir)
    source = _mtat(data_dir) if data == MTAT else _own_folder(Path(data))
    if not source.recordings:
        raise BadDataSet(f"{source.folder}: expected recordings with tags, found none")
    return source


def _fma_small(data_dir: Path) -> Source:
    audio, prepared = data_dir / "fma_small", data_dir / "audio"
    has_audio = audio.is_dir()
    if not has_audio and not (prepared / "fma_small_mel64.npz").is_file():
        raise BadDataSet(
            f"expected {audio} as unzipped from fma_small.zip, or {prepared / 'fma_small_mel64.npz'}, got neither: "
            f"the audio comes from {FreeMusicArchive.source}; is the data directory right (--data-dir, TAGKIN_DATA)?"
        )
    return Source(
        FMA_SMALL,
        audio,
        tuple(FreeMusicArchive().read_recordings(data_dir, "small")) if has_audio else (),
        data="fma_small of the Free Music Archive (Defferrard, Benzi, Vandergheynst, Bresson, ISMIR 2017): "
        "clips of 30 seconds, 1,000 of each top genre, official split; no other data and no weights from elsewhere",
        licence="FMA metadata CC BY 4.0; its audio is licensed by each artist, much of it NC or ND, and is not part of "
        "the model",
        deaf_to="instruments, voices and moods, nor of jazz and classical music, which are none of its top genres",
        prepared=None if has_audio else prepared,
    )


def _mtat(data_dir: Path) -> Source:
    home = data_dir / "magnatagatune"
    # As unzipped from the three parts of the archive, into a folder or where they lay.
    audio = next((place for place in (home / "mp3", home) if (place / "0").is_dir()), None)
    if audio is None:
        raise BadDataSet(
            f"expected folders 0 to f in {home / 'mp3'}, as unzipped from mp3.zip.001 to 003, got none: they come from "
            f"{MagnaTagATune.source}; is the data directory right (--data-dir, TAGKIN_DATA)?"
        )
    return Source(
        MTAT,
        audio,
        tuple(one for one in MagnaTagATune().read_recordings(data_dir) if one.split),
        data="MagnaTagATune (Law, West, Mandel, Bay, Downie, ISMIR 2009): clips of 29 seconds, split_25860, in which "
        "62 % of the test clips share an artist with training clips; clips that nobody tagged count as having no tag",
        licence="none stated for the annotations: research, non-commercial; audio CC BY-NC-SA 1.0 (Magnatune)",
        deaf_to="top genres, which it does not have",
    )


def _own_folder(folder: Path) -> Source:
    if not folder.is_dir():
        raise BadDataSet(f"expected {FMA_SMALL}, {MTAT} or a folder of audio files, got {folder}: is its name right?")
    return Source(
        folder.resolve().name,
        folder,
        tuple(_in_one_spelling(list(_tagged_files(folder)))),
        data=f"recordings of the folder {folder.resolve().name!r} with the genres and tags written in them; "
        f"{LEARNING} % of the artists to learn from, {CHOOSING} % to choose by",
        licence="that of the recordings, as far as it reaches",
        deaf_to="whatever is not written in those files",
    )


def _tagged_files(folder: Path) -> Iterator[Recording]:
    """Yield the files that say of themselves what they are; the first of their genres is their top genre."""
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.suffix.lower() not in AUDIO_SUFFIXES or any(part.startswith(".") for part in below.parts):
            continue
        if not path.is_file():  # whoever opens a pipe waits for ever
            continue
        try:
            metadata = read_metadata(path)
        except (BadAudio, OSError):
            continue
        genres = [genre for text in metadata.values("genre") for genre in split_tags(text, TAG_SEPARATORS)]
        tags = tuple(tag for tag in dict.fromkeys((*genres, *metadata.tags())) if fold_tag(tag))
        # Whoever is not named is taken for one artist a folder.
        artist = fold_tag(metadata.first("artist")) or below.parent.as_posix()
        if tags:
            genre = next((genre for genre in genres if fold_tag(genre)), "")
            yield Recording(str(below), str(below), tags, genre, artist, artist_split(artist))


def artist_split(artist: str) -> str:
    """Return the part that an artist is in: always the same, whoever else there is."""
    place = int(hashlib.sha256(artist.encode("utf-8", "surrogateescape")).hexdigest(), 16) % 100
    return "train" if place < LEARNING else "valid" if place < LEARNING + CHOOSING else "test"


def _in_one_spelling(recordings: Sequence[Recording]) -> Iterator[Recording]:
    """Yield recordings with each tag as most files spell it."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for recording in recordings:
        for tag in recording.tags:
            spellings[fold_tag(tag)][tag] += 1
    best = {fold: min(counts, key=lambda tag: (-counts[tag], tag)) for fold, counts in spellings.items()}
    for recording in recordings:
        tags = tuple(dict.fromkeys(best[fold_tag(tag)] for tag in recording.tags))
        yield recording._replace(tags=tags, genre=best[fold_tag(recording.genre)] if recording.genre else "")

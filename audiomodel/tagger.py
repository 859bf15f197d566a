"""`Tagger`: an installed model that hears tags, run by onnxruntime; nothing of it was pickled, and it needs no torch.

One directory holds it: ``model.onnx``, ``card.json`` with all that is needed to read its answers, ``reference.npz``
with what it knows of the music it learned from, and ``card.md`` for people. Several may be installed side by side.
"""

from __future__ import annotations

import hashlib
import zlib
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from audiomodel.calibration import Line, genre_probabilities, line_at, tag_probabilities
from audiomodel.familiar import Familiar
from audiomodel.front_end import FrontEnd, levels
from audiomodel.hearing import HeardTag, Moment, Status, pack_vector
from audiomodel.prints import PrintBasis
from audiomodel.windows import TAG_FRAMES, Window, moment_windows, tag_windows

# Installed taggers.
MODELS = Path(__file__).parent / "models"
SHIPPED = "fma-small"
# Of tags less likely than this nothing is said.
LEAST_PROBABILITY = 0.05
# Tags named of a moment.
MOMENT_TAGS = 3
# Fewer frames than ten seconds have are too few to be as sure as of a whole clip; probabilities are calibrated for it.
SHORT_FRAMES = 43
# From here on a top genre is likelier than all others together.
LEAST_CERTAIN_GENRE = 0.5
_AT_ONCE = 16  # windows


class TaggerMissing(Exception):
    """There is no tagger where one was looked for, or it cannot be read; the message says how to get one."""


class TaggerCard(Struct, frozen=True, forbid_unknown_fields=True):
    """All that is needed to read a tagger's answers, and what people should know of it.

    Parameters
    ----------
    name
        Of the tagger.
    hears
        What it can hear, in a sentence.
    tags, genres
        Names of its outputs.
    tag_cutoffs
        One a tag: from this probability on it counts as heard; above 1, never.
    lines
        Calibration at some lengths, shortest first.
    front_end
        How sound becomes what it sees.
    print_share
        Share of the print in how alike two recordings are; the rest is the embedding's.
    data, licence
        What it learned from, and what may be done with it.
    options
        How it was trained.
    figures
        Measured, by name.
    """

    name: str
    hears: str
    tags: tuple[str, ...]
    genres: tuple[str, ...]
    tag_cutoffs: tuple[float, ...]
    lines: tuple[Line, ...]
    front_end: FrontEnd
    print_share: float
    data: str = ""
    licence: str = ""
    options: dict[str, Any] = {}
    figures: dict[str, Any] = {}

    def genre_cutoff(self, genre: str) -> float:
        """Return from which probability on a top genre counts as heard: never below the cut-off of its tag."""
        own = (cutoff for tag, cutoff in zip(self.tags, self.tag_cutoffs, strict=True) if tag == genre)
        return max((LEAST_CERTAIN_GENRE, *own))


class HeardSound(NamedTuple):
    """What a tagger says of a recording; parts of an `audiomodel.hearing.Hearing`."""

    status: Status
    genre: HeardTag | None
    tags: tuple[HeardTag, ...]
    vector: bytes
    moments: tuple[Moment, ...]
    unlikeness: float


class Vectors(NamedTuple):
    """Of some windows of one length: embeddings of any length, prints of length one, by row."""

    embeddings: NDArray[np.float32]
    prints: NDArray[np.float32]


class Outputs(NamedTuple):
    """Of some windows of one length: embeddings of any length, prints of length one, and logits, by row."""

    embeddings: NDArray[np.float32]
    prints: NDArray[np.float32]
    tags: NDArray[np.float32]
    genres: NDArray[np.float32]


class Tagger:
    """A tagger that was read from its directory; may be shared by threads.

    Raises
    ------
    TaggerMissing
        If a file is missing or no part of a tagger.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._network = (folder / "model.onnx").read_bytes()
            self._card = (folder / "card.json").read_bytes()
            self.card = msgspec.json.decode(self._card, type=TaggerCard)
            with (folder / "reference.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                self.familiar = Familiar(*(arrays[f"familiar_{name}"] for name in Familiar._fields))
                first, last = arrays["print_bands"].tolist()
                self._prints = PrintBasis(first, last, arrays["print_center"], arrays["print_directions"])
                self._reference = b"".join(arrays[name].tobytes() for name in sorted(arrays))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, msgspec.MsgspecError) as error:
            raise TaggerMissing(f"expected a tagger in {folder}: {error}") from error

    @cached_property
    def tagger_id(self) -> str:
        """What it is, by content: 16 hex digits."""
        return hashlib.sha256(self._network + self._card + self._reference).hexdigest()[:16]

    def hear(self, log_mel: NDArray[np.float32]) -> HeardSound:
        """Hear a recording.

        Parameters
        ----------
        log_mel : shape (n_mels, n_frames)
            From `audiomodel.front_end.log_mel`, of any length.
        """
        n_frames = log_mel.shape[1]
        line = line_at(self.card.lines, min(n_frames, TAG_FRAMES))
        pictures = self.pictures(log_mel, tag_windows(n_frames))
        whole = self.run_levels(pictures)
        windows = moment_windows(n_frames)
        short = self.run_levels(self.pictures(log_mel, windows))
        unlikeness = float(self.familiar.distances(pictures, whole.embeddings).mean() / line.unlike_from)
        abstains = unlikeness >= 1
        moment_line = line_at(self.card.lines, windows[0].stop - windows[0].start)
        return HeardSound(
            "unlike" if abstains else "short" if n_frames < SHORT_FRAMES else "ok",
            None if abstains or not self.card.genres else self._genre(whole.genres.mean(axis=0), line),
            () if abstains else self._tags(whole.tags.mean(axis=0), line),
            pack_vector(self.vector(whole.embeddings, short.prints)),
            self._moments(short, windows, moment_line, abstains),
            round(unlikeness, 3),
        )

    def vector(self, embeddings: NDArray[np.float32], prints: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how windows sound together, a unit vector of DIMENSIONS: what they are like, beside who it is."""
        share = self.card.print_share
        sides = np.sqrt(1 - share) * mean_direction(embeddings), np.sqrt(share) * mean_direction(prints)
        return np.concatenate(sides)

    def pictures(self, log_mel: NDArray[np.float32], windows: list[Window]) -> NDArray[np.uint8]:
        """Return the levels of windows of one length, each within its own range, (n_windows, n_bands, n_frames)."""
        return np.stack([levels(log_mel[:, window.start : window.stop], self.card.front_end) for window in windows])

    def run_levels(self, pictures: NDArray[np.uint8]) -> Outputs:
        """Ask all networks about levels of shape (n_windows, n_bands, n_frames)."""
        embeddings, tags, genres = self._ask(["embedding", "tags", "genres"], pictures)
        return Outputs(embeddings, self._prints_of(pictures), tags, genres)

    def run_vectors(self, pictures: NDArray[np.uint8]) -> Vectors:
        """Ask the first network alone: vectors need no tags."""
        return Vectors(self._ask(["embedding"], pictures)[0], self._prints_of(pictures))

    def _ask(self, names: list[str], pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        import onnxruntime

        options = onnxruntime.RunOptions()
        # Or all networks would answer, asked or not.
        options.only_execute_path_to_fetches = True
        blocks = [pictures[first : first + _AT_ONCE] for first in range(0, len(pictures), _AT_ONCE)]
        said = [self._session.run(names, {"levels": block.astype(np.float32)}, options) for block in blocks]
        return [np.concatenate(values) for values in zip(*said, strict=True)]

    def _prints_of(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        blocks = range(0, len(pictures), _AT_ONCE)
        return np.concatenate([self._prints.prints(pictures[first : first + _AT_ONCE]) for first in blocks])

    def _tags(self, logits: NDArray[np.float32], line: Line) -> tuple[HeardTag, ...]:
        pairs = zip(self.card.tags, tag_probabilities(logits, line).tolist(), self.card.tag_cutoffs, strict=True)
        heard = [HeardTag(tag, round(p, 4), p >= cutoff) for tag, p, cutoff in pairs if p >= LEAST_PROBABILITY]
        return tuple(sorted(heard, key=lambda one: (-one.probability, one.tag)))

    def _genre(self, logits: NDArray[np.float32], line: Line) -> HeardTag:
        shares = genre_probabilities(logits, line)
        best = int(shares.argmax())
        genre, probability = self.card.genres[best], float(shares[best])
        return HeardTag(genre, round(probability, 4), probability >= self.card.genre_cutoff(genre))

    def _moments(self, heard: Outputs, windows: list[Window], line: Line, abstains: bool) -> tuple[Moment, ...]:
        seconds = self.card.front_end.frame_seconds
        return tuple(
            Moment(
                round(window.start * seconds, 2),
                round((window.stop - window.start) * seconds, 2),
                pack_vector(self.vector(heard.embeddings[row : row + 1], heard.prints[row : row + 1])),
                () if abstains else self._tags(heard.tags[row], line)[:MOMENT_TAGS],
            )
            for row, window in enumerate(windows)
        )

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Workers are processes, one a core; threads of their own would only get in each other's way.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self._network, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no other base
            raise TaggerMissing(f"{self.folder / 'model.onnx'} is no network, is it damaged? {error}") from error


def mean_direction(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the unit vector in the mean direction of vectors of shape (n, width)."""
    directions = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    mean = directions.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def load_tagger(place: Path | None = None) -> Tagger:
    """Read a tagger from its directory; None is the shipped one.

    Raises
    ------
    TaggerMissing
        If there is none.
    """
    return Tagger(MODELS / SHIPPED if place is None else place)

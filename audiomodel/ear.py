"""`Ear`: from a file to all that is heard in it, in limited processes that decode, look and listen.

A recording is held as one waveform while it is read, an hour of it in 640 MB; everything after that goes by windows.
Each process brings its libraries and the tagger along before the first file, and keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from audiomodel.confining import UPLOAD, Limits
from audiomodel.front_end import log_mel
from audiomodel.hearing import Hearing
from audiomodel.problems import AudioProblem
from audiomodel.rhythm import Rhythm, hear_rhythm
from audiomodel.tagger import TaggerCard, load_tagger
from audiomodel.workers import Workers

# Longest recording of one's own; who takes uploads says less.
MAX_SECONDS = 3600.0


class Ear:
    """Hears files; a context manager, to be shared by threads.

    Parameters
    ----------
    tagger
        Directory of a tagger; None is the shipped one.
    jobs
        Processes; they start with the first file.
    max_seconds
        Longest recording.
    rhythm
        Whether tempo and key are told as well.
    limits
        What a file may take.

    Raises
    ------
    audiomodel.tagger.TaggerMissing
        If there is no tagger.
    """

    def __init__(
        self,
        tagger: Path | None = None,
        jobs: int = 1,
        max_seconds: float = MAX_SECONDS,
        *,
        rhythm: bool = True,
        limits: Limits = UPLOAD,
    ) -> None:
        loaded = load_tagger(tagger)
        self.card: TaggerCard = loaded.card
        self.tagger_id: str = loaded.tagger_id
        make_task = partial(listening, str(loaded.folder), max_seconds, rhythm=rhythm)
        self._workers = Workers(make_task, Hearing, jobs, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hear(self, path: Path) -> Hearing:
        """Hear one file; may be called from several threads.

        Raises
        ------
        AudioProblem
            If it cannot be heard.
        audiomodel.worker.WorkerFailed
            If no process can be started.
        """
        return self._workers.run(path)

    def hear_all(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Hearing | AudioProblem]]:
        """Yield what is heard in each file, or why nothing, in the order given."""
        return self._workers.run_all(paths)

    def close(self) -> None:
        """End all processes."""
        self._workers.close()


def listening(folder: str, max_seconds: float, *, rhythm: bool = True) -> Callable[[Path], Hearing]:
    """Return what a process does with a file, with all that it needs loaded and tried out.

    Parameters
    ----------
    folder
        Of the tagger.
    """
    # What is imported or compiled later would be so under the limits, which let nothing be written.
    import av  # noqa: F401
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    from audiomodel.decoding import SAMPLE_RATE, decode
    from audiomodel.identity import audio_id

    tagger = load_tagger(Path(folder))

    def hear(path: Path) -> Hearing:
        decoded = decode(path, max_seconds)
        heard = tagger.hear(log_mel(decoded.waveform, tagger.card.front_end))
        tempo, key = hear_rhythm(decoded.waveform, SAMPLE_RATE) if rhythm else Rhythm(None, None)
        return Hearing(
            audio_id=audio_id(path),
            tagger_id=tagger.tagger_id,
            seconds=round(decoded.seconds, 3),
            status=heard.status,
            genre=heard.genre,
            tags=heard.tags,
            vector=heard.vector,
            moments=heard.moments,
            unlikeness=heard.unlikeness,
            bpm=None if tempo is None else tempo.bpm,
            bpm_confidence=0.0 if tempo is None else tempo.confidence,
            key="" if key is None else key.name,
            key_confidence=0.0 if key is None else key.confidence,
            container=decoded.container,
            sample_rate=decoded.sample_rate,
            channels=decoded.channels,
        )

    noise = np.random.default_rng(0).normal(0, 0.1, 5 * SAMPLE_RATE).astype(np.float32)
    tagger.hear(log_mel(noise, tagger.card.front_end))
    if rhythm:
        hear_rhythm(noise, SAMPLE_RATE)
    return hear

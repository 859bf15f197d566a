"""Teachers: networks trained before with other seeds, whose mean answers a last network learns beside the truth.

People forget tags and put a genre on a whole album; several networks disagree about such clips, and their mean is a
better truth than either. One network that learned from them hears nearly what they hear together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import torch

from audiomodel.training.clips import Clips
from audiomodel.training.measuring import hear_all
from audiomodel.training.options import TrainingOptions
from audiomodel.training.targets import Answers, Targets
from audiomodel.training.trainer import Trainer, best_network

# Seed of the first teacher: the same teachers whatever the seed of the one they teach.
FIRST_SEED = 1001


def ask_teachers(clips: Clips, options: TrainingOptions, run: Path, say: Callable[[str], None]) -> Answers | None:
    """Train the teachers, or go on with them, and return the mean of their answers on all clips.

    Parameters
    ----------
    options
        Of the one who is taught; its teachers learn as it does, but from nobody.
    run
        Folder of the training; each teacher has a folder in it.

    Returns
    -------
    None where there are no teachers.
    """
    targets = Targets.of(clips, options.tags_from)
    tags = torch.zeros(len(clips.ids), len(targets.tag_names))
    genres = torch.zeros(len(clips.ids), max(len(targets.genre_names), 1))
    for number in range(options.teachers):
        own = msgspec.structs.replace(options, teachers=0, seed=FIRST_SEED + number)
        folder = run / f"teacher-{number + 1}"
        say(f"teacher {number + 1} of {options.teachers}")
        Trainer(clips, own, folder, say).run()
        output = hear_all(best_network(folder, own, targets), torch.from_numpy(clips.levels))
        tags += output.tags.sigmoid() / options.teachers
        genres += output.genres.softmax(dim=1) / options.teachers
    return Answers(tags, genres) if options.teachers else None

"""From a trained network to an installed tagger: ONNX, calibration on validation clips, and its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from audiomodel import calibration
from audiomodel.calibration import Line
from audiomodel.familiar import Familiar
from audiomodel.front_end import FrontEnd
from audiomodel.tagger import TaggerCard
from audiomodel.training import augmentation
from audiomodel.training.clips import Clips
from audiomodel.training.ensemble import Ensemble
from audiomodel.training.exporting import export_onnx
from audiomodel.training.measuring import hear_all, middle
from audiomodel.training.prints import learn_prints
from audiomodel.training.targets import Targets

# Lengths at which logits are calibrated, in frames: one second to a whole clip.
CALIBRATED = (4, 8, 13, 21, 43, 128)
# Share of validation clips, of the same kind of music as the training clips, that the tagger abstains on.
ABSTAINED = 0.05
# Share of validation clips above a tag's cut-off that really have the tag.
PRECISION = 0.6
# No tag counts as heard that is less likely than this.
LEAST_CUTOFF = 0.3
# Share of prints in how alike recordings are: chosen on validation clips, see docs/audio.md.
PRINT_SHARE = 0.35
# Of the excerpts that prints are learned from.
PRINT_SEED = 0


def install(
    network: Ensemble, clips: Clips, targets: Targets, folder: Path, said: dict[str, Any], front_end: FrontEnd
) -> TaggerCard:
    """Calibrate networks on validation clips, learn prints, and write all of it with its card.

    Parameters
    ----------
    said
        Fields of the card that people give: name, what it hears, data, licence, options, figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(network, folder / "model.onnx")
    valid = clips.of("valid")
    seen = [clips.levels[clips.of(split)] for split in ("train", "valid")]
    train, other = ((levels, hear_all(network, torch.from_numpy(levels)).embedding.numpy()) for levels in seen)
    familiar = Familiar.of(train, other)
    lines = fit_lines(network, clips, targets, familiar)
    logits = hear_all(network, torch.from_numpy(clips.levels[valid])).tags.numpy()
    probabilities = calibration.tag_probabilities(logits, lines[-1])
    card = TaggerCard(
        tags=targets.tag_names,
        genres=targets.genre_names,
        tag_cutoffs=calibration.cutoffs(probabilities, targets.tags[valid].numpy(), PRECISION, LEAST_CUTOFF),
        lines=lines,
        front_end=front_end,
        print_share=PRINT_SHARE,
        **said,
    )
    basis = learn_prints(clips, front_end, PRINT_SEED)
    np.savez(
        folder / "reference.npz",
        **{f"familiar_{name}": values for name, values in familiar._asdict().items()},
        print_bands=np.array([basis.first, basis.last]),
        print_center=basis.center,
        print_directions=basis.directions,
    )
    (folder / "card.json").write_bytes(msgspec.json.format(msgspec.json.encode(card)) + b"\n")
    return card


def fit_lines(network: Ensemble, clips: Clips, targets: Targets, familiar: Familiar) -> tuple[Line, ...]:
    """Fit the calibration at each length on the middles of validation clips."""
    rows = clips.of("valid")
    db = augmentation.levels_to_db(torch.from_numpy(clips.levels[rows]))
    lines = []
    for n_frames in CALIBRATED:
        levels = middle(db, n_frames)
        answer = hear_all(network, levels)
        truth = targets.tags[rows].numpy(), answer.genres.numpy(), targets.genres[rows].numpy()
        distances = familiar.distances(levels.round().to(torch.uint8).numpy(), answer.embedding.numpy())
        line = calibration.fit_line(n_frames, answer.tags.numpy(), *truth)
        lines.append(msgspec.structs.replace(line, unlike_from=float(np.quantile(distances, 1 - ABSTAINED))))
    return tuple(lines)

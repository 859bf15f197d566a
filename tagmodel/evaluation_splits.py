"""Which MagnaTagATune clips are for learning, choosing and testing, and which of their tags are hidden.

`split_25860` is the published split; 62 % of its test clips share an artist with its training part, so there is one
without common artists beside it. The committed file holds clip ids, parts and drawn numbers, nothing of the data set's
content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagmodel.datasets import Item

# Names of the splits, as options and figures write them.
PUBLISHED, ARTIST_DISJOINT = "split_25860", "artist_disjoint"

PARTS = ("train", "valid", "test")

# Shares of the artists in the parts of the artist-disjoint split: 80/20, with a fifth of the 80 to choose by.
ARTIST_SHARES = (0.64, 0.16, 0.20)

SPLIT_FILE = Path(__file__).with_name("evaluation_data") / "mtat_splits.npz"
SPLIT_SEED = 25860


@dataclass(frozen=True, eq=False)
class Splits:
    """Parts and mask draws of all clips.

    Parameters
    ----------
    clip_ids : shape (n_clips,)
        Ascending.
    parts : each of shape (n_clips,)
        By split: the index into `PARTS`, -1 for a clip that takes no part.
    draws : shape (n_clips,)
        A random number a clip; with a tag's spelling it decides whether the tag is hidden.
    """

    clip_ids: NDArray[np.int32]
    parts: Mapping[str, NDArray[np.int8]]
    draws: NDArray[np.uint32]

    def part(self, items: Sequence[Item], split: str, *names: str) -> list[Item]:
        """Return the items of some parts of a split, in their order.

        Raises
        ------
        KeyError
            If there is no such split.
        """
        wanted = [PARTS.index(name) for name in names]
        found = np.isin(self.parts[split], wanted)
        chosen = frozenset(self.clip_ids[found].tolist())
        return [item for item in items if int(item.item_id) in chosen]

    def hidden_half(self, item: Item) -> frozenset[str]:
        """Return the tags of an item that are hidden: half of them, rounded down, in the order of their draws."""
        draw = int(self.draws[np.searchsorted(self.clip_ids, int(item.item_id))])
        ordered = sorted(item.tags, key=lambda tag: (_tag_draw(draw, tag), tag))
        return frozenset(ordered[: len(ordered) // 2])


def _tag_draw(draw: int, tag: str) -> bytes:
    return hashlib.blake2b(f"{draw}:{tag}".encode(), digest_size=8).digest()


def load_splits(path: Path = SPLIT_FILE) -> Splits:
    """Read the committed splits."""
    with np.load(path, allow_pickle=False) as arrays:
        parts = {name: arrays[name] for name in (PUBLISHED, ARTIST_DISJOINT)}
        return Splits(arrays["clip_ids"], parts, arrays["draws"])


def draw_splits(items: Sequence[Item], published: Mapping[int, str]) -> Splits:
    """Draw the splits anew: what made the committed file.

    Parameters
    ----------
    items
        All clips.
    published
        Part of each clip in `PUBLISHED`, as its authors give it; other clips take no part.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    clip_ids = np.array(sorted(int(item.item_id) for item in items), dtype=np.int32)
    artists = {int(item.item_id): item.artist for item in items}
    names = sorted(set(artists.values()))
    bounds = np.cumsum(ARTIST_SHARES)[:2]
    ranks = rng.permutation(len(names)) / len(names)
    part_of = dict(zip(names, np.searchsorted(bounds, ranks, side="right").tolist(), strict=True))
    parts = {
        PUBLISHED: np.array([_part_number(published.get(clip, "")) for clip in clip_ids.tolist()], dtype=np.int8),
        ARTIST_DISJOINT: np.array([part_of[artists[clip]] for clip in clip_ids.tolist()], dtype=np.int8),
    }
    return Splits(clip_ids, parts, rng.integers(2**32, size=len(clip_ids), dtype=np.uint32))


def _part_number(name: str) -> int:
    return PARTS.index(name) if name in PARTS else -1


def save_splits(splits: Splits, path: Path) -> None:
    """Write splits; the same splits give the same bytes."""
    arrays = {"clip_ids": splits.clip_ids, "draws": splits.draws, **splits.parts}
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]

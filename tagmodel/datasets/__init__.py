"""Published collections of tagged music, one module each, read in their official file layouts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet, Item, Recording
from tagmodel.datasets.fma import FreeMusicArchive
from tagmodel.datasets.jamendo import Jamendo
from tagmodel.datasets.lastfm import LastFm
from tagmodel.datasets.mtat import MagnaTagATune
from tagmodel.datasets.musiccaps import MusicCaps

__all__ = ["DATA_SETS", "BadDataSet", "DataFile", "DataSet", "Item", "Recording"]

_ALL: tuple[DataSet, ...] = (MagnaTagATune(), FreeMusicArchive(), Jamendo(), LastFm(), MusicCaps())

# By the short name that commands take.
DATA_SETS: Mapping[str, DataSet] = MappingProxyType({data_set.name: data_set for data_set in _ALL})

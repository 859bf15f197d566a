"""What is installed answers as the network did, its card says how, and the same network gives the same bytes."""

from __future__ import annotations

import copy
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch

from audiomodel.front_end import FrontEnd
from audiomodel.hearing import DIMENSIONS
from audiomodel.tagger import Tagger, TaggerCard
from audiomodel.training import augmentation
from audiomodel.training.ensemble import Answer, Ensemble
from audiomodel.training.exporting import export_onnx
from audiomodel.training.installing import CALIBRATED, install
from audiomodel.training.measuring import middle
from audiomodel.training.network import NetworkOptions
from audiomodel.training.network import Tagger as Network
from audiomodel.training.targets import Targets
from tests.audiomodel.training.miniature import make_clips

pytestmark = pytest.mark.slow

SAID = {"name": "miniature", "hears": "low and high", "options": {"command": "tagkin train audio"}, "figures": {}}


def network(kind: str = "cnn", n_genres: int = 2) -> Ensemble:
    torch.manual_seed(0)
    options = NetworkOptions(kind, (8, 8, 16, 16), (1, 1, 1, 1))  # type: ignore[arg-type]
    return Ensemble([Network(options, 4, n_genres) for _ in range(2)]).eval()


def installed(folder: Path, *, genres: bool = True) -> TaggerCard:
    clips = make_clips(genres=genres)
    return install(network(n_genres=2 * genres), clips, Targets.of(clips, 4), folder, SAID, FrontEnd())


@pytest.fixture(scope="module", params=["cnn", "crnn", "statistics"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ensemble, Path]:
    """Export a network of each kind."""
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    net = network(request.param)
    export_onnx(net, path)
    return net, path


@pytest.mark.parametrize("n_frames", [1, 2, 4, 13, 21, 43, 77, 128, 256])
@pytest.mark.parametrize("n_clips", [1, 3])
def test_onnx_answers_as_the_networks_at_any_length(
    exported: tuple[Ensemble, Path], n_clips: int, n_frames: int
) -> None:
    net, path = exported
    levels = torch.randint(0, 128, (n_clips, 64, n_frames), generator=torch.Generator().manual_seed(n_frames)).float()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = session.run(list(Answer._fields), {"levels": levels.numpy()})
    with torch.no_grad():
        exact, expected = net(levels), in_bytes(net)(levels)
    for ours, rounded, theirs in zip(found, expected, exact, strict=True):
        np.testing.assert_allclose(ours, rounded.numpy(), atol=3e-3, rtol=3e-3)  # the rest is in half precision
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-2, rtol=1e-2)


def in_bytes(net: Ensemble) -> Ensemble:
    """Round large matrices as they are kept: each row in steps of a 127th of its largest weight."""
    net = copy.deepcopy(net)
    with torch.no_grad():
        for weight in net.parameters():
            if weight.ndim == 2 and weight.numel() >= 65_536:
                step = weight.abs().amax(dim=1, keepdim=True) / 127
                weight.copy_((weight / step).round() * step)
    return net


def test_the_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    card = installed(tmp_path)
    assert msgspec.json.decode((tmp_path / "card.json").read_bytes(), type=TaggerCard) == card
    assert Tagger(tmp_path).card == card
    assert card.tags == ("beaten", "high", "low", "steady")
    assert card.genres == ("High", "Low")
    assert tuple(line.n_frames for line in card.lines) == CALIBRATED
    assert len(card.tag_cutoffs) == 4
    assert all(cutoff >= 0.3 for cutoff in card.tag_cutoffs)
    assert all(line.unlike_from > 0 for line in card.lines)


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    for place in ("one", "two"):
        installed(tmp_path / place)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_few_of_the_validation_clips_are_unlike_at_any_length_and_an_upside_down_one_is(tmp_path: Path) -> None:
    clips = make_clips()
    card = installed(tmp_path)
    tagger = Tagger(tmp_path)
    valid = clips.levels[clips.of("valid")]
    for line in card.lines:
        cut = middle(augmentation.levels_to_db(torch.from_numpy(valid)), line.n_frames).round().to(torch.uint8).numpy()
        distances = tagger.familiar.distances(cut, tagger.run_levels(cut).embeddings)
        # Half precision moves an embedding, and an untrained network's lie close together.
        assert sum(distances >= 1.1 * line.unlike_from) <= 1
        assert line.unlike_from == pytest.approx(np.quantile(distances, 0.95), rel=0.1)
    strange = np.where(np.arange(64)[None, :, None] % 2, 127, 0).astype(np.uint8).repeat(128, axis=2)
    assert tagger.familiar.distances(strange, tagger.run_levels(strange).embeddings)[0] >= card.lines[-1].unlike_from


def test_vectors_are_as_long_as_hearings_keep_them(tmp_path: Path) -> None:
    installed(tmp_path)
    heard = Tagger(tmp_path).hear(np.zeros((129, 50), np.float32) + np.arange(50, dtype=np.float32))
    assert len(heard.vector) == 2 * DIMENSIONS


def test_large_matrices_are_kept_in_bytes_and_other_weights_in_half_precision(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ensemble = Ensemble([Network(NetworkOptions(), 59, 8) for _ in range(2)])
    export_onnx(ensemble, tmp_path / "model.onnx")
    weights = list(ensemble.parameters())
    n_in_bytes = sum(value.numel() for value in weights if value.ndim == 2 and value.numel() >= 65_536)
    n_others = sum(value.numel() for value in weights) - n_in_bytes
    assert n_in_bytes > 1_000_000
    assert (tmp_path / "model.onnx").stat().st_size < 1.05 * n_in_bytes + 2.2 * n_others


def test_networks_answer_by_their_mean_and_the_first_has_the_embeddings() -> None:
    torch.manual_seed(0)
    both = [Network(NetworkOptions(widths=(8, 8, 16, 16)), 4, 2).eval() for _ in range(2)]
    levels = torch.randint(0, 128, (3, 64, 21)).float()
    with torch.no_grad():
        answer, outputs = Ensemble(both).eval()(levels), [one(levels) for one in both]
    assert torch.allclose(answer.tags, (outputs[0].tags + outputs[1].tags) / 2)
    assert torch.allclose(answer.genres, (outputs[0].genres + outputs[1].genres) / 2)
    assert torch.equal(answer.embedding, outputs[0].embedding)

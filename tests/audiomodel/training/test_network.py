"""All networks read any number of frames, and the same weights give the same answer."""

from __future__ import annotations

import pytest
import torch

from audiomodel.training.network import Learner, NetworkOptions, Tagger


def network(kind: str, n_tags: int = 7, n_genres: int = 3) -> Tagger:
    torch.manual_seed(0)
    return Tagger(NetworkOptions(kind), n_tags, n_genres).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["cnn", "crnn", "statistics"])
@pytest.mark.parametrize("n_frames", [1, 2, 3, 7, 13, 21, 128, 300])
def test_any_number_of_frames_gives_the_same_shapes(kind: str, n_frames: int) -> None:
    net = network(kind)
    with torch.no_grad():
        output = net(torch.randint(0, 128, (2, 64, n_frames)).float())
    assert output.embedding.shape == (2, net.embed.out_features)
    assert output.tags.shape == (2, 7)
    assert output.genres.shape == (2, 3)
    assert all(torch.isfinite(part).all() for part in output)


@pytest.mark.parametrize("kind", ["cnn", "crnn", "statistics"])
def test_the_same_seed_gives_the_same_answer_and_clips_do_not_hear_each_other(kind: str) -> None:
    levels = torch.randint(0, 128, (3, 64, 43), generator=torch.Generator().manual_seed(1)).float()
    with torch.no_grad():
        together, again = network(kind)(levels), network(kind)(levels)
        alone = network(kind)(levels[1:2])
    assert all(torch.equal(one, other) for one, other in zip(together, again, strict=True))
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one[1:2], other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["cnn", "crnn", "statistics"])
def test_every_weight_is_learned(kind: str) -> None:
    net = network(kind).train()
    output = net(torch.randint(0, 128, (4, 64, 32)).float())
    sum(part.square().mean() for part in output).backward()
    assert [name for name, value in net.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_only_a_crnn_knows_the_order_of_what_it_hears() -> None:
    grus = {kind: part.gru for kind in ("cnn", "crnn") if (part := network(kind).convolutions)}
    assert grus["crnn"] is not None
    assert grus["cnn"] is None


def test_statistics_are_no_convolutions_that_learn() -> None:
    assert network("statistics").convolutions is None
    assert network("cnn").statistics is None


def test_the_networks_are_small() -> None:
    for kind in ("cnn", "crnn", "statistics"):
        assert sum(value.numel() for value in network(kind, 59, 8).parameters()) < 2_000_000


def test_a_learner_hears_as_its_tagger_does_and_has_heads_beside() -> None:
    tagger = network("cnn")
    levels = torch.randint(0, 128, (4, 64, 32)).float()
    learner = Learner(tagger, 5).eval()
    with torch.no_grad():
        told = learner(levels)
        alone = tagger(levels)
    assert all(torch.equal(one, other) for one, other in zip(told.output, alone, strict=True))
    assert torch.equal(told.by_embedding.embedding, alone.embedding)
    assert told.by_embedding.tags.shape == (4, 7)
    assert not torch.equal(told.by_embedding.tags, alone.tags)
    assert told.artists.shape == (4, 5)
    assert Learner(tagger, 0)(levels).artists is None


def test_what_teaches_the_embedding_teaches_what_is_seen_too() -> None:
    learner = Learner(network("crnn"), 5).train()
    learner(torch.randint(0, 128, (4, 64, 32)).float()).by_embedding.tags.square().mean().backward()
    taught = {name for name, value in learner.named_parameters() if value.grad is not None and value.grad.any()}
    assert "tagger.embed.weight" in taught
    assert "tagger.convolutions.body.0.0.weight" in taught
    assert "tagger.hidden.1.0.weight" not in taught


def test_a_learner_mixes_what_is_seen_of_clips() -> None:
    learner = Learner(network("statistics"), 5).eval()
    levels = torch.randint(0, 128, (4, 64, 32)).float()
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        seen = learner.tagger.look(levels)
        told = learner.told(seen, order, 0.7)
        expected = learner.tagger.tell(0.7 * seen + 0.3 * seen[order])
    for one, other in zip(told.output, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_a_learner_adds_noise_in_training_and_never_after_it() -> None:
    noisy = Learner(network("statistics"), 0, noise=0.5)
    levels = torch.randint(0, 128, (64, 64, 32)).float()
    heard: list[torch.Tensor] = []
    noisy.tagger.embed.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    with torch.no_grad():
        noisy.train()(levels)
        noisy.eval()(levels)
        exact = noisy.tagger.look(levels)
    assert torch.equal(heard[1], exact)
    assert float((heard[0] - exact).std()) == pytest.approx(0.5, rel=0.02)

"""Training of a tagger: whole clips and short degraded excerpts of the same clips in each step, resumable at any epoch.

Each step shows the network whole clips (half of the steps mixed with one another, all of them masked) and a short
excerpt of each, mostly degraded. Both are to be tagged, so that tags can be heard in a second as in half a minute.
What is kept in the end is the running mean of the weights at the best epoch by validation.
"""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from msgspec import Struct
from torch import Tensor

from audiomodel.front_end import FrontEnd
from audiomodel.training import augmentation
from audiomodel.training.clips import Clips
from audiomodel.training.losses import TaggingLoss
from audiomodel.training.measuring import Measurement, measure
from audiomodel.training.network import NetworkOptions, Tagger

# Lengths of excerpts in frames: from one second to ten, most often the five of a moment.
EXCERPTS = (4, 6, 9, 13, 17, 21, 21, 21, 26, 32, 43)
# Longest memory of the running mean of weights.
MEAN_DECAY = 0.999


class TrainingOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """How a tagger is trained; saved in its card.

    Parameters
    ----------
    tags_from
        Clips of all splits that a tag needs to be learned.
    learning_rate
        The highest of one cycle.
    mixup
        Parameter of the beta distribution that mixed clips are drawn from; of the steps, `mixed_steps` are mixed.
    excerpt_weight
        Of their loss beside that of whole clips.
    degraded
        Share of steps whose excerpts are degraded.
    patience
        Epochs without a better validation after which training stops.
    """

    network: NetworkOptions = NetworkOptions()
    epochs: int = 36
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    tags_from: int = 50
    mixup: float = 0.3
    mixed_steps: float = 0.5
    excerpt_weight: float = 0.5
    degraded: float = 0.75
    patience: int = 16
    measure_every: int = 4
    seed: int = 0


@dataclass(frozen=True)
class Targets:
    """What clips are to be tagged with: names, and which clip has which."""

    tag_names: tuple[str, ...]
    genre_names: tuple[str, ...]
    tags: Tensor
    genres: Tensor

    @classmethod
    def of(cls, clips: Clips, tags_from: int) -> Targets:
        """Return the tags of enough clips and all genres."""
        tags, genres = clips.tag_names(tags_from), clips.genre_names()
        return cls(
            tags, genres, torch.from_numpy(clips.tag_targets(tags)), torch.from_numpy(clips.genre_targets(genres))
        )


class Trainer:
    """One training, epoch by epoch.

    Parameters
    ----------
    folder
        Where its state, its log and its best network are kept; a training that was interrupted goes on from there.
    say
        Told about each epoch.
    """

    def __init__(self, clips: Clips, options: TrainingOptions, folder: Path, say: Callable[[str], None]) -> None:
        torch.manual_seed(options.seed)
        self.clips, self.options, self.folder, self.say = clips, options, folder, say
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.targets = Targets.of(clips, options.tags_from)
        self.levels = torch.from_numpy(clips.levels)
        self.train = torch.from_numpy(clips.of("train"))
        self.network = Tagger(options.network, len(self.targets.tag_names), len(self.targets.genre_names))
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs
        self.mean = copy.deepcopy(self.network).eval()
        self.loss = TaggingLoss(self.targets.tags[self.train].mean(dim=0)).to(self.device)
        self.channel = augmentation.Channel.of(FrontEnd())
        self.n_steps = max(1, len(self.train) // options.batch_size)
        self.optimizer = _optimizer(self.network, options)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            # Of four steps the rise would be of none, by which torch divides.
            self.optimizer, options.learning_rate, total_steps=max(5, self.n_steps * options.epochs), pct_start=0.25
        )  # fmt: skip
        self.scaler = torch.amp.GradScaler(self.device, enabled=self.device == "cuda")
        self.epoch, self.best_epoch, self.best = 0, 0, -1.0

    def run(self) -> Measurement:
        """Train to the end, or from where it was interrupted; return the best measurement of the validation clips."""
        self._resume()
        while self.epoch < self.options.epochs and self.epoch - self.best_epoch < self.options.patience:
            began = time.monotonic()
            losses = self._train_epoch()
            self.epoch += 1
            if self.epoch % self.options.measure_every == 0 or self.epoch == self.options.epochs:
                self._note(losses, time.monotonic() - began)
            self._save()
        return msgspec.json.decode((self.folder / "best.json").read_bytes(), type=Measurement)

    def _train_epoch(self) -> dict[str, float]:
        self.network.train()
        order = self.train[torch.randperm(len(self.train))]
        sums = dict.fromkeys(("tags", "excerpts"), 0.0)
        for step in range(self.n_steps):
            rows = order[step * self.options.batch_size : (step + 1) * self.options.batch_size]
            for name, value in self._step(rows).items():
                sums[name] += value / self.n_steps
        return sums

    def _step(self, rows: Tensor) -> dict[str, float]:
        options = self.options
        db = augmentation.levels_to_db(self.levels[rows])
        tags, genres = self.targets.tags[rows].to(self.device), self.targets.genres[rows].to(self.device)
        with torch.autocast(self.device, enabled=self.device == "cuda"):
            losses = {"tags": self._hear_whole(db, tags, genres)}
            excerpt = self.network(self._excerpt(db).to(self.device))
            losses["excerpts"] = options.excerpt_weight * self.loss(excerpt, tags, genres)
        self._learn(sum(losses.values(), torch.zeros((), device=self.device)))
        return {name: loss.item() for name, loss in losses.items()}

    def _hear_whole(self, db: Tensor, tags: Tensor, genres: Tensor) -> Tensor:
        levels = _varied(db)
        if augmentation.draw(0, 1) >= self.options.mixed_steps:
            output = self.network(augmentation.mask(levels).to(self.device))
            return torch.as_tensor(self.loss(output, tags, genres))
        share = float(torch.distributions.Beta(self.options.mixup, self.options.mixup).sample())
        order = torch.randperm(len(levels))
        output = self.network(augmentation.mask(share * levels + (1 - share) * levels[order]).to(self.device))
        return self.loss.mixed(output, tags, genres, order.to(self.device), share)

    def _excerpt(self, db: Tensor) -> Tensor:
        excerpt = augmentation.crop(db, min(augmentation.choose(EXCERPTS), db.shape[2]))
        if augmentation.draw(0, 1) < self.options.degraded:
            excerpt = self.channel.degrade(excerpt)
        return augmentation.db_to_levels(excerpt)

    def _learn(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch has no types here
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.schedule.step()
        done = self.schedule.last_epoch
        decay = min(MEAN_DECAY, (1 + done) / (10 + done))
        with torch.no_grad():
            for mean, value in zip(self.mean.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.dtype.is_floating_point:
                    mean.lerp_(value, 1 - decay)
                else:
                    mean.copy_(value)

    def _note(self, losses: dict[str, float], seconds: float) -> None:
        """Measure the running mean of the weights, log it, and keep it where it is the best yet."""
        found = measure(self.mean.to("cpu"), self.clips, self.targets.tag_names, self.targets.genre_names, "valid")
        self.mean.to(self.device)
        row: dict[str, Any] = {"epoch": self.epoch, "seconds": round(seconds, 1)}
        row |= {f"loss_{name}": round(value, 4) for name, value in losses.items()}
        row |= {name: round(value, 4) for name, value in msgspec.structs.asdict(found).items()}
        _append_row(self.folder / "log.csv", row)
        self.say("  ".join(f"{name} {value}" for name, value in row.items()))
        if found.score > self.best:
            self.best, self.best_epoch = found.score, self.epoch
            from safetensors.torch import save_file

            weights = {name: value.contiguous() for name, value in self.mean.state_dict().items()}
            save_file(weights, self.folder / "best.safetensors")
            (self.folder / "best.json").write_bytes(msgspec.json.encode(found))

    def _save(self) -> None:
        state = {
            "options": msgspec.json.encode(self.options).decode(),
            "epoch": self.epoch, "best": self.best, "best_epoch": self.best_epoch,
            "network": self.network.state_dict(), "mean": self.mean.state_dict(),
            "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": torch.get_rng_state(),
            "device_random": torch.cuda.get_rng_state() if self.device == "cuda" else None,
            "clips": self.clips.digest(),
        }  # fmt: skip
        torch.save(state, self.folder / "state.new")
        (self.folder / "state.new").replace(self.folder / "state.pt")

    def _resume(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "state.pt"
        if not path.exists():
            _cut_log(self.folder / "log.csv", 0)
            return
        # Plain tensors and numbers only: nothing in such a file can run.
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["options"] != msgspec.json.encode(self.options).decode():
            raise ValueError(f"{self.folder}: a training with other options is there; give another folder or remove it")
        if state.get("clips", self.clips.digest()) != self.clips.digest():
            raise ValueError(f"{self.folder}: a training on other clips is there; give another folder or remove it")
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.epoch, self.best, self.best_epoch = state["epoch"], state["best"], state["best_epoch"]
        torch.set_rng_state(state["random"].cpu())
        if self.device == "cuda" and state.get("device_random") is not None:
            torch.cuda.set_rng_state(state["device_random"].cpu())
        _cut_log(self.folder / "log.csv", self.epoch)
        self.say(f"going on after epoch {self.epoch}")


def _optimizer(network: torch.nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """AdamW; what is no matrix (biases, normalization) does not decay."""
    matrices = [value for value in network.parameters() if value.ndim > 1]
    others = [value for value in network.parameters() if value.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options.learning_rate)


def _varied(db: Tensor) -> Tensor:
    """Whole clips at another speed, pitch and mix: levels of 96 to 128 frames."""
    if augmentation.draw(0, 1) < 0.5:
        db = augmentation.stretch(db, augmentation.draw(0.85, 1.18))
    db = augmentation.shift_bands(db, int(torch.randint(-2, 3, (1,))))
    longest = min(db.shape[2], 128)
    db = augmentation.crop(db, int(torch.randint(min(96, longest), longest + 1, (1,))))
    return augmentation.db_to_levels(augmentation.equalize(db, augmentation.uniform(len(db), high=3.0)))


def _cut_log(path: Path, last_epoch: int) -> None:
    """Take epochs out of a log that were measured, but interrupted before they were saved: they come again."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    path.unlink()
    for row in rows:
        if int(row["epoch"]) <= last_epoch:
            _append_row(path, row)


def _append_row(path: Path, row: dict[str, Any]) -> None:
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)



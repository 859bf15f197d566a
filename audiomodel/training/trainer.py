"""Training of a tagger: whole clips and short degraded excerpts of the same clips in each step, resumable at any epoch.

Each step shows the network whole clips (at another speed, pitch and mix, half of the steps mixed with one another, all
of them masked; for a network of statistics half of the time as they are, and their statistics mixed) and a short
excerpt of each, half of the time degraded. Both are to be tagged, so that tags can be heard in a second as in half a
minute. What is kept in the end is the running mean of the weights at the best epoch by validation.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from audiomodel.front_end import FrontEnd
from audiomodel.training import augmentation, views
from audiomodel.training.clips import Clips
from audiomodel.training.journal import append_row, cut_log
from audiomodel.training.losses import TaggingLoss
from audiomodel.training.measuring import Measurement, measure
from audiomodel.training.network import Learner, Tagger, Told
from audiomodel.training.options import TrainingOptions
from audiomodel.training.targets import Targets, Truth

_AT_ONCE = 200  # clips
# Longest memory of the running mean of weights.
MEAN_DECAY = 0.999
# Shapes that a network is compiled for, at most: lengths of whole clips and of excerpts, with room to spare.
_MOST_SHAPES = 64


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
        self.truth = Truth(self.targets.tags, self.targets.genres, self.targets.artists)
        self.levels = torch.from_numpy(clips.levels)
        self.train = torch.from_numpy(clips.of("train"))
        self.network = Tagger(options.network, len(self.targets.tag_names), len(self.targets.genre_names))
        counts = self.network.statistics is not None
        if self.network.statistics is not None:
            self.network.statistics.fit(self.levels[self.train], options.seed)
        self.counted = _counted(self.network, self.levels).to(self.device) if counts else None
        noise, batches = (options.statistics_noise, options.statistics_batches) if counts else (0.0, 1)
        self.at_once = batches * options.batch_size
        self.learner = Learner(self.network, self.targets.n_artists if options.artist_weight else 0, noise)
        self.learner.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs
        self.mean = copy.deepcopy(self.network).eval()
        self.hears = _compiled(self.learner) if options.compiled and not counts else self.learner
        shares = self.targets.tags[self.train].mean(dim=0)
        self.loss = TaggingLoss(shares, options.artist_weight).to(self.device)
        self.channel = augmentation.Channel.of(FrontEnd())
        self.n_steps = max(1, len(self.train) // self.at_once)
        self.optimizer = _optimizer(self.learner, options)
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
        self.learner.train()
        order = self.train[torch.randperm(len(self.train))]
        sums = dict.fromkeys(("tags", "excerpts"), 0.0)
        for step in range(self.n_steps):
            rows = order[step * self.at_once : (step + 1) * self.at_once]
            for name, value in self._step(rows).items():
                sums[name] += value / self.n_steps
        return sums

    def _step(self, rows: Tensor) -> dict[str, float]:
        options = self.options
        db = augmentation.levels_to_db(self.levels[rows])
        truth = self.truth.of(rows).to(self.device)
        with torch.autocast(self.device, enabled=self.device == "cuda"):
            whole = self._hear_whole(db, truth) if self.counted is None else self._count_whole(rows, db, truth)
            excerpt = views.excerpt(db, self.channel, options.degraded)
            excerpts = options.excerpt_weight * self.loss(self._hear(excerpt), truth)
        self._learn(whole + excerpts)
        return {"tags": whole.item(), "excerpts": excerpts.item()}

    def _hear_whole(self, db: Tensor, truth: Truth) -> Tensor:
        levels = views.whole(db)
        if augmentation.draw(0, 1) >= self.options.mixed_steps:
            return torch.as_tensor(self.loss(self._hear(augmentation.mask(levels)), truth))
        order, share = _mixing(len(levels), self.options.mixup)
        heard = self._hear(augmentation.mask(views.mixed(levels, order, share)))
        return self.loss.mixed(heard, truth, order.to(self.device), share)

    def _count_whole(self, rows: Tensor, db: Tensor, truth: Truth) -> Tensor:
        """Mix statistics, of clips as they are or changed; those of mixed or blanked clips would be of no music."""
        assert self.counted is not None
        changed = augmentation.draw(0, 1) < self.options.statistics_changed
        seen = self.network.look(views.whole(db).to(self.device)) if changed else self.counted[rows]
        order, share = _mixing(len(seen), self.options.statistics_mixup)
        order = order.to(self.device)
        return self.loss.mixed(self.learner.told(seen, order, share), truth, order, share)

    def _hear(self, levels: Tensor) -> Told:
        return self.hears(levels.to(self.device))

    def _learn(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call] # torch has no types here
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.learner.parameters(), 5.0)
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
                    mean.copy_(value)  # how many batches normalization has seen

    def _note(self, losses: dict[str, float], seconds: float) -> None:
        """Measure the running mean of the weights, log it, and keep it where it is the best yet."""
        found = measure(self.mean.to("cpu"), self.clips, self.targets.tag_names, self.targets.genre_names, "valid")
        self.mean.to(self.device)
        row: dict[str, Any] = {"epoch": self.epoch, "seconds": round(seconds, 1)}
        row |= {f"loss_{name}": round(value, 4) for name, value in losses.items()}
        row |= {name: round(value, 4) for name, value in msgspec.structs.asdict(found).items()}
        append_row(self.folder / "log.csv", row)
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
            "learner": self.learner.state_dict(), "mean": self.mean.state_dict(),
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
            cut_log(self.folder / "log.csv", 0)
            return
        # Plain tensors and numbers only: nothing in such a file can run.
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["options"] != msgspec.json.encode(self.options).decode():
            raise ValueError(f"{self.folder}: a training with other options is there; give another folder or remove it")
        if state.get("clips", self.clips.digest()) != self.clips.digest():
            raise ValueError(f"{self.folder}: a training on other clips is there; give another folder or remove it")
        self.learner.load_state_dict(state["learner"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.scaler.load_state_dict(state["scaler"])
        self.epoch, self.best, self.best_epoch = state["epoch"], state["best"], state["best_epoch"]
        torch.set_rng_state(state["random"].cpu())
        if self.device == "cuda" and state.get("device_random") is not None:
            torch.cuda.set_rng_state(state["device_random"].cpu())
        cut_log(self.folder / "log.csv", self.epoch)
        self.say(f"going on after epoch {self.epoch}")


def best_network(folder: Path, options: TrainingOptions, targets: Targets) -> Tagger:
    """Return the network of a training that is best by validation."""
    from safetensors.torch import load_file

    network = Tagger(options.network, len(targets.tag_names), len(targets.genre_names))
    network.load_state_dict(load_file(folder / "best.safetensors"))
    return network


@torch.no_grad()
def _counted(network: Tagger, levels: Tensor) -> Tensor:
    """Count the statistics of all clips, which stay the same in a training."""
    return torch.cat([network.look(part.float()) for part in torch.split(levels, _AT_ONCE)])


def _mixing(n_clips: int, mixup: float) -> tuple[Tensor, float]:
    """Draw which clips to mix clips with, and of which part they are themselves."""
    share = float(torch.distributions.Beta(mixup, mixup).sample())
    return torch.randperm(n_clips), share


def _optimizer(network: torch.nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """AdamW; what is no matrix (biases, normalization) does not decay."""
    matrices = [value for value in network.parameters() if value.ndim > 1]
    others = [value for value in network.parameters() if value.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options.learning_rate)


def _compiled(learner: Learner) -> Callable[[Tensor], Told]:
    """Let torch compile a network, once for every length that it is shown."""
    torch._dynamo.config.cache_size_limit = max(torch._dynamo.config.cache_size_limit, _MOST_SHAPES)
    compiled: Callable[[Tensor], Told] = torch.compile(learner, dynamic=False)
    return compiled

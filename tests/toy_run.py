"""A training of a second, for tests that run it in a process of its own and kill it there."""
import time
from pathlib import Path

import numpy as np
import torch

from textclf_nb.model.models import ModelConfig, TransformerForMaskedLM
from textclf_nb.training.loop import TrainingConfig, TrainingLoop
from textclf_nb.training.tracking import LoggingConfig, Tracker

ARCHITECTURE = dict(vocab_size=40, embedding_dim=16, mlp_size=32, num_layers=2, max_sequence_length=16,
                    attention={"num_heads": 2, "kind": "favor", "favor": {"nb_features": 8, "redraw_interval": 3}})


class Loader:
    "Random texts and masks that follow from (epoch, step); at `halt`, an epoch and a step, it waits until there is a file `go`."
    def __init__(self, halt=None, go=None): self.halt, self.go, self.epoch, self.start = halt, go, 0, 0
    def set_epoch(self, epoch, start=0): self.epoch, self.start = epoch, start
    def __len__(self): return 15
    def __iter__(self):
        for step in range(self.start, 15):
            while (self.epoch, step) == self.halt and not self.go.exists(): time.sleep(.005)
            rng = np.random.default_rng([self.epoch, step])
            ids = torch.from_numpy(rng.integers(4, 40, (4, 12)))
            chosen = torch.from_numpy(rng.random((4, 12)) < .3)
            chosen[0, 0] = True
            labels = ids.masked_fill(~chosen, -100)
            yield {"input_ids": ids.masked_fill(chosen, 3), "attention_mask": torch.ones_like(chosen), "labels": labels}


def main(run_dir, *settings):
    "Train in `run_dir`; settings such as halt=1,9, resume=1, wandb=1, lr=1e-3. The file `go` is called RUN_DIR.go."
    options = dict(halt="", resume="", wandb="", lr="0.003") | dict(s.split("=") for s in settings)
    torch.set_num_threads(1)
    run_dir = Path(run_dir)
    halt = tuple(map(int, options["halt"].split(","))) if options["halt"] else None
    config = TrainingConfig(epochs=3, learning_rate=float(options["lr"]), log_every=4, checkpoint_every=7, grad_accum_steps=2,
                            batch_size=4, use_amp=False)
    model = TransformerForMaskedLM(ModelConfig(architecture=ARCHITECTURE))
    logging = LoggingConfig(use_wandb=bool(options["wandb"]))
    with Tracker(run_dir, logging, config.model_dump(), {"kind": "pretraining", "seed": 0}) as tracker:
        loop = TrainingLoop(model, config, Loader(halt, run_dir.with_suffix(".go")), Loader(), tracker, run_dir/"checkpoints")
        loop.fit(resume=bool(options["resume"]))

"""From batches to weights. A name is imported when it is first asked for, so that a part costs nothing until it is used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "metrics": ["classification_metrics", "perplexity", "prediction_table"],
    "tracking": ["LoggingConfig", "NoTracker", "Tracker", "WandbConfig", "read_run"],
    "checkpoints": ["load_checkpoint", "save_checkpoint"],
    "optim": ["OptimConfig", "init_words", "lr_factor", "make_optimizer"],
    "tasks": ["Diverged", "Task", "evaluate_classifier", "evaluate_lm", "register_task"],
    "pretrained": ["pack_encoder", "packaged_encoders"],
    "loop": ["Callback", "Interrupted", "TrainingConfig", "TrainingLoop", "pick_device", "train_step"],
})

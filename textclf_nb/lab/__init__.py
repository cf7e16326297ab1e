"""Runs, opponents, costs, verdicts, pictures, batches. A name is imported when it is first asked for, so that a part costs nothing until it is used."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "runs": ["Classifier", "ExperimentConfig", "evaluate_run", "load_config", "new_experiment", "open_experiment",
        "run_experiment"],
    "writer": ["Writer"],
    "baseline": ["Baseline", "BaselineConfig", "fit_baseline", "load_baseline", "run_baseline"],
    "blend": ["Blend", "load_blend", "load_classifier", "run_blend"],
    "cost": ["bench_attention", "bench_error", "bench_model", "plot_cost", "plot_error", "run_error"],
    "answers": ["bench_answers", "plot_answers", "run_answers"],
    "lengths": ["bench_lengths", "plot_lengths"],
    "exchange": ["bench_adaptation", "bench_context", "bench_exchange", "best_pairs", "exchange_settings", "exchanged",
        "named_settings", "plot_exchange", "run_adaptation", "run_exchange"],
    "folds": ["pool_folds"],
    "verdicts": ["collect", "made_up_study", "paired_bootstrap", "pareto_front", "summarise", "verdict"],
    "report": ["Comparison", "compare", "keep", "results_table"],
    "attention_maps": ["head_statistics", "plot_maps", "plot_reading", "read_closely", "rollout"],
    "picture_maps": ["look_closely", "patch_shares", "plot_look", "read_and_draw"],
    "suites": ["SuiteConfig", "plan"],
    "execution": ["run_suite", "suite_status"],
    "cluster": ["machines_at"],
})

#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=scotus_reproduce
command -v textclf > /dev/null || { echo "textclf is not on the PATH: source .venv/bin/activate" >&2; exit 2; }
fresh() {
  [ ! -e "$1" ] || { echo "$1 exists already: run this in a fresh clone" >&2; exit 2; }
  mkdir -p -- "$1"
  cp -- "$here/$settings/$2" "$1/config.yaml"
}
same_corpus() {
  python3 -c 'import json, sys; found = json.load(open(sys.argv[1] + "/run.json"))["corpus"]["hash"]; sys.exit(found != sys.argv[2])' "$1" "$2" ||
    { echo "$1 read another corpus than the report's: nothing is compared" >&2; exit 3; }
}
echo 'Then: commit 148ecc61b15c9def4acbbcc682907f7979e6b24f; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
echo 'Then: commit 82fc079b755ea1951cc157cb5d0f39d2b1e68368; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
echo 'Then: commit b5191a2175e9e2e3d92d1eef036c57b5716416da; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/scotus-512 finetuning/scotus-512.yaml
textclf train experiments/finetuning/scotus-512
same_corpus experiments/finetuning/scotus-512 c34d5a4fc874d6c3
fresh experiments/finetuning/scotus-2048-window finetuning/scotus-2048-window.yaml
textclf train experiments/finetuning/scotus-2048-window
same_corpus experiments/finetuning/scotus-2048-window c34d5a4fc874d6c3
fresh experiments/baseline/scotus-words-512 baseline/scotus-words-512.yaml
textclf baseline experiments/baseline/scotus-words-512
same_corpus experiments/baseline/scotus-words-512 c34d5a4fc874d6c3
fresh experiments/baseline/scotus-words-2048 baseline/scotus-words-2048.yaml
textclf baseline experiments/baseline/scotus-words-2048
same_corpus experiments/baseline/scotus-words-2048 c34d5a4fc874d6c3
fresh experiments/baseline/scotus-words baseline/scotus-words.yaml
textclf baseline experiments/baseline/scotus-words
same_corpus experiments/baseline/scotus-words c34d5a4fc874d6c3
fresh experiments/finetuning/scotus-2048-exact finetuning/scotus-2048-exact.yaml
textclf train experiments/finetuning/scotus-2048-exact
same_corpus experiments/finetuning/scotus-2048-exact c34d5a4fc874d6c3
fresh experiments/finetuning/scotus-2048-favor finetuning/scotus-2048-favor.yaml
textclf train experiments/finetuning/scotus-2048-favor
same_corpus experiments/finetuning/scotus-2048-favor c34d5a4fc874d6c3
fresh experiments/blend/scotus-2048-both blend/scotus-2048-both.yaml
textclf blend scotus-2048-both experiments/finetuning/scotus-2048-window experiments/baseline/scotus-words
same_corpus experiments/blend/scotus-2048-both c34d5a4fc874d6c3
textclf compare experiments/finetuning/scotus-512 experiments/finetuning/scotus-2048-exact experiments/finetuning/scotus-2048-favor experiments/finetuning/scotus-2048-window experiments/blend/scotus-2048-both experiments/baseline/scotus-words-512 experiments/baseline/scotus-words-2048 experiments/baseline/scotus-words --against=scotus-words-2048 --prefix=scotus_
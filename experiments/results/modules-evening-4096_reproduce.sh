#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=modules-evening-4096_reproduce
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
echo 'Then: commit e52cc8fa4e945c7ead565923cbba42e93b9d0da5; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/modules-evening-train-favor-4096-s0 finetuning/modules-evening-train-favor-4096-s0.yaml
textclf train experiments/finetuning/modules-evening-train-favor-4096-s0
same_corpus experiments/finetuning/modules-evening-train-favor-4096-s0 56cc1240de55612b
fresh experiments/finetuning/modules-evening-train-window-4096-s0 finetuning/modules-evening-train-window-4096-s0.yaml
textclf train experiments/finetuning/modules-evening-train-window-4096-s0
same_corpus experiments/finetuning/modules-evening-train-window-4096-s0 56cc1240de55612b
fresh experiments/finetuning/modules-evening-train-near_far-4096-s0 finetuning/modules-evening-train-near_far-4096-s0.yaml
textclf train experiments/finetuning/modules-evening-train-near_far-4096-s0
same_corpus experiments/finetuning/modules-evening-train-near_far-4096-s0 56cc1240de55612b
fresh experiments/finetuning/modules-evening-train-mha-4096-s0 finetuning/modules-evening-train-mha-4096-s0.yaml
textclf train experiments/finetuning/modules-evening-train-mha-4096-s0
same_corpus experiments/finetuning/modules-evening-train-mha-4096-s0 56cc1240de55612b
fresh experiments/finetuning/modules-evening-train-lsh-4096-s0 finetuning/modules-evening-train-lsh-4096-s0.yaml
textclf train experiments/finetuning/modules-evening-train-lsh-4096-s0
same_corpus experiments/finetuning/modules-evening-train-lsh-4096-s0 56cc1240de55612b
fresh experiments/baseline/modules-evening-tfidf baseline/modules-evening-tfidf.yaml
textclf baseline experiments/baseline/modules-evening-tfidf
same_corpus experiments/baseline/modules-evening-tfidf 56cc1240de55612b
textclf compare experiments/finetuning/modules-evening-train-mha-4096-s0 experiments/finetuning/modules-evening-train-lsh-4096-s0 experiments/finetuning/modules-evening-train-favor-4096-s0 experiments/finetuning/modules-evening-train-window-4096-s0 experiments/finetuning/modules-evening-train-near_far-4096-s0 experiments/baseline/modules-evening-tfidf --prefix=modules-evening-4096_
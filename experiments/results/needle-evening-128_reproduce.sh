#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=needle-evening-128_reproduce
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
echo 'Then: commit c68e6176d290fa94f6130f21a5407328b16a2e56; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/needle-evening-train-mha-128-s0 finetuning/needle-evening-train-mha-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-mha-128-s0
same_corpus experiments/finetuning/needle-evening-train-mha-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-mha-128-s1 finetuning/needle-evening-train-mha-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-mha-128-s1
same_corpus experiments/finetuning/needle-evening-train-mha-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-mha-128-s2 finetuning/needle-evening-train-mha-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-mha-128-s2
same_corpus experiments/finetuning/needle-evening-train-mha-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-lsh-128-s0 finetuning/needle-evening-train-lsh-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-lsh-128-s0
same_corpus experiments/finetuning/needle-evening-train-lsh-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-lsh-128-s1 finetuning/needle-evening-train-lsh-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-lsh-128-s1
same_corpus experiments/finetuning/needle-evening-train-lsh-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-lsh-128-s2 finetuning/needle-evening-train-lsh-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-lsh-128-s2
same_corpus experiments/finetuning/needle-evening-train-lsh-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-favor-128-s0 finetuning/needle-evening-train-favor-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-favor-128-s0
same_corpus experiments/finetuning/needle-evening-train-favor-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-favor-128-s1 finetuning/needle-evening-train-favor-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-favor-128-s1
same_corpus experiments/finetuning/needle-evening-train-favor-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-favor-128-s2 finetuning/needle-evening-train-favor-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-favor-128-s2
same_corpus experiments/finetuning/needle-evening-train-favor-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-nystrom-128-s0 finetuning/needle-evening-train-nystrom-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-nystrom-128-s0
same_corpus experiments/finetuning/needle-evening-train-nystrom-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-nystrom-128-s1 finetuning/needle-evening-train-nystrom-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-nystrom-128-s1
same_corpus experiments/finetuning/needle-evening-train-nystrom-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-nystrom-128-s2 finetuning/needle-evening-train-nystrom-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-nystrom-128-s2
same_corpus experiments/finetuning/needle-evening-train-nystrom-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-nystrom-1-128-s0 finetuning/needle-evening-train-nystrom-1-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-nystrom-1-128-s0
same_corpus experiments/finetuning/needle-evening-train-nystrom-1-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-nystrom-1-128-s1 finetuning/needle-evening-train-nystrom-1-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-nystrom-1-128-s1
same_corpus experiments/finetuning/needle-evening-train-nystrom-1-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-nystrom-1-128-s2 finetuning/needle-evening-train-nystrom-1-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-nystrom-1-128-s2
same_corpus experiments/finetuning/needle-evening-train-nystrom-1-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-window-128-s0 finetuning/needle-evening-train-window-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-window-128-s0
same_corpus experiments/finetuning/needle-evening-train-window-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-window-128-s1 finetuning/needle-evening-train-window-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-window-128-s1
same_corpus experiments/finetuning/needle-evening-train-window-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-window-128-s2 finetuning/needle-evening-train-window-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-window-128-s2
same_corpus experiments/finetuning/needle-evening-train-window-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-window-alone-128-s0 finetuning/needle-evening-train-window-alone-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-window-alone-128-s0
same_corpus experiments/finetuning/needle-evening-train-window-alone-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-window-alone-128-s1 finetuning/needle-evening-train-window-alone-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-window-alone-128-s1
same_corpus experiments/finetuning/needle-evening-train-window-alone-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-window-alone-128-s2 finetuning/needle-evening-train-window-alone-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-window-alone-128-s2
same_corpus experiments/finetuning/needle-evening-train-window-alone-128-s2 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-near_far-128-s0 finetuning/needle-evening-train-near_far-128-s0.yaml
textclf train experiments/finetuning/needle-evening-train-near_far-128-s0
same_corpus experiments/finetuning/needle-evening-train-near_far-128-s0 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-near_far-128-s1 finetuning/needle-evening-train-near_far-128-s1.yaml
textclf train experiments/finetuning/needle-evening-train-near_far-128-s1
same_corpus experiments/finetuning/needle-evening-train-near_far-128-s1 e6e4d10b3992c40d
fresh experiments/finetuning/needle-evening-train-near_far-128-s2 finetuning/needle-evening-train-near_far-128-s2.yaml
textclf train experiments/finetuning/needle-evening-train-near_far-128-s2
same_corpus experiments/finetuning/needle-evening-train-near_far-128-s2 e6e4d10b3992c40d
fresh experiments/baseline/needle-evening-tfidf-128 baseline/needle-evening-tfidf-128.yaml
textclf baseline experiments/baseline/needle-evening-tfidf-128
same_corpus experiments/baseline/needle-evening-tfidf-128 e6e4d10b3992c40d
textclf compare experiments/finetuning/needle-evening-train-mha-128-s0 experiments/finetuning/needle-evening-train-mha-128-s1 experiments/finetuning/needle-evening-train-mha-128-s2 experiments/finetuning/needle-evening-train-lsh-128-s0 experiments/finetuning/needle-evening-train-lsh-128-s1 experiments/finetuning/needle-evening-train-lsh-128-s2 experiments/finetuning/needle-evening-train-favor-128-s0 experiments/finetuning/needle-evening-train-favor-128-s1 experiments/finetuning/needle-evening-train-favor-128-s2 experiments/finetuning/needle-evening-train-nystrom-128-s0 experiments/finetuning/needle-evening-train-nystrom-128-s1 experiments/finetuning/needle-evening-train-nystrom-128-s2 experiments/finetuning/needle-evening-train-nystrom-1-128-s0 experiments/finetuning/needle-evening-train-nystrom-1-128-s1 experiments/finetuning/needle-evening-train-nystrom-1-128-s2 experiments/finetuning/needle-evening-train-window-128-s0 experiments/finetuning/needle-evening-train-window-128-s1 experiments/finetuning/needle-evening-train-window-128-s2 experiments/finetuning/needle-evening-train-window-alone-128-s0 experiments/finetuning/needle-evening-train-window-alone-128-s1 experiments/finetuning/needle-evening-train-window-alone-128-s2 experiments/finetuning/needle-evening-train-near_far-128-s0 experiments/finetuning/needle-evening-train-near_far-128-s1 experiments/finetuning/needle-evening-train-near_far-128-s2 experiments/baseline/needle-evening-tfidf-128 --prefix=needle-evening-128_
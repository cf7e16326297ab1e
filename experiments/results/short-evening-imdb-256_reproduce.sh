#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=short-evening-imdb-256_reproduce
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
echo 'Then: commit b2b22aed660442ffeb24d3af96769f6fab9f5cfc; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/short-evening-finetune-mha-imdb-256-s0 finetuning/short-evening-finetune-mha-imdb-256-s0.yaml
textclf train experiments/finetuning/short-evening-finetune-mha-imdb-256-s0
same_corpus experiments/finetuning/short-evening-finetune-mha-imdb-256-s0 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-lsh-imdb-256-s0 finetuning/short-evening-finetune-lsh-imdb-256-s0.yaml
textclf train experiments/finetuning/short-evening-finetune-lsh-imdb-256-s0
same_corpus experiments/finetuning/short-evening-finetune-lsh-imdb-256-s0 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-favor-imdb-256-s0 finetuning/short-evening-finetune-favor-imdb-256-s0.yaml
textclf train experiments/finetuning/short-evening-finetune-favor-imdb-256-s0
same_corpus experiments/finetuning/short-evening-finetune-favor-imdb-256-s0 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-window-imdb-256-s0 finetuning/short-evening-finetune-window-imdb-256-s0.yaml
textclf train experiments/finetuning/short-evening-finetune-window-imdb-256-s0
same_corpus experiments/finetuning/short-evening-finetune-window-imdb-256-s0 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-near_far-imdb-256-s0 finetuning/short-evening-finetune-near_far-imdb-256-s0.yaml
textclf train experiments/finetuning/short-evening-finetune-near_far-imdb-256-s0
same_corpus experiments/finetuning/short-evening-finetune-near_far-imdb-256-s0 2cc5e8eb8b54a838
fresh experiments/baseline/short-evening-tfidf-imdb baseline/short-evening-tfidf-imdb.yaml
textclf baseline experiments/baseline/short-evening-tfidf-imdb
same_corpus experiments/baseline/short-evening-tfidf-imdb 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-mha-imdb-256-s1 finetuning/short-evening-finetune-mha-imdb-256-s1.yaml
textclf train experiments/finetuning/short-evening-finetune-mha-imdb-256-s1
same_corpus experiments/finetuning/short-evening-finetune-mha-imdb-256-s1 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-lsh-imdb-256-s1 finetuning/short-evening-finetune-lsh-imdb-256-s1.yaml
textclf train experiments/finetuning/short-evening-finetune-lsh-imdb-256-s1
same_corpus experiments/finetuning/short-evening-finetune-lsh-imdb-256-s1 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-favor-imdb-256-s1 finetuning/short-evening-finetune-favor-imdb-256-s1.yaml
textclf train experiments/finetuning/short-evening-finetune-favor-imdb-256-s1
same_corpus experiments/finetuning/short-evening-finetune-favor-imdb-256-s1 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-window-imdb-256-s1 finetuning/short-evening-finetune-window-imdb-256-s1.yaml
textclf train experiments/finetuning/short-evening-finetune-window-imdb-256-s1
same_corpus experiments/finetuning/short-evening-finetune-window-imdb-256-s1 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-near_far-imdb-256-s1 finetuning/short-evening-finetune-near_far-imdb-256-s1.yaml
textclf train experiments/finetuning/short-evening-finetune-near_far-imdb-256-s1
same_corpus experiments/finetuning/short-evening-finetune-near_far-imdb-256-s1 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-mha-imdb-256-s2 finetuning/short-evening-finetune-mha-imdb-256-s2.yaml
textclf train experiments/finetuning/short-evening-finetune-mha-imdb-256-s2
same_corpus experiments/finetuning/short-evening-finetune-mha-imdb-256-s2 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-lsh-imdb-256-s2 finetuning/short-evening-finetune-lsh-imdb-256-s2.yaml
textclf train experiments/finetuning/short-evening-finetune-lsh-imdb-256-s2
same_corpus experiments/finetuning/short-evening-finetune-lsh-imdb-256-s2 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-favor-imdb-256-s2 finetuning/short-evening-finetune-favor-imdb-256-s2.yaml
textclf train experiments/finetuning/short-evening-finetune-favor-imdb-256-s2
same_corpus experiments/finetuning/short-evening-finetune-favor-imdb-256-s2 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-window-imdb-256-s2 finetuning/short-evening-finetune-window-imdb-256-s2.yaml
textclf train experiments/finetuning/short-evening-finetune-window-imdb-256-s2
same_corpus experiments/finetuning/short-evening-finetune-window-imdb-256-s2 2cc5e8eb8b54a838
fresh experiments/finetuning/short-evening-finetune-near_far-imdb-256-s2 finetuning/short-evening-finetune-near_far-imdb-256-s2.yaml
textclf train experiments/finetuning/short-evening-finetune-near_far-imdb-256-s2
same_corpus experiments/finetuning/short-evening-finetune-near_far-imdb-256-s2 2cc5e8eb8b54a838
textclf compare experiments/finetuning/short-evening-finetune-mha-imdb-256-s0 experiments/finetuning/short-evening-finetune-lsh-imdb-256-s0 experiments/finetuning/short-evening-finetune-favor-imdb-256-s0 experiments/finetuning/short-evening-finetune-window-imdb-256-s0 experiments/finetuning/short-evening-finetune-near_far-imdb-256-s0 experiments/baseline/short-evening-tfidf-imdb experiments/finetuning/short-evening-finetune-mha-imdb-256-s1 experiments/finetuning/short-evening-finetune-lsh-imdb-256-s1 experiments/finetuning/short-evening-finetune-favor-imdb-256-s1 experiments/finetuning/short-evening-finetune-window-imdb-256-s1 experiments/finetuning/short-evening-finetune-near_far-imdb-256-s1 experiments/finetuning/short-evening-finetune-mha-imdb-256-s2 experiments/finetuning/short-evening-finetune-lsh-imdb-256-s2 experiments/finetuning/short-evening-finetune-favor-imdb-256-s2 experiments/finetuning/short-evening-finetune-window-imdb-256-s2 experiments/finetuning/short-evening-finetune-near_far-imdb-256-s2
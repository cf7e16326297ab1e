#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=short-afternoon-imdb-256_reproduce
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
echo 'Then: commit 806cdc9e043cfc15cdbfb2c19cb4af8deb74350a; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/pretraining/short-afternoon-adapt-mha-imdb-256 pretraining/short-afternoon-adapt-mha-imdb-256.yaml
textclf train experiments/pretraining/short-afternoon-adapt-mha-imdb-256
same_corpus experiments/pretraining/short-afternoon-adapt-mha-imdb-256 9fd24d7d74564a40
fresh experiments/pretraining/short-afternoon-adapt-lsh-imdb-256 pretraining/short-afternoon-adapt-lsh-imdb-256.yaml
textclf train experiments/pretraining/short-afternoon-adapt-lsh-imdb-256
same_corpus experiments/pretraining/short-afternoon-adapt-lsh-imdb-256 9fd24d7d74564a40
fresh experiments/pretraining/short-afternoon-adapt-favor-imdb-256 pretraining/short-afternoon-adapt-favor-imdb-256.yaml
textclf train experiments/pretraining/short-afternoon-adapt-favor-imdb-256
same_corpus experiments/pretraining/short-afternoon-adapt-favor-imdb-256 9fd24d7d74564a40
fresh experiments/pretraining/short-afternoon-adapt-window-imdb-256 pretraining/short-afternoon-adapt-window-imdb-256.yaml
textclf train experiments/pretraining/short-afternoon-adapt-window-imdb-256
same_corpus experiments/pretraining/short-afternoon-adapt-window-imdb-256 9fd24d7d74564a40
fresh experiments/pretraining/short-afternoon-adapt-near_far-imdb-256 pretraining/short-afternoon-adapt-near_far-imdb-256.yaml
textclf train experiments/pretraining/short-afternoon-adapt-near_far-imdb-256
same_corpus experiments/pretraining/short-afternoon-adapt-near_far-imdb-256 9fd24d7d74564a40
fresh experiments/baseline/short-afternoon-tfidf-imdb baseline/short-afternoon-tfidf-imdb.yaml
textclf baseline experiments/baseline/short-afternoon-tfidf-imdb
same_corpus experiments/baseline/short-afternoon-tfidf-imdb 9fd24d7d74564a40
fresh experiments/baseline/short-afternoon-tfidf-words-imdb-256 baseline/short-afternoon-tfidf-words-imdb-256.yaml
textclf baseline experiments/baseline/short-afternoon-tfidf-words-imdb-256
same_corpus experiments/baseline/short-afternoon-tfidf-words-imdb-256 9fd24d7d74564a40
fresh experiments/finetuning/short-afternoon-finetune-mha-imdb-256-s0 finetuning/short-afternoon-finetune-mha-imdb-256-s0.yaml
textclf train experiments/finetuning/short-afternoon-finetune-mha-imdb-256-s0
same_corpus experiments/finetuning/short-afternoon-finetune-mha-imdb-256-s0 9fd24d7d74564a40
fresh experiments/finetuning/short-afternoon-finetune-lsh-imdb-256-s0 finetuning/short-afternoon-finetune-lsh-imdb-256-s0.yaml
textclf train experiments/finetuning/short-afternoon-finetune-lsh-imdb-256-s0
same_corpus experiments/finetuning/short-afternoon-finetune-lsh-imdb-256-s0 9fd24d7d74564a40
fresh experiments/finetuning/short-afternoon-finetune-favor-imdb-256-s0 finetuning/short-afternoon-finetune-favor-imdb-256-s0.yaml
textclf train experiments/finetuning/short-afternoon-finetune-favor-imdb-256-s0
same_corpus experiments/finetuning/short-afternoon-finetune-favor-imdb-256-s0 9fd24d7d74564a40
fresh experiments/finetuning/short-afternoon-finetune-window-imdb-256-s0 finetuning/short-afternoon-finetune-window-imdb-256-s0.yaml
textclf train experiments/finetuning/short-afternoon-finetune-window-imdb-256-s0
same_corpus experiments/finetuning/short-afternoon-finetune-window-imdb-256-s0 9fd24d7d74564a40
fresh experiments/finetuning/short-afternoon-finetune-near_far-imdb-256-s0 finetuning/short-afternoon-finetune-near_far-imdb-256-s0.yaml
textclf train experiments/finetuning/short-afternoon-finetune-near_far-imdb-256-s0
same_corpus experiments/finetuning/short-afternoon-finetune-near_far-imdb-256-s0 9fd24d7d74564a40
textclf compare experiments/baseline/short-afternoon-tfidf-imdb experiments/baseline/short-afternoon-tfidf-words-imdb-256 experiments/finetuning/short-afternoon-finetune-mha-imdb-256-s0 experiments/finetuning/short-afternoon-finetune-lsh-imdb-256-s0 experiments/finetuning/short-afternoon-finetune-favor-imdb-256-s0 experiments/finetuning/short-afternoon-finetune-window-imdb-256-s0 experiments/finetuning/short-afternoon-finetune-near_far-imdb-256-s0 --prefix=short-afternoon-imdb-256_
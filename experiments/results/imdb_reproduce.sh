#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=imdb_reproduce
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
echo 'Then: commit 2f9115ad939eb364120d8e57493d5d98ba648d45; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
echo 'Then: commit 82fc079b755ea1951cc157cb5d0f39d2b1e68368; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
echo 'Then: commit b5191a2175e9e2e3d92d1eef036c57b5716416da; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/imdb-0 finetuning/imdb-0.yaml
textclf train experiments/finetuning/imdb-0
same_corpus experiments/finetuning/imdb-0 958ba410cd758f01
fresh experiments/baseline/imdb-tfidf baseline/imdb-tfidf.yaml
textclf baseline experiments/baseline/imdb-tfidf
same_corpus experiments/baseline/imdb-tfidf 958ba410cd758f01
fresh experiments/baseline/imdb-tfidf-all baseline/imdb-tfidf-all.yaml
textclf baseline experiments/baseline/imdb-tfidf-all
same_corpus experiments/baseline/imdb-tfidf-all 958ba410cd758f01
fresh experiments/baseline/imdb-words-256 baseline/imdb-words-256.yaml
textclf baseline experiments/baseline/imdb-words-256
same_corpus experiments/baseline/imdb-words-256 958ba410cd758f01
fresh experiments/finetuning/imdb-favor-0 finetuning/imdb-favor-0.yaml
textclf train experiments/finetuning/imdb-favor-0
same_corpus experiments/finetuning/imdb-favor-0 958ba410cd758f01
fresh experiments/finetuning/imdb-near_far-0 finetuning/imdb-near_far-0.yaml
textclf train experiments/finetuning/imdb-near_far-0
same_corpus experiments/finetuning/imdb-near_far-0 958ba410cd758f01
fresh experiments/finetuning/imdb-lsh-0 finetuning/imdb-lsh-0.yaml
textclf train experiments/finetuning/imdb-lsh-0
same_corpus experiments/finetuning/imdb-lsh-0 958ba410cd758f01
fresh experiments/blend/imdb-both-0 blend/imdb-both-0.yaml
textclf blend imdb-both-0 experiments/finetuning/imdb-0 experiments/baseline/imdb-tfidf-all
same_corpus experiments/blend/imdb-both-0 958ba410cd758f01
textclf compare experiments/finetuning/imdb-0 experiments/finetuning/imdb-favor-0 experiments/finetuning/imdb-near_far-0 experiments/finetuning/imdb-lsh-0 experiments/blend/imdb-both-0 experiments/baseline/imdb-tfidf experiments/baseline/imdb-tfidf-all experiments/baseline/imdb-words-256 --against=imdb-words-256 --prefix=imdb_
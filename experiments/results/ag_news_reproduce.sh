#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=ag_news_reproduce
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
echo 'Then: commit 3ecca7aef7532f87475d1b8669774bfdf6da1457; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
echo 'Then: commit 52f5a7e9328a007d859af395f735ece054ef2f4e; python 3.11.7, textclf-nb 0.1.0, torch 2.13.0+cpu, transformers 5.23.0, tokenizers 0.23.3, datasets 5.2.0, numpy 2.4.6, scikit-learn 1.9.1, pandas 3.1.1, wandb 0.31.0'
fresh experiments/finetuning/ag-0 finetuning/ag-0.yaml
textclf train experiments/finetuning/ag-0
same_corpus experiments/finetuning/ag-0 c19010dc68a56a5f
fresh experiments/baseline/ag-tfidf baseline/ag-tfidf.yaml
textclf baseline experiments/baseline/ag-tfidf
same_corpus experiments/baseline/ag-tfidf c19010dc68a56a5f
fresh experiments/baseline/ag-tfidf-all baseline/ag-tfidf-all.yaml
textclf baseline experiments/baseline/ag-tfidf-all
same_corpus experiments/baseline/ag-tfidf-all c19010dc68a56a5f
fresh experiments/blend/ag-both-0 blend/ag-both-0.yaml
textclf blend ag-both-0 experiments/finetuning/ag-0 experiments/baseline/ag-tfidf-all
same_corpus experiments/blend/ag-both-0 c19010dc68a56a5f
textclf compare experiments/finetuning/ag-0 experiments/blend/ag-both-0 experiments/baseline/ag-tfidf experiments/baseline/ag-tfidf-all --prefix=ag_news_
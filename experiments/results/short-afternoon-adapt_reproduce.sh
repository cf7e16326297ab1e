#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings=short-afternoon-adapt_reproduce
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
textclf compare experiments/pretraining/short-afternoon-adapt-favor-imdb-256 experiments/pretraining/short-afternoon-adapt-lsh-imdb-256 experiments/pretraining/short-afternoon-adapt-mha-imdb-256 experiments/pretraining/short-afternoon-adapt-near_far-imdb-256 experiments/pretraining/short-afternoon-adapt-window-imdb-256 --prefix=adapt_
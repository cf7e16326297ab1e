#!/usr/bin/env bash
# Repeats the runs of a report. Run it in a fresh clone of the project, after `make env` and `source .venv/bin/activate`.
# It takes each configuration from the folder beside it, overwrites no run, and compares only what read the same corpus.
set -euo pipefail
here=$(cd -- "$(dirname -- "$0")" && pwd)
settings={{ folder|q }}
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
{% for line in told %}echo {{ line|q }}
{% endfor %}{% for run in runs %}
fresh {{ run.target|q }} {{ run.file|q }}
textclf {{ run.verb }}{% for word in run.words %} {{ word|q }}{% endfor %}

{% if run.corpus %}same_corpus {{ run.target|q }} {{ run.corpus|q }}
{% endif %}{% endfor %}
textclf compare{% for target in held %} {{ target|q }}{% endfor %}{% for option in options %} {{ option|q }}{% endfor %}{% if reference %} --reference="$here/$settings"/reference.yaml{% endif %}

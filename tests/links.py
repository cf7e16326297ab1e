"""What follows from settings.ini and the chapters' own titles: Colab badges, install cells, the chapters in README. `--check` only looks.

`user` in settings.ini is the one setting. A GitHub name cannot hold "_", so while it is `your_name` nobody owns it: the badges
open Colab's list of the reader's own repositories, and the install cell asks what to install instead of trusting a stranger.
"""
import json
import re
import sys
from configparser import ConfigParser
from pathlib import Path

root = Path(__file__).parents[1]
BADGE = r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)"
CELL = r'if "google\.colab" in sys\.modules:.*(\n[ \t]+.*)*'
BEGIN, END = "<!-- chapters: made by `make links` -->", "<!-- end of chapters -->"


def settings():
    config = ConfigParser(delimiters=["="])
    config.read(root / "settings.ini", encoding="utf-8")
    return config["DEFAULT"]


def is_set(): return "_" not in settings()["user"]


def badge(notebook):
    "The Colab badge of a notebook, as markdown."
    where = "github/{user}/{repo}/blob/{branch}/".format(**settings()) + notebook.relative_to(root).as_posix() if is_set() else "github/"
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/{where})"


def install():
    "The line of the hidden cell that installs the package on Colab, and does nothing elsewhere."
    ask = 'input("Install from (git+https://github.com/YOU/textclf-nb, or the path of an uploaded wheel): ")'
    what = f"\"'textclf-nb @ git+{settings()['git_url']}'\"" if is_set() else ask
    return f"if \"google.colab\" in sys.modules: get_ipython().run_line_magic(\"pip\", \"install -q 'fastcore<2' \" + {what})"


def notebooks():
    found = [*root.glob("nbs/**/*.ipynb"), *root.glob("experiments/*.ipynb")]
    return sorted((p for p in found if not any(part.startswith(".") for part in p.parts)), key=lambda p: (p.parent.name, p.stem))


def chapters(): return sorted((p for p in notebooks() if (root / "nbs") in p.parents), key=lambda p: p.stem)


def relinked(notebook):
    "The notebook's text with its badge and its install cell as they should be; nothing else changes."
    text = notebook.read_text(encoding="utf-8")
    for cell in json.loads(text)["cells"]:
        before = "".join(cell["source"])
        after = re.sub(BADGE, lambda _: badge(notebook), before)
        if before.startswith("#| hide"): after = re.sub(CELL, lambda _: install(), after)   # other cells may ask for Colab, too
        if after == before: continue
        old, new = (json.dumps(s.splitlines(keepends=True), ensure_ascii=False, indent=1).replace("\n", "\n   ") for s in (before, after))
        assert text.count(old) == 1, f"{notebook}: cell {cell['id']} is not written as nbdev_clean writes it"
        text = text.replace(old, new)
    return text


def title(notebook):
    "The first '# …' of a notebook."
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for c in cells if c["cell_type"] == "markdown" for line in "".join(c["source"]).splitlines()]
    return next(line[2:].strip() for line in lines if line.startswith("# "))


def table():
    "README's chapters: a line for each part."
    parts = {}
    for c in chapters():
        part = "First" if c.parent.name == "nbs" else c.parent.name.partition("_")[2].capitalize()
        parts.setdefault(part, []).append(f"{c.stem.partition('_')[0]} [{title(c)}]({c.relative_to(root).as_posix()})")
    return "\n".join(f"- **{part}**: {' · '.join(found)}" for part, found in parts.items())


def readme():
    "README with the list put between its markers, and the badge of the notebook that is named before it."
    text = (root / "README.md").read_text(encoding="utf-8")
    before, _, rest = re.sub(rf"\(([^()]*\.ipynb)\) {BADGE}", lambda m: f"({m[1]}) {badge(root / m[1])}", text).partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


def main(check=False):
    wanted = {p: relinked(p) for p in notebooks()} | {root / "README.md": readme()}
    stale = [p for p, text in wanted.items() if p.read_text(encoding="utf-8") != text]
    for p in stale:
        if not check: p.write_text(wanted[p], encoding="utf-8")
        print(f"{p.relative_to(root)}: {'stale: run make links, or .venv/bin/python tests/links.py' if check else 'written'}")
    return bool(stale and check)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))

"""Are the notebooks clean, and is the package exactly what they export? Works on a copy, so nothing here is changed."""
import filecmp
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

root, bin_ = Path(__file__).parents[1], Path(sys.executable).parent


# folder: the command that puts it right
CURES = {"nbs": ["nbdev_clean", "--fname", "nbs"], "experiments": ["nbdev_clean", "--fname", "experiments"], "textclf_nb": ["nbdev_export"]}


def tree(folder, pattern):
    "Paths relative to `folder`, without hidden folders and caches."
    paths = (p.relative_to(folder) for p in folder.rglob(pattern))
    return {p for p in paths if not any(part.startswith((".", "__pycache__")) for part in p.parts)}


def exports(notebook):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = (line for c in cells if c["cell_type"] == "code" for line in "".join(c["source"]).splitlines())
    return [line.split()[-1] for line in lines if line.startswith("#| default_exp ")]


def differences():
    "One line for each thing that is not as the notebooks say."
    modules = Counter(m for nb in sorted((root / "nbs").rglob("*.ipynb")) for m in exports(nb))
    yield from (f"two chapters export the module {m}" for m, n in modules.items() if n > 1)
    with tempfile.TemporaryDirectory() as tmp:
        copy = Path(tmp) / "copy"
        copy.mkdir()
        shutil.copy(root / "settings.ini", copy)
        for folder in ("nbs", "experiments", "textclf_nb"):
            (copy / folder).mkdir()
            for p in tree(root / folder, "*.ipynb") | tree(root / folder, "*.py"):
                (copy / folder / p).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / folder / p, copy / folder / p)
        for p in tree(copy / "textclf_nb", "*.py"):
            if p.name != "__init__.py": (copy / "textclf_nb" / p).unlink()
        for command in CURES.values(): subprocess.run([bin_ / command[0], *command[1:]], cwd=copy, check=True)
        for folder, command in CURES.items():
            pattern, cure = "*.py" if folder == "textclf_nb" else "*.ipynb", "run " + " ".join(command)
            here, there = tree(root / folder, pattern), tree(copy / folder, pattern)
            if folder == "experiments":  # runs keep executed copies there; only the sources are compared
                here, there = ({p for p in side if len(p.parts) == 1} for side in (here, there))
            yield from (f"{folder}/{p} belongs to no notebook: delete it" for p in sorted(here - there))
            yield from (f"{folder}/{p} is missing: {cure}" for p in sorted(there - here))
            yield from (f"{folder}/{p} differs: {cure}" for p in sorted(here & there)
                        if not filecmp.cmp(root / folder / p, copy / folder / p, shallow=False))


if __name__ == "__main__":
    found = list(differences())
    print("\n".join(found) or "in sync")
    sys.exit(bool(found))

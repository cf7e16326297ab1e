"""What `make test` runs: each step in turn, its output, then one summary. Exit code 1 if any step failed.

Two processes with one thread each keep two cores busy: small models gain little from a second thread, and two processes with
two threads each take turns waiting for one another.
"""
import os
import subprocess
import sys
import time
from pathlib import Path

root, bin_ = Path(__file__).parents[1], Path(sys.executable).parent
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
               "TRITON_INTERPRET": "1"}   # read when Triton is imported: chapter 07a is not the first of its process
TWO_PROCESSES = ["-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]   # whole files, in the order of tests/conftest.py

# in-sync comes first: the later steps test the package that the notebooks export
STEPS = {
    "notebooks clean and in sync": [sys.executable, "tests/in_sync.py"],
    "badges, install cells, README's chapters": [sys.executable, "tests/links.py", "--check"],
    "style": [bin_ / "ruff", "check", "."],
    "chapters": [bin_ / "nbdev_test", "--path", "nbs", "--n_workers", "2", "--do_print", "--timing"],
    # those that begin with "your" are executed as on Colab, by pytest; runs of a suite keep a `notebook.ipynb` each
    "experiments": [bin_ / "nbdev_test", "--path", "experiments", "--n_workers", "2", "--do_print",
                    "--skip_file_re", "^([_.]|your|notebook)"],
    "tests": [sys.executable, "-m", "pytest", *TWO_PROCESSES, "--durations", "10", "-m", "not long", "tests"],
}


def run(command, **environment):
    "Exit code and seconds of a command, in the root of the project."
    start = time.monotonic()
    code = subprocess.run(list(map(str, command)), cwd=root, env={**os.environ, **environment}).returncode
    return code, time.monotonic() - start


def working_tree():
    "What git sees of the files here; the same where there is no git."
    commands = (["git", "status", "--porcelain"], ["git", "diff"])
    return [subprocess.run(c, cwd=root, capture_output=True).stdout for c in commands]


def summary(results):
    "One line a step, then the closing line; True if any failed."
    print("\n=== summary")
    for name, (code, seconds) in results.items(): print(f"  {'passed' if code == 0 else 'FAILED'}  {seconds:5.0f} s  {name}")
    failed = sum(code != 0 for code, _ in results.values())
    print(f"{len(results) - failed} passed, {failed} failed")
    return bool(failed)


def main():
    results, before = {}, working_tree()
    for name, command in STEPS.items():
        print(f"\n=== {name}", flush=True)
        results[name] = run(command, **ENVIRONMENT)
    changed = working_tree() != before
    if changed: subprocess.run(["git", "status", "--short"], cwd=root)
    results["no file of the project changed"] = int(changed), 0
    return summary(results)


if __name__ == "__main__":
    sys.exit(main())

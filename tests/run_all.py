"""What `make test` runs: each step in turn, its output, then one summary. Exit code 1 if any step failed."""
import subprocess
import sys
import time
from pathlib import Path

root, bin_ = Path(__file__).parents[1], Path(sys.executable).parent

# in-sync comes first: the later steps test the package that the notebooks export
STEPS = {
    "notebooks clean and in sync": [sys.executable, "tests/in_sync.py"],
    "style": [bin_ / "ruff", "check", "."],
    "chapters": [bin_ / "nbdev_test", "--path", "nbs", "--n_workers", "2", "--do_print"],
    "experiments, smoke run": [bin_ / "nbdev_test", "--path", "experiments", "--n_workers", "2", "--do_print"],
    "tests": [sys.executable, "-m", "pytest", "-q", "tests"],
}


def main():
    results = {}
    for name, command in STEPS.items():
        print(f"\n=== {name}", flush=True)
        start = time.monotonic()
        code = subprocess.run(list(map(str, command)), cwd=root).returncode
        results[name] = code, time.monotonic() - start
    print("\n=== summary")
    for name, (code, seconds) in results.items():
        print(f"  {'passed' if code == 0 else 'FAILED'}  {seconds:5.0f} s  {name}")
    failed = sum(code != 0 for code, _ in results.values())
    print(f"{len(results) - failed} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Half a minute of the standing attack, and that SECURITY.md names tests that there are."""
import re
import subprocess
import sys
from pathlib import Path

root = Path(__file__).parents[1]


def test_half_a_minute_of_torture():
    # a killed suite takes that long by itself: tests/test_suites.py and tests/test_cluster.py have each one
    command = [sys.executable, "tests/torture.py", "--minutes", "0.5", "--seed", "0", "--without", "suites", "dask"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_security_names_tests_that_exist():
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", (root/"SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) >= 10
    missing = [f"{file}::{name}" for file, name in named if not re.search(rf"^def {name}\(", (root/file).read_text(encoding="utf-8"), re.M)]
    assert not missing

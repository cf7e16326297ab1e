"""What `make test-matrix` runs: the numerical chapters and tests as other processors compute, and pytest on each Python that is found.

The settings make one machine behave like others: PyTorch's kernels without AVX-512 or without any vector instruction, MKL's
products in the order that every processor shares, and one thread, whose sums have another order than several threads' sums.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from run_all import ENVIRONMENT, TWO_PROCESSES, bin_, root, run, summary

MACHINES = {
    "kernels without vectors": {"ATEN_CPU_CAPABILITY": "default"},
    "kernels with AVX2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "MKL as on every processor": {"MKL_CBWR": "COMPATIBLE"},
    "one thread": ENVIRONMENT,
}
PARTS = ["1_attention", "2_model", "4_training"]
USES = [f"textclf_nb.{part.partition('_')[2]}" for part in PARTS]   # a test that imports one of these computes numbers
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


def on_machine(settings):
    "Chapters, then tests, under these variables of the environment."
    tests = [t for t in sorted(root.glob("tests/test_*.py")) if any(part in t.read_text(encoding="utf-8") for part in USES)]
    commands = [[bin_ / "nbdev_test", "--path", f"nbs/{part}", "--n_workers", "2", "--do_print"] for part in PARTS]
    commands.append([sys.executable, "-m", "pytest", *TWO_PROCESSES, *tests])
    # generated code is kept in a cache that does not ask for which instructions it was made: each machine has its own
    with tempfile.TemporaryDirectory() as generated:
        outcomes = [run(c, **{"TRITON_INTERPRET": "1", "TORCHINDUCTOR_CACHE_DIR": generated} | settings) for c in commands]
    return max(code for code, _ in outcomes), sum(seconds for _, seconds in outcomes)


def on_python(version):
    "All of pytest in an environment of its own, .venv-VERSION, made on the first call."
    home = root / f".venv-{version}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", "constraints.txt"]
    commands = [] if (home / ".installed").is_file() else [[f"python{version}", "-m", "venv", home], [*install, "--editable", ".[dev]"],
        [python, "-c", f"open({str(home / '.installed')!r}, 'w')"]]
    seconds = 0
    for command in [*commands, [python, "-m", "pytest", *TWO_PROCESSES, "tests"]]:
        code, took = run(command, **ENVIRONMENT)
        seconds += took
        if code: return code, seconds
    return 0, seconds


def found(version):
    "Whether that Python answers; a version manager may have a name on PATH for one that it has not."
    return shutil.which(f"python{version}") and subprocess.run([f"python{version}", "--version"], capture_output=True).returncode == 0


def main():
    results = {name: on_machine(settings) for name, settings in MACHINES.items()}
    for version in PYTHONS:
        if found(version): results[f"Python {version}"] = on_python(version)
        else: print(f"python{version} is not here: left out", flush=True)
    return summary(results)


if __name__ == "__main__":
    sys.exit(main())

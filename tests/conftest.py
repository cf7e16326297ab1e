"Triton reads this when it is imported, which the package does: kernels are tested in its interpreter, on CPU tensors."
import os

os.environ.setdefault("TRITON_INTERPRET", "1")


# A file is given to one process whole. Those that take longest are begun first: begun last, one would run alone and leave a core idle.
LONGEST = ["test_torture.py", "test_models.py", "test_suites.py", "test_report.py", "test_corpora.py", "test_favor.py",
           "test_experiments.py", "test_cli.py", "test_training.py", "test_attention.py", "test_compile.py", "test_wheel.py"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def pytest_configure(config):
    config.addinivalue_line("markers",
        "long: processes that start processes, and code generated for many mechanisms; left out by `make test`, not by `make test-matrix`")

"Triton reads this when it is imported, which the package does: kernels are tested in its interpreter, on CPU tensors."
import os

os.environ.setdefault("TRITON_INTERPRET", "1")


def pytest_configure(config):
    config.addinivalue_line("markers",
        "long: processes that start processes, a minute each; left out by `make test`, not by `make test-matrix`")

"Triton reads this when it is imported, which the package does: kernels are tested in its interpreter, on CPU tensors."
import os

os.environ.setdefault("TRITON_INTERPRET", "1")

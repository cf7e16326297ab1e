"FAVOR+: what a notebook cannot show, the memory of a whole process."
import subprocess
import sys

LONG = """
import resource, torch
from textclf_nb.attention import build_attention
q, k, v = (torch.randn(1, 8, 65_536, 64, requires_grad=True) for _ in range(3))
build_attention("favor", 64, 8, nb_features=64)(q, k, v).sum().backward()
assert all(x.grad.isfinite().all() for x in (q, k, v))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def test_a_long_text_fits_in_a_small_process():
    "Forward and backward of 65,536 tokens, 8 heads of 64, 64 features: under 2.5 GiB (q, k, v and what is returned are 1.0)."
    peak = float(subprocess.run([sys.executable, "-c", LONG], check=True, capture_output=True, text=True).stdout)
    assert peak < 2.5, f"{peak:.2f} GiB"

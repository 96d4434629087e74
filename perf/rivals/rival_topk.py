#!/usr/bin/env python3
"""rival_topk.py - the first k of one long row by the usual routes on a CPU: what `urn bench --op long_topk,long_gumbel`
is held against.

    python3 perf/rivals/rival_topk.py [--n 16777216] [--k 1000] [--threads 2] [--repeat 5]

Prints the median time of a call in milliseconds. torch is skipped, and says so, where it is missing.

  numpy          argpartition of N(0,1) f32 values
  numpy gumbel   the same after adding numpy's Gumbel noise: k without replacement
  torch          torch.topk of the values
  torch gumbel   torch.topk after -log(Exponential): k without replacement
"""
import argparse
import statistics
import time

import numpy as np


def measure(name, call, repeat):
    call(0)
    times = []
    for i in range(repeat):
        start = time.perf_counter()
        call(i + 1)
        times.append((time.perf_counter() - start) * 1e3)
    print(f"{name:13} {statistics.median(times):10.1f} ms")


def main():
    parser = argparse.ArgumentParser(description="the first k of a long row by the usual routes, ms a call")
    parser.add_argument("--n", type=int, default=1 << 24)
    parser.add_argument("--k", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    a = parser.parse_args()
    rng = np.random.default_rng(7)
    x = [rng.standard_normal(a.n, dtype=np.float32) for _ in range(2)]
    print(f"n = {a.n}, k = {a.k}, f32 N(0,1), numpy {np.__version__}, {a.threads} threads")
    measure("numpy", lambda i: np.argpartition(-x[i % 2], a.k)[: a.k], a.repeat)
    measure("numpy gumbel", lambda i: np.argpartition(-(x[i % 2] + rng.gumbel(size=a.n)), a.k)[: a.k], a.repeat)
    try:
        import torch

        torch.set_num_threads(a.threads)
        t = [torch.from_numpy(v) for v in x]
        measure("torch", lambda i: torch.topk(t[i % 2], a.k), a.repeat)
        measure("torch gumbel", lambda i: torch.topk(t[i % 2] - torch.empty(a.n).exponential_().log_(), a.k), a.repeat)
    except ImportError:
        print("torch         skipped: no torch here (pip install torch)")


if __name__ == "__main__":
    main()

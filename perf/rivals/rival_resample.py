#!/usr/bin/env python3
"""rival_resample.py - ancestors by the usual routes on a CPU: what `urn bench --op systematic` is held against.

    python3 perf/rivals/rival_resample.py [--n 16777216] [--threads 2] [--repeat 5]

Log-weights are N(0,1) in f32; as many ancestors as weights. Prints the median time of a call in milliseconds. Each
rival is skipped, and says so, where its package is missing.

  numpy      exp, cumsum, searchsorted of (i + u) / n
  torch      the same by torch, with its threads
  particles  particles.resampling.systematic (numba), from normalised weights
"""
import argparse
import statistics
import time

import numpy as np


def by_numpy(lw, u):
    w = np.exp(lw - lw.max())
    s = np.cumsum(w)
    return np.searchsorted(s, (np.arange(len(lw), dtype=np.float32) + u) * (s[-1] / len(lw)))


def by_torch(torch, lw, u):
    w = torch.exp(lw - lw.max())
    s = torch.cumsum(w, 0)
    return torch.searchsorted(s, (torch.arange(len(lw), dtype=torch.float32) + u) * (s[-1] / len(lw)))


def measure(name, call, repeat):
    call(0)
    times = []
    for i in range(repeat):
        start = time.perf_counter()
        call(i + 1)
        times.append((time.perf_counter() - start) * 1e3)
    print(f"{name:10} {statistics.median(times):10.1f} ms")


def main():
    parser = argparse.ArgumentParser(description="systematic resampling by the usual routes, ms a call")
    parser.add_argument("--n", type=int, default=1 << 24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    a = parser.parse_args()
    rng = np.random.default_rng(7)
    lw = [rng.standard_normal(a.n, dtype=np.float32) for _ in range(2)]
    print(f"n = {a.n}, f32 N(0,1) log-weights, numpy {np.__version__}, {a.threads} threads")
    measure("numpy", lambda i: by_numpy(lw[i % 2], np.float32(0.3)), a.repeat)
    try:
        import torch

        torch.set_num_threads(a.threads)
        t = [torch.from_numpy(x) for x in lw]
        measure("torch", lambda i: by_torch(torch, t[i % 2], 0.3), a.repeat)
    except ImportError:
        print("torch      skipped: no torch here (pip install torch)")
    try:
        from particles import resampling

        def by_particles(i):
            w = np.exp(lw[i % 2].astype(np.float64))
            return resampling.systematic(w / w.sum(), a.n)

        measure("particles", by_particles, a.repeat)
    except ImportError:
        print("particles  skipped: no particles here (pip install particles)")


if __name__ == "__main__":
    main()

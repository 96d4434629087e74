#!/usr/bin/env python3
"""rival_torch.py - the same draws by torch's usual routes, on the CPU: what `urn bench` is held against.

    python3 perf/rivals/rival_torch.py [--rows 8] [--cols 128256] [--threads 2]

Inputs are N(0,1) f32 logits; calls walk over several matrices, more than any cache holds. Prints the median time of a
row, in microseconds, over 15 calls after 3 that do not count. Skips, and says so, where torch is missing.

  softmax        torch.softmax alone: no draw
  draw           softmax, then torch.multinomial(1): the law of `--steps none`
  top_p          softmax, sort, cumulative sum, cut at 0.95, multinomial, gather: the law of `--steps top_p=0.95`
"""
import argparse
import statistics
import sys
import time

try:
    import torch
except ImportError:
    print("skip rival_torch: no torch here (pip install torch)")
    sys.exit(0)


def softmax(x):
    return torch.softmax(x, -1)


def draw(x):
    return torch.multinomial(torch.softmax(x, -1), 1)


def top_p(x):
    values, ids = torch.sort(torch.softmax(x, -1), -1, descending=True)
    before = values.cumsum(-1) - values
    values = values.masked_fill(before >= 0.95, 0.0)
    return ids.gather(-1, torch.multinomial(values, 1))


def main():
    parser = argparse.ArgumentParser(description="torch's routes to the same draws, us a row")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--cols", type=int, default=128256)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    torch.manual_seed(7)
    torch.set_num_threads(a.threads)
    matrices = max(2, (128 << 20) // (a.rows * a.cols * 4))
    x = [torch.randn(a.rows, a.cols) for _ in range(matrices)]
    print(f"torch {torch.__version__}, {a.threads} threads, {a.rows} x {a.cols} f32 N(0,1)")
    for route in (softmax, draw, top_p):
        times = []
        for i in range(18):
            start = time.perf_counter()
            route(x[i % matrices])
            times.append((time.perf_counter() - start) / a.rows * 1e6)
        print(f"{route.__name__:8} {statistics.median(times[3:]):10.1f} us a row")


if __name__ == "__main__":
    main()

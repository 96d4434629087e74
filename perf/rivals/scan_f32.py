#!/usr/bin/env python3
"""scan_f32.py - what a prefix sum in f32, as GPUs do it, does to systematic resampling; beside urn's integers.

    python3 perf/rivals/scan_f32.py [--urn build/urn] [--sizes 65536,1048576]

Emulates a tiled scan in f32: tiles of 128 threads with 15 items each, every thread adding up its items, warps scanning
by doubling (Kogge and Stone), tiles by a running sum. Such a scan is not monotone: what is counted is

  inversions       places where the scan falls although no weight is negative
  zero drawn       items of weight zero that take up room on the scan, so that they can be drawn
  negative         offspring counts below zero, from floor(n * S / T + u)
  off              items whose count is neither the floor nor the ceiling of n * w / T, by exact arithmetic

The line "urn" counts the same of `urn resample --weights linear`, which is skipped where there is no program.
"""
import argparse
import os
import subprocess
import tempfile

import numpy as np

THREADS, ITEMS, WARP = 128, 15, 32


def tiled_scan(w):
    """Inclusive scan of f32 weights in the order of a GPU's tiled scan; every addition rounds to f32."""
    tile = THREADS * ITEMS
    x = np.zeros(-(-len(w) // tile) * tile, np.float32)
    x[: len(w)] = w
    inner = np.cumsum(x.reshape(-1, THREADS, ITEMS), axis=2, dtype=np.float32)
    lanes = inner[:, :, -1].reshape(-1, THREADS // WARP, WARP).copy()
    step = 1
    while step < WARP:  # each lane adds the sum that ends `step` lanes below
        lanes[:, :, step:] = lanes[:, :, step:] + lanes[:, :, :-step].copy()
        step *= 2
    warps = np.cumsum(lanes[:, :, -1], axis=1, dtype=np.float32)
    tiles = np.cumsum(warps[:, -1], dtype=np.float32)
    before = np.zeros_like(lanes)
    before[:, :, 1:] = lanes[:, :, :-1]
    before[:, 1:, :] += warps[:, :-1, None]
    before[1:] += tiles[:-1, None, None]
    return (before.reshape(-1, THREADS, 1) + inner).reshape(-1)[: len(w)]


def expected(w):
    """floor and ceiling of n * w / T: weights are integers times 2^-24, so all of it is exact in integers."""
    q = (w.astype(np.float64) * 2**24).astype(np.int64)
    total = int(q.sum())
    low = np.array([int(v) * len(w) // total for v in q] if len(w) <= 1 << 16 else (q * np.float64(len(w)) / total).astype(np.int64))
    return q, low


def report(name, w, offspring, inversions, zero):
    q, low = expected(w)
    off = int(((offspring < low) | (offspring > low + 1)).sum())
    print(f"{len(w):9} {name:10} {inversions:10} {zero:10} {int((offspring < 0).sum()):9} {off:6}   sum {int(offspring.sum())}")


def by_urn(urn, w, seed):
    with tempfile.TemporaryDirectory() as d:
        np.save(d + "/w.npy", w)
        subprocess.run(
            [urn, "resample", d + "/w.npy", "--weights", "linear", "--seed", str(seed), "--offspring", d + "/o.npy"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return np.load(d + "/o.npy").reshape(-1).astype(np.int64)


def main():
    parser = argparse.ArgumentParser(description="systematic resampling over an f32 scan, and by urn")
    parser.add_argument("--urn", default="build/urn")
    parser.add_argument("--sizes", default="65536,1048576,16777216")
    a = parser.parse_args()
    print(f"{'n':>9} {'by':10} {'inversions':>10} {'zero drawn':>10} {'negative':>9} {'off':>6}")
    for n in (int(v) for v in a.sizes.split(",")):
        rng = np.random.default_rng(7)
        w = rng.integers(0, 1 << 24, n).astype(np.float32) * np.float32(2**-24)
        w[rng.random(n) < 0.5] = 0
        s = tiled_scan(w)
        width = np.diff(s, prepend=np.float32(0))
        points = np.floor(s.astype(np.float64) / float(s[-1]) * n + 0.37)
        offspring = np.diff(points, prepend=0.0).astype(np.int64)
        report("f32 scan", w, offspring, int((width < 0).sum()), int(((w == 0) & (width > 0)).sum()))
        if os.path.exists(a.urn):
            ours = by_urn(a.urn, w, 7)
            report("urn", w, ours, 0, int(((w == 0) & (ours > 0)).sum()))
        else:
            print(f"{n:9} urn        skipped: no {a.urn} (--urn says where it is)")


if __name__ == "__main__":
    main()

# kat_choices.py - writes choices.txt: small cases of top-k, inverse transform, effective sizes and best acceptance whose
# answers are known from elsewhere: other libraries' tests and exact enumeration.
import struct

INF, NAN = float("inf"), float("nan")


def bits(v):
    return "0x%08x" % struct.unpack("<I", struct.pack("<f", v))[0]


def floats(vs):
    return ",".join(bits(v) for v in vs)


def ints(vs):
    return ",".join(str(v) for v in vs)


def line(name, inputs, outputs, path):
    print(name, " ".join("%s=%s" % kv for kv in inputs), "->", " ".join("%s=%s" % kv for kv in outputs), "#", path)


def topk(x, k, flags, ids, path):
    line("topk", [("x", floats(x)), ("k", k), ("flags", flags)], [("ids", ints(ids))], path)


print("# choices.txt - made by kat_choices.py; floats are patterns")
SMALLEST, NANS = 2, 4
topk([2, 3, 5, 1, 4, 1, 1], 3, SMALLEST, [3, 5, 6], "equal ones, smallest: by id")
topk([2, 3, 5, 1, 4, 1, 1], 3, 0, [2, 4, 1], "largest")
topk([7, 7, 7, 7, 7], 3, 0, [0, 1, 2], "all equal: smaller ids")
topk([-0.0, 0.0, -0.0], 2, 0, [0, 1], "zeros of both signs are one value")
topk([INF, -INF, 1, INF], 3, 0, [0, 3, 2], "infinities are numbers")
topk([-INF, -INF, -INF], 2, SMALLEST, [0, 1], "nothing but -inf still has a first")
topk([1, NAN, 3, -NAN], 3, NANS, [1, 3, 2], "NaN is the largest, whatever its sign")
topk([1, NAN, 3, INF], 3, NANS | SMALLEST, [0, 2, 3], "and comes last among the smallest")
topk([1, 2], 5, 0, [1, 0, -1, -1, -1], "fewer than k")


def inverse(w, codes, bins, path):
    line("inverse", [("w", floats(w)), ("codes", ints(codes))], [("bins", ints(bins))], path)


quarter = 1 << 62
inverse([0, 0.5, 0, 0.5, 0], [0, quarter, 2 * quarter, 3 * quarter], [1, 1, 3, 3], "bins of no mass hold no point")
inverse([0, 0.5, 0, 0.5, 0], [2 * quarter - 1, 2**64 - 1], [1, 3], "the last codes before an edge")
inverse([1, 0, 0], [0, 2**64 - 1], [0, 0], "all mass first")
inverse([0, 0, 1], [0, 2**64 - 1], [2, 2], "all mass last")
inverse([2] * 7, [0, 2**64 - 1], [0, 6], "flat")


def ess(x, value, log_mean, path):
    line("ess", [("x", floats(x))], [("ess", bits(value)), ("log_mean", bits(log_mean))], path)


ess([-3.5] * 64, 64, -3.5, "equal weights count as many as there are")
ess([-INF, -INF, 2, -INF], 1, 2 - 1.3862943611198906, "one weight counts as one")
ess([0, 0, -INF, -INF], 2, -0.6931471805599453, "half of them")
ess([1000, 1000 + 0.6931472], 1.8, 1000.4054651, "far from 0: weights 1 and 2")


def bound(p, q, k, replacement, value, path):
    line("bound", [("p", floats(p)), ("q", floats(q)), ("k", k), ("replacement", replacement)], [("bound", bits(value))],
         path)


p, q = [0.4, 0.1, 0.3, 0.2], [0.1, 0.4, 0.25, 0.25]
bound(p, q, 1, 1, 0.65, "one draft: the overlap")
bound(p, q, 2, 1, 0.79, "two independent drafts: the linear program")
bound(p, q, 3, 1, 0.871, "three")
bound(p, q, 2, 0, 0.83333333, "two without replacement")
bound([0.05, 0.45, 0.3, 0.2], [0.1, 0.4, 0.3, 0.2], 1, 1, 0.95, "near laws, one draft")
bound([0.05, 0.45, 0.3, 0.2], [0.1, 0.4, 0.3, 0.2], 2, 1, 1.0, "near laws, two drafts: never rejected")
bound([0.5, 0.5], [0.5, 0.5], 1, 1, 1.0, "one law")
bound([1, 0], [0, 1], 4, 1, 0.0, "no id in common")

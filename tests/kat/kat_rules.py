#!/usr/bin/env python3
"""kat_rules.py - writes rules.txt: python3 tests/kat/kat_rules.py

Kept sets and laws of every rule, in double precision and by sorting, as the papers and two widely used stacks have them
("hf": transformers' warpers; "llama": llama.cpp's samplers), not as bits.h has them. p6 is the law that the hand-made
lines use: (.40, .25, .15, .10, .06, .04). Where a line's numbers are well known they are asserted below. Cases near a
boundary are refused, so that rounding decides none. Deterministic.
"""
import os
import random
import struct
from math import exp, floor, inf, log, log2, sqrt

HERE = os.path.dirname(os.path.abspath(__file__))
rng = random.Random(20261123)
P6 = (.40, .25, .15, .10, .06, .04)
OP = dict(temperature=1, dynamic=7, bias=8, penalties=10, dry=11, values=13, quadratic=15, top_k=16, top_p=17, min_p=18,
          top_a=19, epsilon=20, eta=21, typical=22, tail_free=23, top_n_sigma=24, xtc=25, mirostat=26, mirostat_v1=27,
          score=32, sparsemax=40, inverse_gap=41, tsallis=42, no_repeat=6)
INTS = {"top_k": (0,), "penalties": (3,), "dry": (2, 3), "no_repeat": (0,)}
TIES, CENTRE = 1, 4
MARGIN = 2e-5


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def pattern(x):
    return "0x%08x" % struct.unpack("<I", struct.pack("<f", x))[0]


def softmax(x):
    top = max(x)
    w = [exp(v - top) if v > -inf else 0.0 for v in x]
    return [v / sum(w) for v in w]


def order(p, ids):
    return sorted(ids, key=lambda i: (-p[i], i))


class Close(Exception):
    """A decision that rounding could turn."""


def apart(a, b):
    if abs(a - b) <= MARGIN * max(abs(a), abs(b), 1e-30):
        raise Close()


class Law:
    """Logits, the ids still possible, and a temperature, as a stack of samplers changes them."""

    def __init__(self, x):
        self.x, self.kept, self.t = [float(v) for v in x], [i for i, v in enumerate(x) if v > -inf], 1.0
        self.g = None  # after a link

    def p(self):
        """The law of what is left; 0 outside."""
        if self.g:
            z = sum(self.g[i] for i in self.kept)
            return [self.g[i] / z if i in self.kept else 0.0 for i in range(len(self.x))]
        inside = set(self.kept)
        return softmax([v / self.t if i in inside else -inf for i, v in enumerate(self.x)])

    def entropy(self):
        return -sum(v * log(v) for v in self.p() if v > 0)

    def least(self, threshold):
        p = self.p()
        for i in self.kept:
            apart(p[i], threshold)
        kept = [i for i in self.kept if p[i] >= threshold]
        self.kept = kept or order(p, self.kept)[:1]

    # ---- keep rules ----
    def top_k(self, k, ties=False):
        p = self.p()
        ids = order(p, self.kept)
        if k > 0:
            self.kept = [i for i in self.kept if self.x[i] >= self.x[ids[min(k, len(ids)) - 1]]] if ties else ids[:k]

    def top_p_hf(self, share):
        """Ascending: drop while the sum stays at or below 1 - p; never the largest."""
        p, total, drop = self.p(), 0.0, []
        for i in reversed(order(p, self.kept)):
            total += p[i]
            apart(total, 1 - share)
            if total <= 1 - share:
                drop.append(i)
        self.kept = [i for i in self.kept if i not in drop] or order(p, self.kept)[:1]

    def top_p_llama(self, share):
        p, total, keep = self.p(), 0.0, []
        for i in order(p, self.kept):
            keep.append(i)
            total += p[i]
            apart(total, share)
            if total >= share:
                break
        self.kept = keep

    def min_p_hf(self, m):
        self.least(m * max(self.p()))

    def min_p_llama(self, m):
        top = max(self.x[i] for i in self.kept)
        self.kept = [i for i in self.kept if self.x[i] / self.t >= top / self.t + log(m)]

    def top_a(self, a):
        self.least(a * max(self.p()) ** 2)

    def epsilon(self, e):
        self.least(e)

    def eta(self, e):
        self.least(min(e, sqrt(e) * exp(-self.entropy())))

    def typical(self, share, llama):
        p, h, total, keep = self.p(), self.entropy(), 0.0, []
        away = {i: abs(-log(p[i]) - h) if p[i] > 0 else inf for i in self.kept}
        ids = sorted(self.kept, key=lambda i: (away[i], i))
        for a, b in zip(ids, ids[1:]):
            if self.x[a] != self.x[b]:
                apart(away[a], away[b])
        for i in ids:
            keep.append(i)
            total += p[i]
            apart(total, share)
            if total > share if llama else total >= share:
                break
        self.kept = keep

    def tail_free(self, z):
        p = self.p()
        ids = order(p, self.kept)
        if len(ids) < 3:
            return
        q = [p[i] for i in ids]
        first = [a - b for a, b in zip(q, q[1:])]
        second = [abs(a - b) for a, b in zip(first, first[1:])]
        if sum(second) == 0:
            return
        total, keep = 0.0, [ids[0]]
        for j in range(1, len(ids) - 1):
            total += second[j - 1] / sum(second)
            apart(total, z)
            if total <= z:
                keep.append(ids[j])
        self.kept = keep

    def top_n_sigma(self, n):
        values = [self.x[i] for i in self.kept]
        mean = sum(values) / len(values)
        sigma = sqrt(sum((v - mean) ** 2 for v in values) / len(values))
        for v in values:
            if v != max(values):
                apart(v - max(values), -n * sigma)
        self.kept = [i for i in self.kept if self.x[i] >= max(values) - n * sigma]

    def xtc(self, threshold):
        p = self.p()
        for i in self.kept:
            apart(p[i], threshold)
        above = [i for i in order(p, self.kept) if p[i] >= threshold]
        if len(above) >= 2:
            self.kept = [i for i in self.kept if i not in above[:-1]]

    def mirostat(self, mu):
        """v2: surprises above mu go."""
        p = self.p()
        for i in self.kept:
            apart(-log2(p[i]), mu)
        kept = [i for i in self.kept if -log2(p[i]) <= mu]
        self.kept = kept or order(p, self.kept)[:1]

    def mirostat_v1(self, mu):
        p = self.p()
        ids, n = order(p, self.kept), len(self.x)
        up = down = 0.0
        for i in range(min(100, len(ids)) - 1):
            t, b = log((i + 2) / (i + 1)), log(p[ids[i]] / p[ids[i + 1]])
            up, down = up + t * b, down + t * t
        s = up / down
        e = s - 1
        self.k = (e * 2 ** mu / (1 - n ** -e)) ** (1 / s)
        apart(self.k, round(self.k))
        self.kept = ids[:max(1, min(len(ids), floor(self.k)))]

    # ---- values ----
    def temperature(self, t):
        self.t *= t

    def dynamic(self, t, delta, power):
        if delta == 0 or len(self.kept) == 1:
            self.t *= t if delta == 0 else 1
            return
        low = max(0.0, t - delta)
        self.t *= low + (t + delta - low) * (self.entropy() / log(len(self.kept))) ** power

    def quadratic(self, f, curve):
        top, k, s = max(self.x[i] for i in self.kept), (3 - curve) / 2, (curve - 1) / 2
        self.x = [top - k * f * (v - top) ** 2 + s * f * (v - top) ** 3 for v in self.x]

    def score(self, a, b, at):
        self.x = [-a * (v - at - b) ** 2 for v in self.x]

    def bias(self, ids, values):
        for i, v in zip(ids, values):
            self.x[i] += v
            if v == -inf:
                self.kept.remove(i)

    def values(self, beta, ids, values, centre):
        finite = [v for v in values if v > -inf]
        mean = sum(finite) / len(finite) if centre else 0.0
        for i, v in zip(ids, values):
            self.x[i] += beta * (v - mean)
            if v == -inf:
                self.kept.remove(i)

    def penalties(self, r, f, s, outputs):
        for i in set(outputs):
            self.x[i] = self.x[i] / r if self.x[i] > 0 else self.x[i] * r
            self.x[i] -= f * outputs.count(i) + s

    def dry(self, mult, base, allowed, last_n, context, breakers=()):
        h = context if last_n < 0 else context[len(context) - last_n:] if last_n else []
        best = {}
        for i in range(len(h) - 1):
            m = 0
            while m <= i and h[i - m] == h[len(h) - 1 - m] and h[len(h) - 1 - m] not in breakers:
                m += 1
            best[h[i + 1]] = max(best.get(h[i + 1], 0), m)
        for t, m in best.items():
            if m >= allowed and t not in breakers:
                self.x[t] -= mult * base ** (m - allowed)

    def no_repeat(self, n, context):
        ban = {context[i + n - 1] for i in range(len(context) - n + 1)
               if context[i:i + n - 1] == context[len(context) - n + 1:]}
        self.kept = [i for i in self.kept if i not in ban]

    # ---- links ----
    def sparsemax(self):
        z = sorted(self.x, reverse=True)
        k = max(j for j in range(1, len(z) + 1) if 1 + j * z[j - 1] > sum(z[:j]))
        tau = (sum(z[:k]) - 1) / k
        self.g = [max(v - tau, 0.0) for v in self.x]
        self.kept = [i for i in self.kept if self.g[i] > 0]

    def inverse_gap(self, gamma, a):
        top = self.x.index(max(self.x))
        self.g = [1 / ((a or len(self.x)) + gamma * (max(self.x) - v)) for v in self.x]
        self.g[top] = 1 - sum(v for i, v in enumerate(self.g) if i != top)

    def tsallis(self, eta):
        low, high = 2.0, 1e6
        for _ in range(200):
            z = (low + high) / 2
            if sum(4 / (eta * (max(self.x) - v) + z) ** 2 for v in self.x) > 1:
                low = z
            else:
                high = z
        self.g = [4 / (eta * (max(self.x) - v) + low) ** 2 for v in self.x]


class File:
    def __init__(self):
        self.lines = ["# rules.txt - kept sets and laws of each rule, in double precision, as papers and stacks have them",
                      "# made by kat_rules.py; format: kat_read.h", ""]

    def law(self, about, x, steps, law, check=None, **more):
        """steps: (name, floats..., flags=) in urn's list; law: what is left."""
        p = law.p()
        if check is not None:
            found = [p[i] for i in sorted(law.kept)]
            assert len(found) == len(check) and all(abs(a - b) < 1e-7 for a, b in zip(found, check)), (about, found)
        ops, flags, params = [], [], []
        for name, *values in steps:
            flag = values.pop()["flags"] if values and isinstance(values[-1], dict) else 0
            values += [0] * (4 - len(values))
            ops.append(str(OP[name]))
            flags.append(str(flag))
            params += [str(v) if k in INTS.get(name, ()) else pattern(v) for k, v in enumerate(values)]
        inputs = {"x": ",".join(pattern(v) for v in x), "op": ",".join(ops), "flags": ",".join(flags), "param": ",".join(params)}
        for key, value in more.items():
            inputs[key] = ",".join(pattern(v) if key == "values" else str(v) for v in value)
        kept = sorted(law.kept)
        left = {"kept": ",".join(map(str, kept)), "law": ",".join(pattern(p[i]) for i in kept)}
        self.lines.append("law " + " ".join(f"{k}={v}" for k, v in inputs.items() if v != "") + " -> " +
                          " ".join(f"{k}={v}" for k, v in left.items()) + "  # " + about)


out = File()
X6 = [f32(log(v)) for v in P6]


def six(about, steps, run, check, x=X6, **more):
    law = Law(x)
    run(law)
    out.law(about, x, steps, law, check, **more)


third = (.5, .3125, .1875)
six("p6: top-k 3", [("top_k", 3)], lambda w: w.top_k(3), third)
six("p6: top-p .75 keeps 3", [("top_p", .75)], lambda w: w.top_p_llama(.75), third)
six("p6: min-p .3 keeps 3", [("min_p", .3)], lambda w: w.min_p_hf(.3), third)
six("p6: top-a .5, threshold .08, keeps 4", [("top_a", .5)], lambda w: w.top_a(.5), (4 / 9, 2.5 / 9, 1.5 / 9, 1 / 9))
six("p6: top-a 1, threshold .16, keeps 2", [("top_a", 1)], lambda w: w.top_a(1), (8 / 13, 5 / 13))
six("p6: epsilon .05 keeps 5", [("epsilon", .05)], lambda w: w.epsilon(.05), tuple(v / .96 for v in P6[:5]))
six("p6: eta .05, threshold .04863839, keeps 5", [("eta", .05)], lambda w: w.eta(.05), tuple(v / .96 for v in P6[:5]))
six("p6: eta .1, threshold .06878507, keeps 4", [("eta", .1)], lambda w: w.eta(.1), tuple(v / .9 for v in P6[:4]))
six("p6: eta .2, threshold .09727677, keeps 4", [("eta", .2)], lambda w: w.eta(.2), tuple(v / .9 for v in P6[:4]))
six("p6: epsilon .2 keeps 2", [("epsilon", .2)], lambda w: w.epsilon(.2), (8 / 13, 5 / 13))
six("p6: typical .2 keeps the second alone: the likeliest goes", [("typical", .2)], lambda w: w.typical(.2, 0), (1.0,))
six("p6: typical .5 keeps 3", [("typical", .5)], lambda w: w.typical(.5, 0), third)
six("p6: typical .85 keeps 4", [("typical", .85)], lambda w: w.typical(.85, 0), tuple(v / .9 for v in P6[:4]))
for z, n in ((.5, 2), (.8, 3), (.9, 4), (.95, 4)):
    six(f"p6: tail-free {z} keeps {n}", [("tail_free", z)], lambda w: w.tail_free(z),
        tuple(v / sum(P6[:n]) for v in P6[:n]))
for s, n in ((1, 2), (1.5, 3), (2, 4)):
    six(f"p6: top-n-sigma {s} keeps {n}", [("top_n_sigma", s)], lambda w: w.top_n_sigma(s),
        tuple(v / sum(P6[:n]) for v in P6[:n]))
    warm = [v ** .5 / sum(u ** .5 for u in P6[:n]) for v in P6[:n]]
    six(f"p6: top-n-sigma {s} after T = 2 keeps the same {n}", [("temperature", 2), ("top_n_sigma", s)],
        lambda w: (w.temperature(2), w.top_n_sigma(s)), warm)
six("p6: XTC .09 leaves the three least likely", [("xtc", 1, .09)], lambda w: w.xtc(.09), (.5, .3, .2))
six("p6: XTC .3 has one above: nothing", [("xtc", 1, .3)], lambda w: w.xtc(.3), P6)
six("p6: Mirostat 2, mu 3 bits, keeps 3", [("mirostat", 3)], lambda w: w.mirostat(3), third)
six("p6: Mirostat 1, mu 2, k = 2.2388 cut to 2", [("mirostat_v1", 2)], lambda w: w.mirostat_v1(2), (8 / 13, 5 / 13))
six("p6: Mirostat 1, mu 1, k = 1.1445 cut to 1", [("mirostat_v1", 1)], lambda w: w.mirostat_v1(1), (1.0,))
six("p6: Mirostat 1, mu 6, k = 32.78 held to 6", [("mirostat_v1", 6)], lambda w: w.mirostat_v1(6), P6)
six("p6: T = .5", [("temperature", .5)], lambda w: w.temperature(.5),
    (.61491161, .24019985, .08647194, .03843198, .01383551, .00614912), x=X6)
six("p6: T = 2", [("temperature", 2)], lambda w: w.temperature(2),
    (.27727960, .21920877, .16979839, .13863980, .10738993, .08768351))
six("p6: dynamic 1 +- .5, power 1: T = 1.35138440", [("dynamic", 1, .5, 1)], lambda w: w.dynamic(1, .5, 1),
    (.33598626, .23728836, .16259694, .12045034, .08253610, .06114200))
six("p6: dynamic 1 +- .5, power 2: T = 1.22485540", [("dynamic", 1, .5, 2)], lambda w: w.dynamic(1, .5, 2), None)
six("p6: quadratic 1, curve 1", [("quadratic", 1, 1)], lambda w: w.quadratic(1, 1),
    (.42326519, .33937154, .16173722, .06194128, .01157601, .00210876))
six("p6: quadratic .3, curve 1.5", [("quadratic", .3, 1.5)], lambda w: w.quadratic(f32(.3), 1.5),
    (.27670679, .26124751, .20762505, .14704460, .07377941, .03359664))
six("p6: T = 2 then min-p .3 keeps all", [("temperature", 2), ("min_p", .3)],
    lambda w: (w.temperature(2), w.min_p_hf(.3)), None)
six("p6: min-p .3 then T = 2 keeps 3", [("min_p", .3), ("temperature", 2)],
    lambda w: (w.min_p_hf(.3), w.temperature(2)), None)
four = (2.0, -1.0, 0.0, .5)
six("penalties: repetition 1.3 over counts (2, 1, 1, 0) gives (1.53846154, -1.3, 0, .5)", [("penalties", 1.3, 0, 0, 0)],
    lambda w: w.penalties(f32(1.3), 0, 0, [0, 1, 0, 2]), softmax([2 / 1.3, -1.3, 0, .5]), four, outputs=(0, 1, 0, 2))
six("penalties: frequency .1 and presence .2 too gives (1.13846154, -1.6, -.3, .5)", [("penalties", 1.3, .1, .2, 0)],
    lambda w: w.penalties(f32(1.3), f32(.1), f32(.2), [0, 1, 0, 2]), softmax([2 / 1.3 - .4, -1.6, -.3, .5]), four,
    outputs=(0, 1, 0, 2))
abc = {c: i for i, c in enumerate("abcy")}
six("DRY: abccbcyabc loses c 1.4 and y .8", [("dry", .8, 1.75, 2, -1)],
    lambda w: w.dry(f32(.8), 1.75, 2, -1, [abc[c] for c in "abccbcyabc"]), softmax([0, 0, -1.4, -.8]), (0.0,) * 4,
    outputs=[abc[c] for c in "abccbcyabc"])
six("no-repeat 3: after ab c is out", [("no_repeat", 3)], lambda w: w.no_repeat(3, [abc[c] for c in "abcyab"]),
    (1 / 3,) * 3, (0.0,) * 4, outputs=[abc[c] for c in "abcyab"])
X3 = [f32(log(v)) for v in (.5, .3, .2)]
six("values 0, 1, 2 at beta 1", [("values", 1)], lambda w: w.values(1, (0, 1, 2), (0, 1, 2), 0),
    (.17900002, .29194350, .52905648), X3, ids=(0, 1, 2), values=(0.0, 1.0, 2.0))
six("values of the two likeliest, centred", [("values", 1, {"flags": CENTRE})],
    lambda w: w.values(1, (0, 1), (0, 1), 1), (.30390910, .49566635, .20042456), X3, ids=(0, 1), values=(0.0, 1.0))
six("values of the two likeliest, not centred", [("values", 1)], lambda w: w.values(1, (0, 1), (0, 1), 0),
    (.32992748, .53810153, .13197099), X3, ids=(0, 1), values=(0.0, 1.0))
six("sparsemax of two near and one far: (.55, .45, 0)", [("sparsemax",)], lambda w: w.sparsemax(), (.55, .45),
    (f32(.1), 0.0, -2.0))
six("inverse gap 10 over gaps 0, 1, 2 of three: (.8795, .0769, .0435)", [("inverse_gap", 10, 0)],
    lambda w: w.inverse_gap(10, 0), (1 - 1 / 13 - 1 / 23, 1 / 13, 1 / 23), (1.0, 0.0, -1.0))
six("Tsallis of equals is uniform", [("tsallis", 1)], lambda w: w.tsallis(1), (.25,) * 4, (3.0,) * 4)
six("Tsallis 1 over gaps 0, 1, 3", [("tsallis", 1)], lambda w: w.tsallis(1), None, (3.0, 2.0, 0.0))


def stack(name, count, steps_of, x_of=lambda: [f32(rng.gauss(0, 2)) for _ in range(40)]):
    """Random rows through a stack's own algorithm; boundary cases are drawn again."""
    while count:
        x = x_of()
        steps, run, more = steps_of()
        law = Law(x)
        try:
            run(law)
        except Close:
            continue
        out.law(name, x, steps, law, **more)
        count -= 1


def one(rule, method, values, **flags):
    v = f32(rng.choice(values))
    return [(rule, v) + ((flags,) if flags else ())], lambda w: method(w, v), {}


def ties():
    return [f32(round(rng.gauss(0, 2) * 2) / 2) for _ in range(40)]


SHARES = (.1, .5, .7, .9, .95, .99)
stack("hf: top-k, ties stay", 6, lambda: (lambda k: ([("top_k", k, {"flags": TIES})], lambda w: w.top_k(k, True), {}))
      (rng.choice((1, 3, 8, 20, 50))), ties)
stack("llama: top-k, exactly k", 4, lambda: (lambda k: ([("top_k", k)], lambda w: w.top_k(k), {}))
      (rng.choice((1, 3, 8, 20, 50))))
stack("hf: top-p", 6, lambda: one("top_p", Law.top_p_hf, SHARES))
stack("llama: top-p", 6, lambda: one("top_p", Law.top_p_llama, SHARES))
stack("hf: min-p", 4, lambda: one("min_p", Law.min_p_hf, (.01, .05, .1, .3, .7)))
stack("llama: min-p", 4, lambda: one("min_p", Law.min_p_llama, (.01, .05, .1, .3, .7)))
stack("top-a", 4, lambda: one("top_a", Law.top_a, (.05, .2, .5, 1)))
stack("hf: epsilon", 4, lambda: one("epsilon", Law.epsilon, (3e-4, 9e-4, .01, .05, .6)))
stack("hf: eta", 4, lambda: one("eta", Law.eta, (3e-4, 2e-3, .01, .05, .6)))
stack("hf: typical", 6, lambda: one("typical", lambda w, v: w.typical(v, 0), SHARES))
stack("llama: typical", 4, lambda: one("typical", lambda w, v: w.typical(v, 1), SHARES))
stack("tail-free", 4, lambda: one("tail_free", Law.tail_free, (.3, .9, .95, .99)))
stack("llama: top-n-sigma", 4, lambda: one("top_n_sigma", Law.top_n_sigma, (.5, 1, 1.5, 2, 3)))
stack("llama: XTC at probability 1", 6, lambda: (lambda t: ([("xtc", 1, t)], lambda w: w.xtc(t), {}))
      (f32(rng.choice((.02, .05, .1, .3)))))
stack("llama: Mirostat 2", 4, lambda: one("mirostat", Law.mirostat, (.7, 2.1, 3.3, 5.2, 9.1)))
stack("llama: Mirostat 1", 4, lambda: one("mirostat_v1", Law.mirostat_v1, (.7, 2.1, 3.3, 5.2)))
stack("llama: dynamic temperature", 3, lambda: (lambda d, e: ([("dynamic", 1, d, e)], lambda w: w.dynamic(1, d, e), {}))
      (rng.choice((.25, .5, 2.0)), rng.choice((.5, 1.0, 2.0))))
stack("hf: temperature .75, top-k 20, top-p .9, min-p .05, typical .8", 4,
      lambda: ([("temperature", .75), ("top_k", 20, {"flags": TIES}), ("top_p", .9), ("min_p", .05), ("typical", .8)],
               lambda w: (w.temperature(.75), w.top_k(20, True), w.top_p_hf(f32(.9)), w.min_p_hf(f32(.05)),
                          w.typical(f32(.8), 0)), {}))
stack("llama: top-n-sigma 2, top-k 20, typical .9, top-p .9, min-p .05, temperature .75", 4,
      lambda: ([("top_n_sigma", 2), ("top_k", 20), ("typical", .9), ("top_p", .9), ("min_p", .05), ("temperature", .75)],
               lambda w: (w.top_n_sigma(2), w.top_k(20), w.typical(f32(.9), 1), w.top_p_llama(f32(.9)),
                          w.min_p_llama(f32(.05)), w.temperature(.75)), {}))


def text(n, alphabet):
    return [rng.randrange(alphabet) for _ in range(n)]


def with_dry():
    ids, mult, base, allowed = text(30, 4), .5, 1.5, rng.choice((1, 2, 3))
    return ([("dry", mult, base, allowed, -1)], lambda w: w.dry(mult, base, allowed, -1, ids), {"outputs": ids})


def with_penalties():
    ids, r, f, s = text(20, 9), 1.5, .25, .5
    return ([("penalties", r, f, s, 0)], lambda w: w.penalties(r, f, s, ids), {"outputs": ids})


stack("llama: DRY", 4, with_dry)
stack("hf: penalties", 4, with_penalties)
with open(os.path.join(HERE, "rules.txt"), "w") as file:
    file.write("\n".join(out.lines) + "\n")

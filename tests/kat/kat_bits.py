"""kat_bits.py - the bit contract in exact arithmetic, for kat_make.py: written from include/urn/bits.h alone.

Floats are held as Fractions (or the strings "inf", "-inf", "nan"); every operation is computed exactly and rounded
once, so nothing here depends on how this machine multiplies. f64 steps use Python floats, whose four operations round
once, and Fractions where an fma is asked for. Needs Python's standard library only.
"""
import struct
from fractions import Fraction as Q
from math import ceil, floor

F = 40
INF, MINF, NAN = "inf", "-inf", "nan"
NAN_BITS = 0x7FC00000
M32, M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


# ---- floats ----------------------------------------------------------------------------------------------------------
def decode(bits, exponent_bits, fraction_bits):
    """The value of an IEEE pattern."""
    sign = -1 if bits >> (exponent_bits + fraction_bits) & 1 else 1
    e = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    m = bits & ((1 << fraction_bits) - 1)
    bias = (1 << (exponent_bits - 1)) - 1
    if e == (1 << exponent_bits) - 1:
        return NAN if m else (INF if sign > 0 else MINF)
    if e == 0:
        return sign * Q(m) * Q(2) ** (1 - bias - fraction_bits)
    return sign * Q(m | 1 << fraction_bits) * Q(2) ** (e - bias - fraction_bits)


def f32(bits):
    return decode(bits, 8, 23)


def f16(bits):
    return decode(bits, 5, 10)


def bf16(bits):
    return decode(bits, 8, 7)


def log2_floor(x):
    """floor(log2 x) of a positive Fraction."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if Q(2) ** e <= x else e - 1


def round_to(x, fraction_bits, least, most):
    """Round an exact x to nearest even with `fraction_bits` after the leading bit; exponents in [least, most]."""
    if x == 0:
        return Q(0)
    e = max(log2_floor(abs(x)), least)
    unit = Q(2) ** (e - fraction_bits)
    n = x / unit
    low = floor(n)
    rest = n - low
    if rest > Q(1, 2) or (rest == Q(1, 2) and low & 1):
        low += 1
    x = low * unit
    if abs(x) >= Q(2) ** (most + 1):
        return INF if x > 0 else MINF
    return x


def r32(x):
    return round_to(x, 23, -126, 127)


def r64(x):
    return float(x) if x != 0 else 0.0


def bits32(x):
    """The pattern of a value that is an f32 exactly; zero is +0."""
    if x == INF:
        return 0x7F800000
    if x == MINF:
        return 0xFF800000
    if x == NAN:
        return NAN_BITS
    sign = 1 << 31 if x < 0 else 0
    x = abs(x)
    if x == 0:
        return 0
    e = max(log2_floor(x), -126)
    m = x / Q(2) ** (e - 23)
    assert m.denominator == 1 and m < 1 << 24
    m = int(m)
    return sign | (m if m < 1 << 23 else (e + 127) << 23 | (m - (1 << 23)))


def bits64(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def f32_of_f64(x):
    """Pattern of a Python float rounded to f32."""
    if x != x:
        return NAN_BITS
    if x == 0:
        return 0x80000000 if str(x)[0] == "-" else 0
    return bits32(r32(Q(x)))


def fma32(a, b, c):
    return r32(a * b + c)


def fma64(a, b, c):
    return r64(Q(a) * Q(b) + Q(c))


# ---- section 1 -------------------------------------------------------------------------------------------------------
def key(x):
    b = bits32(x)
    return b ^ 0x80000000 if b >> 31 == 0 else ~b & M32


# ---- section 2 -------------------------------------------------------------------------------------------------------
def constant(text):
    return Q(float.fromhex(text))


LOG2E = constant("0x1.715476p+0")
MAGIC = constant("0x1.8p+23")
E1, E2, E3, E4, E5 = (constant(t) for t in (
    "0x1.62e42ap-1", "0x1.ebf9c2p-3", "0x1.c6b6d8p-5", "0x1.3ce8acp-7", "0x1.5bda54p-10"))


def coefficient(T):
    """c = LOG2E / T; T == 0 is "inf" like an overflow."""
    return INF if T == 0 else r32(LOG2E / T)


def exp2_parts(x, M, c):
    """(d, n, v), or None where the weight is 0."""
    d = r32(x - M)
    if d == MINF:
        return None
    t = fma32(d, c, MAGIC)
    if t == MINF:
        return None
    n = r32(t - MAGIC)
    if not n >= -F:
        return None
    f = fma32(d, c, -n)
    v = E5
    for e in (E4, E3, E2, E1, Q(1)):
        v = fma32(v, f, e)
    return d, n, v


def weight(x, M, c):
    parts = exp2_parts(x, M, c)
    return 0 if parts is None else floor(parts[2] * Q(2) ** int(F + parts[1]))


def weight_entropy(x, M, c):
    parts = exp2_parts(x, M, c)
    if parts is None:
        return 0
    d, n, v = parts
    a = r32(-d * c)
    return floor(r32(v * a) * Q(2) ** int(F + n))


# ---- section 5 -------------------------------------------------------------------------------------------------------
def philox(key64, counter):
    c = list(counter)
    k = [key64 & M32, key64 >> 32]
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [b >> 32 ^ c[1] ^ k[0], b & M32, a >> 32 ^ c[3] ^ k[1], a & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def row_key(seed, label):
    w = philox(seed, (label & M32, label >> 32, 0, 0))
    return w[0] | w[1] << 32


# ---- section 6 -------------------------------------------------------------------------------------------------------
SQRT2 = float.fromhex("0x1.6a09e667f3bcdp+0")
LN2 = float.fromhex("0x1.62e42fefa39efp-1")
LOG2_C = [float.fromhex(t) for t in (
    "0x1.71547652b82fep+1", "0x1.ec709dc3a03fdp-1", "0x1.2776c50ef9bfep-1", "0x1.a61762a7aded9p-2",
    "0x1.484b13d7c02a9p-2", "0x1.0c9a84994022dp-2", "0x1.c68f568d31760p-3", "0x1.89f3b1694cffep-3",
    "0x1.5b9ac9b743f0dp-3")]


def log2(Z):
    e = Z.bit_length() - 1
    m = float(Z) * 2.0 ** -e
    if m > SQRT2:
        m, e = m * 0.5, e + 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    q = LOG2_C[8]
    for k in range(7, -1, -1):
        q = fma64(q, z, LOG2_C[k])
    return fma64(s, q, float(e))


def logprob(x, M, c, L):
    d = r32(x - M)
    if d == MINF:
        return 0xFF800000
    y = float(d) * float(c)
    return f32_of_f64((y - L) * LN2)


# ---- a row -----------------------------------------------------------------------------------------------------------
class Row:
    """One row of logits (values), a list of (op, value) steps with masks as sets of allowed ids, and its draws."""

    def __init__(self, x, steps, seed, label, position, draws):
        self.x, self.n = x, len(x)
        self.steps, self.position, self.draws = steps, position, draws
        self.key = row_key(seed, label)
        self.status = 0
        if any(v == NAN for v in x):
            self.status |= 1
        if any(v == INF for v in x):
            self.status |= 2
        if not self.status:
            self.order = sorted((i for i in range(self.n) if x[i] != MINF), key=lambda i: (-x[i], i))
            self.run()

    def open(self):
        if self.epoch:
            return
        if not self.K:
            self.status = 4
            return
        if self.T in (INF, NAN):
            self.status = 8
            return
        self.epoch = True
        self.M = max(self.x[i] for i in self.K)
        self.c = coefficient(self.T)
        self.greedy = self.c == INF
        if self.greedy:
            self.K = [self.K[0]]
            self.w = {self.K[0]: 1 << F}
        else:
            self.w = {i: weight(self.x[i], self.M, self.c) for i in self.K}
        self.opened = self.Z()

    def close(self):
        if self.epoch and not self.greedy:
            self.A += log2(self.Z()) - log2(self.opened)
        self.epoch = False

    def Z(self):
        return sum(self.w[i] for i in self.K)

    def step(self, op, value):
        if op == "temperature":
            if value != 1:
                self.close()
                self.T = INF if self.T == INF else r32(self.T * value)
            return
        if op == "mask":
            self.close()
            self.K = [i for i in self.K if i in value]
            return
        if (op == "top_k" and value <= 0) or (op == "top_p" and value == 1) or (op == "min_p" and value == 0):
            return
        self.open()
        if self.status or self.greedy:
            return
        if op == "top_k":
            self.K = self.K[:value]
        elif op == "top_p":
            need, total, kept = max(1, ceil(value * self.Z())), 0, []
            for i in self.K:
                kept.append(i)
                total += self.w[i]
                if total >= need:
                    break
            self.K = kept
        elif op == "min_p":
            least = ceil(value * (1 << F))
            self.K = [i for i in self.K if self.w[i] >= least]

    def run(self):
        """K is kept in the order of section 1."""
        self.K, self.T, self.epoch, self.greedy, self.A = list(self.order), Q(1), False, False, 0.0
        for op, value in self.steps:
            self.step(op, value)
            if self.status:
                return
        self.open()
        if self.status:
            return
        Z, ids = self.Z(), sorted(self.K)
        self.ids = []
        for j in range(self.draws):
            if self.greedy:
                self.ids.append(ids[0])
                continue
            w = philox(self.key, (0, j, self.position, 1))
            r = (w[0] | w[1] << 32) * Z >> 64
            total = 0
            for i in ids:
                total += self.w[i]
                if total > r:
                    break
            self.ids.append(i)
        self.L = log2(Z) - float(F)
        self.kept_count = len(ids)
        E = sum(weight_entropy(self.x[i], self.M, self.c) for i in ids) if not self.greedy else 0
        self.entropy = 0 if self.greedy else f32_of_f64((float(E) / float(Z) + self.L) * LN2)
        self.close()
        self.logmass = f32_of_f64(self.A * LN2)
        raw_M = self.x[self.order[0]]
        raw_L = log2(sum(weight(self.x[i], raw_M, LOG2E) for i in self.order)) - float(F)
        self.lse = f32_of_f64(fma64(raw_L, LN2, float(raw_M)))
        self.logprob = [0 if self.greedy else logprob(self.x[i], self.M, self.c, self.L) for i in self.ids]
        self.logprob_raw = [logprob(self.x[i], raw_M, LOG2E, raw_L) for i in self.ids]
        self.rank = [self.order.index(i) for i in self.ids]

    def outputs(self):
        nan = NAN_BITS
        if self.status:
            return dict(status=[self.status], ids=[-1] * self.draws, rank=[-1] * self.draws,
                        logprob=[nan] * self.draws, logprob_raw=[nan] * self.draws, lse=[nan], entropy=[nan],
                        kept_count=[0], kept_logmass=[nan])
        return dict(status=[0], ids=self.ids, rank=self.rank, logprob=self.logprob, logprob_raw=self.logprob_raw,
                    lse=[self.lse], entropy=[self.entropy], kept_count=[self.kept_count],
                    kept_logmass=[self.logmass])

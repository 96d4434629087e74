#!/usr/bin/env python3
"""kat_make.py - writes the known answers beside it: python3 tests/kat/kat_make.py

The answers come from kat_bits.py (exact arithmetic, independent of the library's C and CUDA), except Philox's first
three vectors, which are Random123's published ones. The format is described in kat_read.h. Deterministic: running it
again changes nothing unless bits.h changed, and then URN_BITS_VERSION changes too.
"""
import os
import random
from fractions import Fraction as Q
from math import ceil

from kat_bits import (F, INF, MINF, NAN, Row, bf16, bits32, bits64, coefficient, f16, f32, key, log2, philox, r32,
                      row_key, weight, weight_entropy)

HERE = os.path.dirname(os.path.abspath(__file__))
rng = random.Random(20261122)


def text(values, digits):
    return ",".join(str(v) if digits == 0 else f"0x{v:0{digits}x}" for v in values)


class File:
    def __init__(self, name, about):
        self.path = os.path.join(HERE, name)
        self.lines = [f"# {name} - {about}", "# made by kat_make.py; format: kat_read.h", ""]

    def case(self, name, inputs, outputs, path):
        def side(fields):
            return " ".join(f"{k}={v}" for k, v in fields.items())
        self.lines.append(f"{name} {side(inputs)} -> {side(outputs)}  # {path}")

    def write(self):
        with open(self.path, "w") as out:
            out.write("\n".join(self.lines) + "\n")


def make_philox():
    out = File("philox.txt", "Philox4x32-10 blocks, and the keys of rows")

    def block(key64, counter, words, path):
        assert philox(key64, counter) == words, path
        out.case("block", {"key": text([key64], 16), "counter": text(counter, 8)}, {"words": text(words, 8)}, path)

    block(0, [0] * 4, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8], "Random123 kat_vectors: zeros")
    block(0xFFFFFFFFFFFFFFFF, [0xFFFFFFFF] * 4, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
          "Random123 kat_vectors: ones")
    block(0x299F31D0A4093822, [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
          [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1], "Random123 kat_vectors: digits of pi")
    for bit in range(0, 64, 9):
        counter = [0] * 4
        block(1 << bit, counter, philox(1 << bit, counter), f"key bit {bit} alone")
    for bit in range(0, 128, 13):
        counter = [1 << (bit % 32) if w == bit // 32 else 0 for w in range(4)]
        block(0, counter, philox(0, counter), f"counter bit {bit} alone")
    for word in range(4):
        counter = [0xFFFFFFFF if w == word else 7 for w in range(4)]
        block(0x0123456789ABCDEF, counter, philox(0x0123456789ABCDEF, counter), f"word {word} about to carry")
    for i in range(16):
        k, counter = rng.getrandbits(64), [rng.getrandbits(32) for _ in range(4)]
        block(k, counter, philox(k, counter), "random")
    for seed, label, path in [(0, 0, "zeros"), (7, 0, "default label of row 0"), (7, 1, "default label of row 1"),
                              (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, "ones"), (1 << 63, 1 << 32, "high halves"),
                              (0x0123456789ABCDEF, 0xFEDCBA9876543210, "all words differ")]:
        out.case("row_key", {"seed": text([seed], 16), "label": text([label], 16)},
                 {"key": text([row_key(seed, label)], 16)}, path)
    out.write()


def make_convert():
    out = File("convert.txt", "f16 and bf16 patterns to f32 patterns (after + 0.0f), and the keys of values")

    def convert(name, kind, bits, path):
        x = kind(bits)
        out.case(name, {"bits": f"0x{bits:04x}"}, {"f32": f"0x{bits32(x):08x}", "key": f"0x{key(x):08x}"}, path)

    for bits, path in [(0x0000, "+0"), (0x8000, "-0 becomes +0"), (0x0001, "least subnormal"),
                       (0x03FF, "largest subnormal"),
                       (0x0400, "least normal"), (0x3C00, "1"), (0x3C01, "1 + ulp"), (0xBC00, "-1"), (0x7BFF, "65504"),
                       (0xFBFF, "-65504"), (0x7C00, "+inf"), (0xFC00, "-inf"), (0x8001, "least negative subnormal"),
                       (0x83FF, "largest negative subnormal"), (0x5008, "516 / 16")]:
        convert("f16", f16, bits, path)
    for bits, path in [(0x0000, "+0"), (0x8000, "-0 becomes +0"), (0x0001, "subnormal"), (0x007F, "largest subnormal"),
                       (0x0080, "least normal"), (0x3F80, "1"), (0xBF80, "-1"), (0x4401, "516"), (0x7F7F, "largest"),
                       (0xFF7F, "least"), (0x7F80, "+inf"), (0xFF80, "-inf")]:
        convert("bf16", bf16, bits, path)
    for bits, path in [(0x00000000, "+0"), (0x00000001, "least subnormal"), (0x80000001, "its negative"),
                       (0x3F800000, "1"), (0xBF800000, "-1"), (0x7F7FFFFF, "largest"), (0xFF7FFFFF, "least"),
                       (0x7F800000, "+inf"), (0xFF800000, "-inf"), (0x80000000, "-0 becomes +0")]:
        x = f32(bits)
        out.case("f32", {"bits": f"0x{bits:08x}"}, {"f32": f"0x{bits32(x):08x}", "key": f"0x{key(x):08x}"}, path)
    out.write()


def pattern(x):
    """f32 pattern of the f32 nearest to a number."""
    return bits32(r32(Q(x)))


def make_weights():
    out = File("weights.txt", "weights at chosen values: x, M, T -> c, w, and what the id adds to E")

    def case(x, M, T, path):
        x, M, T = (f32(b) for b in (x, M, T))
        c = coefficient(T)
        assert c != INF
        out.case("weight", {"x": f"0x{bits32(x):08x}", "M": f"0x{bits32(M):08x}", "T": f"0x{bits32(T):08x}"},
                 {"c": f"0x{bits32(c):08x}", "w": f"0x{weight(x, M, c):011x}",
                  "e": f"0x{weight_entropy(x, M, c):011x}"}, path)

    one = pattern(1)
    case(pattern(0), pattern(0), one, "the maximum weighs 2^F")
    case(pattern(-1), pattern(0), one, "1/e")
    case(pattern(516), pattern(516), pattern(1e-5), "maximum at an extreme scale")
    below = bits32(f32(pattern(516))) - 1
    case(below, pattern(516), pattern(1e-5), "one ulp below 516 at T = 1e-5: d * c = -8.8")
    case(pattern(516) - 4, pattern(516), pattern(1e-5), "four ulps below: n near -35")
    case(pattern(516) - 5, pattern(516), pattern(1e-5), "five ulps below: past the floor")
    case(pattern(65504), pattern(65504), pattern(1e-4), "f16's maximum")
    case(pattern(65472), pattern(65504), pattern(1e-4), "one f16 ulp below, T = 1e-4: nothing left")
    case(pattern(65504) - 1, pattern(65504), pattern(1e-4), "one f32 ulp below: nothing left")
    case(pattern(65504) - 1, pattern(65504), pattern(1e-3), "one f32 ulp below at T = 1e-3")
    case(pattern(-1e9), pattern(-1e9), one, "log-weights near -1e9: the maximum")
    case(pattern(-1e9) + 1, pattern(-1e9), one, "one ulp (64) below: nothing left")
    case(pattern(-1e9) + 1, pattern(-1e9), pattern(10), "one ulp below at T = 10")
    for T in (1e-5, 1.0, 1e9, 3e38):
        case(pattern(3e38), pattern(3e38), pattern(T), f"M = 3e38 with T = {T}")
        case(pattern(-3e38), pattern(3e38), pattern(T), "d overflows to -inf")
    case(pattern(1e38), pattern(3e38), pattern(3e38), "T = 3e38: c is subnormal, d * c is not small")
    case(pattern(0), pattern(3e38), pattern(1e38), "d = -3e38, T = 1e38")
    case(pattern(-100), pattern(100), pattern(3e38), "T = 3e38: everything weighs 2^F")
    case(0x00000001, 0x00000003, one, "subnormal logits")
    case(pattern(-1e-30), pattern(0), one, "g below 2^-F")
    case(pattern(-1e-6), pattern(0), one, "v rounds below 1")
    for n in (1, 2, 13, 38, 39, 40, 41):
        x = bits32(r32(-Q(n) / Q(1.4426950408889634)))
        for step in (-1, 0, 1):
            case(x + step, 0, one, f"d * c near -{n}")
    for n in (0.5, 1.5, 39.5, 40.5):
        x = bits32(r32(-Q(n) / Q(1.4426950408889634)))
        for step in (-2, -1, 0, 1, 2):
            case(x + step, 0, one, f"d * c near -{n}: which n")
    for _ in range(120):
        M = rng.uniform(-50, 50) * 10 ** rng.randint(-2, 2)
        T = 10 ** rng.uniform(-2, 2)
        case(pattern(M - T * rng.uniform(0, 30)), pattern(M), pattern(T), "random")
    out.write()


def make_log2():
    out = File("log2.txt", "log2 of integers as f64 patterns")
    values = [(1, "1"), (2, "a power of two"), (3, "m = 1.5 is above sqrt 2"), (5, "m = 1.25"), ((1 << 40), "2^F"),
              ((1 << 40) + 1, "just above 2^F"), ((1 << 40) - 1, "just below 2^F"), 
              ((1 << 53) + 1, "f64 rounds it, to even"),
              ((1 << 63) - 1, "rounds to 2^63: m = 2"), ((1 << 64) - 1, "rounds to 2^64: m = 2"), ((1 << 62), "2^62"),
              (0x16A09E667F3BCC, "sqrt 2 from below"), (0x16A09E667F3BCD, "sqrt 2 itself"),
              (0x16A09E667F3BCE, "and from above")]
    values += [(rng.getrandbits(rng.randint(1, 64)) | 1, "random") for _ in range(60)]
    for Z, path in values:
        out.case("log2", {"Z": f"0x{Z:x}"}, {"f64": f"0x{bits64(log2(Z)):016x}"}, path)
    out.write()


def make_need():
    out = File("need.txt", "ceil(p * Z), p * Z exact: need of top-p, threshold of min-p (Z = 2^F)")

    def case(p, Z, path):
        out.case("ceil", {"p": f"0x{p:08x}", "Z": f"0x{Z:x}"}, {"ceil": f"0x{ceil(f32(p) * Z):x}"}, path)

    one = pattern(1)
    for Z in (1, 2, 3, 1 << 40, (1 << 40) + 1, (1 << 57) + 12345, (1 << 63) - 1):
        case(0, Z, "p = 0")
        case(1, Z, "least subnormal p")
        case(0x00800000, Z, "least normal p")
        case(pattern(0.5), Z, "half")
        case(pattern(0.9), Z, "0.9")
        case(one - 1, Z, "just below 1")
        case(one, Z, "1")
    for m in (0.02, 0.05, 2 ** -40, 2 ** -41, 1e-20):
        case(pattern(m), 1 << F, "a min-p threshold")
    for _ in range(40):
        case(rng.randint(1, one), rng.getrandbits(rng.randint(1, 62)) + 1, "random")
    out.write()


OPS = {"temperature": 1, "mask": 2, "top_k": 16, "top_p": 17, "min_p": 18}
KINDS = {"f32": (f32, 8), "f16": (f16, 4), "bf16": (bf16, 4)}


def half_bits(x, kind):
    """Nearest pattern of a two-byte dtype, by search: slow and plain."""
    if x == MINF:
        return 0xFC00 if kind == "f16" else 0xFF80
    decoded, sign = KINDS[kind][0], 0x8000 if x < 0 else 0
    low, high = 0, 0x7BFF if kind == "f16" else 0x7F7F
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if decoded(middle) <= abs(x) else (low, middle)
    best = low if abs(x) - decoded(low) <= decoded(high) - abs(x) else high
    return sign | best


def as_bits(x, kind):
    if isinstance(x, int):
        return x
    if x == -float("inf"):
        return {"f32": 0xFF800000, "f16": 0xFC00, "bf16": 0xFF80}[kind]
    return pattern(x) if kind == "f32" else half_bits(Q(x), kind)


def make_rows():
    out = File("rows.txt", "whole rows: logits, a list of steps, seed, label, position -> every output of urn_sample")

    def case(path, x, steps=(), dtype="f32", seed=7, label=0, position=0, draws=3):
        decoded, digits = KINDS[dtype]
        bits = [as_bits(v, dtype) for v in x]
        n, words, exact, ops, values = len(bits), [], [], [], []
        for op, value in steps:
            ops.append(OPS[op])
            if op == "mask":
                assert not words, "one mask a row"
                words = [sum(1 << (i - w) for i in range(w, min(w + 32, n)) if i in value) for w in range(0, n, 32)]
                values.append(0)
                exact.append((op, value))
            elif op == "top_k":
                values.append(value & 0xFFFFFFFF)
                exact.append((op, value))
            else:
                b = value if isinstance(value, int) else pattern(value)
                values.append(b)
                exact.append((op, f32(b)))
        row = Row([decoded(b) for b in bits], exact, seed, label, position, draws)
        inputs = {"dtype": list(KINDS).index(dtype), "x": text(bits, digits)}
        if ops:
            inputs["op"], inputs["value"] = text(ops, 0), text(values, 8)
        if words:
            inputs["mask"] = text(words, 8)
        inputs.update(seed=seed, label=label, position=position, draws=draws)
        outputs = {k: text(v, 0 if k in ("ids", "rank", "status", "kept_count") else 8)
                   for k, v in row.outputs().items()}
        out.case("row", inputs, outputs, path)

    def normal(n, scale=1.0, shift=0.0):
        return [rng.gauss(shift, scale) for _ in range(n)]

    inf = float("inf")
    some = normal(33, 2.0)
    stack = [("temperature", 0.8), ("top_k", 20), ("top_p", 0.95), ("min_p", 0.02)]
    case("one id", [0.25])
    case("one id, greedy", [-3e38], [("temperature", 0.0)])
    case("no steps", some)
    for dtype in KINDS:
        case(f"common stack, {dtype}", normal(65, 3.0), stack, dtype, label=5, position=9)
    case("temperature only", some, [("temperature", 0.7)])
    case("two temperatures multiply in f32", some, [("temperature", 0.7), ("temperature", 1.3)])
    case("neutral steps do not exist", some,
         [("temperature", 1.0), ("top_k", -1), ("top_k", 0), ("top_p", 1.0), ("min_p", 0.0)])
    case("greedy takes the smaller id of equals", [1.0, 4.0, 2.0, 4.0], [("temperature", 0.0)])
    case("greedy by infinite c", [1.0, 4.0, 2.0, 3.9], [("temperature", 0x00000010)])
    case("greedy, then keep steps do nothing", some, [("temperature", 0.0), ("top_p", 0.5), ("min_p", 0.9)])
    case("greedy epoch, then T finite again", some, [("temperature", 0x00000010), ("top_k", 4), ("temperature", 1e30)])
    case("T = 3e38 flattens", some, [("temperature", 3e38)])
    case("-0 and +0 tie", [0x80000000, 0x00000000, 0x80000000], [("top_k", 2)])
    case("top-k equals go by smaller id", [1.0, 2.0, 1.0, 1.0, 2.0, 1.0], [("top_k", 3)], draws=8)
    case("top-k larger than the row", normal(7), [("top_k", 50)])
    case("top-k counts possible ids only", [1.0, -inf, 0.5, -inf, 0.25], [("top_k", 4)])
    case("top-k 1", some, [("top_k", 1)])
    case("top-p 0 keeps one", some, [("top_p", 0.0)])
    case("top-p cuts among equals", [0.0] * 10, [("top_p", 0.35)], draws=8)
    case("top-p just below 1", some, [("top_p", 0x3F7FFFFF)])
    case("min-p 1 keeps ties of the maximum", [2.0, 1.0, 2.0, 1.9999998], [("min_p", 1.0)])
    case("min-p least subnormal keeps weights of at least 1", [0.0, -20.0, -27.0, -28.0, -40.0, -inf], [("min_p", 1)])
    case("order of steps: min-p before temperature", some, [("min_p", 0.1), ("temperature", 0.5), ("top_p", 0.9)])
    case("order of steps: temperature before min-p", some, [("temperature", 0.5), ("min_p", 0.1), ("top_p", 0.9)])
    case("three epochs", some,
         [("top_k", 20), ("temperature", 0.5), ("top_p", 0.9), ("temperature", 3.0), ("min_p", 0.3)])
    case("top-p twice in one epoch", some, [("top_p", 0.9), ("top_p", 0.9)])
    odd = set(range(1, 70, 2))
    case("mask, 70 ids", normal(70), [("mask", odd)])
    case("mask between keep steps", normal(70), [("top_k", 30), ("mask", odd), ("top_p", 0.8)])
    case("mask after keep steps", normal(70), [("min_p", 0.05), ("mask", odd)])
    case("mask takes the maximum", [5.0, 1.0, 2.0, 3.0], [("top_p", 0.999), ("mask", {1, 2})])
    case("mask leaves nothing of what top-k kept", [5.0, 1.0, 2.0, 3.0], [("top_k", 1), ("mask", {1, 2})])
    case("mask leaves one", normal(40), [("mask", {33})])
    case("mask leaves nothing", normal(40), [("mask", set())])
    case("everything is -inf", [-inf] * 5)
    case("NaN", [1.0, 0x7FC00000, 2.0])
    case("negative NaN", [1.0, 0xFFC00001, 2.0])
    case("+inf", [1.0, 0x7F800000, 2.0])
    case("NaN and +inf", [0x7F800000, 0x7F800001, 2.0])
    case("a masked NaN counts", [1.0, 0x7FC00000, 2.0, 3.0], [("mask", {0, 2})])
    case("NaN, f16", [0x3C00, 0x7E00], dtype="f16")
    case("+inf, bf16", [0x3F80, 0x7F80], dtype="bf16")
    case("M = 516, T = 1e-5", [516.0, bits32(f32(pattern(516))) - 1, 515.0, 516.0], [("temperature", 1e-5)], draws=8)
    case("log-weights near -1e9", [pattern(-1e9) + i for i in range(6)], [("temperature", 30.0)], draws=8)
    case("M = 65504, T = 1e-4, f16", [0x7BFF, 0x7BFE, 0x7BFF, 0x0000], [("temperature", 1e-4)], "f16", draws=8)
    case("M = 3e38, T = 1", [3e38, -3e38, 2.9e38, 3e38], draws=8)
    case("M = 3e38, T = 3e38", [3e38, -3e38, 2.9e38, 0.0], [("temperature", 3e38)], draws=8)
    case("T overflows", some, [("temperature", 1e30), ("top_k", 5), ("temperature", 1e30)])
    case("T overflows and does not come back", some,
         [("temperature", 1e30), ("temperature", 1e30), ("temperature", 1e-30)])
    case("T underflows to 0: greedy", some, [("temperature", 1e-30), ("temperature", 1e-30)])
    case("subnormal logits", [1, 0x80000001, 0, 5])
    case("a tail below the floor has no weight and is never drawn", [0.0] + [-29.0] * 40, draws=8)
    case("large seed, label, position", some, stack, seed=0xFFFFFFFFFFFFFFFF,
         label=0x123456789ABCDEF0, position=0xFFFFFFFF)
    for n in (31, 32, 255, 256, 257):
        case(f"{n} ids: words and groups end here", normal(n, 2.0), [("top_p", 0.9)], "bf16", label=n, draws=2)
    case("1030 ids, five groups, common stack", normal(1030, 2.5), stack, "bf16", label=77, position=3, draws=4)
    case("1030 ids, no steps", normal(1030, 1.0), (), "f16", label=78, position=4, draws=4)
    case("1030 ids, min-p keeps few of several groups", normal(1030, 3.0), [("min_p", 0.05)], "bf16", label=79, draws=8)
    case("600 ids of eight values", [round(v * 2) / 2 for v in normal(600)], [("top_k", 100), ("top_p", 0.7)],
         "f16", draws=4)
    out.write()


make_philox()
make_convert()
make_weights()
make_log2()
make_need()
make_rows()

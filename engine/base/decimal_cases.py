#!/usr/bin/env python3
"""Prints decimal_cases.h: what decimal.h must answer, computed with Python's exact arithmetic and repr(float)."""

import math
import random
import re
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 2000
random.seed(20240611)
INT64_MAX = 2**63 - 1

TOKENS = """0 -0 0.0 -0.000e99999999999999999999 0e-400
1 -1 10 100000000000000000000 0.1 0.30 0.10000 1e0 1E+2 1e-2 12.50e1
5e-324 4.9e-324 5.0e-324 3e-324 2e-324 1e-323 2.2250738585072014e-308 2.2250738585072011e-308 2.225073858507201e-308
1.7976931348623157e308 1.7976931348623158e308 1.7976931348623159e308 1.8e308 1e308 1e309 -1e309 1e400 1e-400
1e99999999999999999999 1e-99999999999999999999 9007199254740991 9007199254740992 9007199254740993 9007199254740994
12345678901234567890 12345678901234567000 18446744073709551616 18446744073709552000 1e22 1e23 9.999999999999999e22 1e21
123456789012345 1234567890123456 0.1234567890123456 0.12345678901234567 0.123456789012345678
0.1000000000000000055511151231257827 0.30000000000000004 0.3000000000000000444 0.1000000000000000000000000000000
100000000000000000000000000000000e-32 0.10000000000000001 5.684341886080802e-14 5.684341886080801e-14
9.5367431640625e-07 2.98023223876953125e-8 2.9802322387695312e-8 2.9802322387695313e-8 1e290 1e291 1e-290 1e-291
123456789012345e276 123456789012345e-305 0.0000000000000000000000000000001 10000000000000000000000000000000000000000
10000000000000000000000000000000000000000e-40 0.00000000000000000000000000000000000000000000000000025e51
999999999999999 9999999999999998 99999999999999980 0.7 0.07 3.14159 2.718281828459045 2.7182818284590452
4.35 4.349999999999999 4.3500000000000005 1.0000000000000002 1.0000000000000001""".split()

# (mantissa, exponent) pairs.
COMPARE = [
    ((1, 0), (1, 0)), ((1, 0), (9, -1)), ((1, 308), (1, -324)), ((-1, 308), (1, -324)), ((0, 0), (-1, -324)),
    ((0, 0), (0, 0)), ((INT64_MAX, 0), (INT64_MAX, 0)), ((INT64_MAX, 0), (INT64_MAX - 1, 0)),
    ((-INT64_MAX - 1, 0), (-INT64_MAX, 0)), ((INT64_MAX, -18), (9, 0)), ((9, 0), (INT64_MAX, -18)),
    ((1, 18), (10**18 + 1, 0)), ((1, 32767), (1, -32768)), ((-1, 32767), (-1, -32768)), ((123, 1), (1231, 0)),
    ((10, 0), (1, 1)), ((3, -1), (30, -2))]
MULTIPLE = [
    ((3, -1), (0, 0), (1, -1)), ((35, -2), (0, 0), (1, -1)), ((25, -2), (5, -2), (1, -1)), ((1, 0), (0, 0), (3, -1)),
    ((9, -1), (0, 0), (3, -1)), ((-9, -1), (0, 0), (3, -1)), ((7, 0), (1, 0), (2, 0)), ((8, 0), (1, 0), (2, 0)),
    ((1, 308), (0, 0), (1, -324)), ((1, 308), (0, 0), (3, -324)), ((1, 308), (1, -324), (3, -324)),
    ((1, 308), (1, -324), (9, 0)), ((2, 308), (-1, -1), (3, -1)), ((1, 32767), (0, 0), (7, -32768)),
    ((1, 32767), (1, -32768), (3, -32768)), ((INT64_MAX, 0), (-INT64_MAX - 1, 0), (5, 0)),
    ((INT64_MAX, 0), (-INT64_MAX - 1, 0), (3, 0)), ((-INT64_MAX - 1, 0), (INT64_MAX, 0), (5, 0)),
    ((1, 0), (1, 0), (INT64_MAX, 300)), ((0, 0), (0, 0), (1, 0)), ((0, 0), (5, 0), (25, -1)), ((0, 0), (5, 0), (2, 0)),
    ((10, 0), (0, 0), (1, 1)), ((100, -1), (0, 0), (10, 0)), ((1, 1), (0, 0), (100, 0)), ((95, 0), (-5, 0), (1, 2)),
    ((INT64_MAX, 5), (0, 0), (INT64_MAX, 3)), ((INT64_MAX - 1, 5), (0, 0), (INT64_MAX, 3))]


def random_token():
    length = random.choice([1, 2, 5, 14, 15, 16, 17, 18, 20])
    digits = random.choice("123456789") + "".join(random.choice("0123456789") for _ in range(length - 1))
    tail = random.choice(["", f"e{random.randint(-340, 310)}", f"e{random.randint(-25, 25)}", ".0", ".50"])
    return random.choice(["", "", "-"]) + digits + tail


def expected(token):
    exact = Decimal(re.sub(r"9{10,}$", "9999", token) if "e" in token else token)
    sign, digits, exponent = exact.as_tuple()
    mantissa = int("".join(map(str, digits)))
    if mantissa == 0:
        return "ok", 0, 0
    while mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    nearest = float(token)
    if math.isinf(nearest):
        return "value_not_finite", 0, 0
    if nearest == 0 or Decimal(repr(nearest)) != exact:
        return "value_not_exact", 0, 0
    return "ok", -mantissa if sign else mantissa, exponent


def random_decimal():
    if random.random() < 0.1:
        return 0, 0
    mantissa = random.randint(1, random.choice([30, 10**6, 10**17, INT64_MAX]))
    exponent = random.choice([0, 0, -1, -2, 1, random.randint(-20, 20), random.randint(-340, 308)])
    return random.choice([mantissa, mantissa, -mantissa]), exponent


def neighbour(value):
    shift = random.randint(0, 2)
    mantissa = value[0] * 10**shift + random.choice([-1, 0, 1])
    return (mantissa, value[1] - shift) if abs(mantissa) <= INT64_MAX else value


def near_multiple():
    step = random.randint(1, 999), random.randint(-30, 30)
    base = random.randint(-10**6, 10**6), step[1] + random.randint(-2, 3)
    low = min(step[1], base[1])
    mantissa = base[0] * 10**(base[1] - low) + random.randint(-10**6, 10**6) * step[0] * 10**(step[1] - low)
    return (mantissa + random.choice([0, 0, 1]), low), base, step


def fraction(value):
    return Fraction(value[0]) * Fraction(10)**value[1]


def decimal(value):
    return "{%s, %d}" % ("INT64_MIN" if value[0] == -INT64_MAX - 1 else value[0], value[1])


def table(kind, members, rows):
    print("struct %s {\n%s\n};\ninline constexpr %s k%s[] = {" %
          (kind, "\n".join(f"  {member};" for member in members), kind, kind))
    print("\n".join("    {%s}," % row for row in rows))
    print("};\n")


def main():
    print('#pragma once\n\n#include <cstdint>\n\n#include "engine/base/decimal.h"\n\n'
          "/// Made by decimal_cases.py; for decimal_test.cc only.\n\nnamespace sluice::decimal_cases {\n")
    rows = []
    for token in TOKENS + [random_token() for _ in range(60)]:
        error, mantissa, exponent = expected(token)
        rows.append(f'"{token}", Errc::{error}, {decimal((mantissa, exponent))}')
    table("Parse", ["const char* token", "Errc error", "Decimal value"], rows)

    firsts = [random_decimal() for _ in range(50)]
    pairs = COMPARE + [(a, random.choice([neighbour(a), random_decimal()])) for a in firsts]
    table("Compare", ["Decimal a", "Decimal b", "int order"],
          ["%s, %s, %d" % (decimal(a), decimal(b), (fraction(a) > fraction(b)) - (fraction(a) < fraction(b)))
           for a, b in pairs])

    triples = MULTIPLE + [near_multiple() for _ in range(60)]
    for _ in range(25):
        step = random_decimal()
        triples.append((random_decimal(), random_decimal(), (abs(step[0]) or 1, step[1])))
    table("Multiple", ["Decimal value", "Decimal base", "Decimal step", "bool multiple"],
          ["%s, %s, %s, %s" % (decimal(v), decimal(b), decimal(s),
                               str(((fraction(v) - fraction(b)) / fraction(s)).denominator == 1).lower())
           for v, b, s in triples if abs(v[0]) <= INT64_MAX + 1 and v[0] <= INT64_MAX])
    print("}  // namespace sluice::decimal_cases")


main()

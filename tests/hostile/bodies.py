"""Compressed bodies that grow, at their limits and far beyond."""

import gzip
import os
import subprocess
import zlib

from talk import *

SIDE_BY_SIDE = False
MIB = 1 << 20
DECODED = 64 * MIB


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, capture_output=True, check=True).stdout


def compressible(size):
    """Whole blocks of 64 KiB; shrinks about thirty times, below the ratio that is refused."""
    return b"".join(os.urandom(2048) + b" " * 63488 for _ in range(size // 65536))


def attack_with(name):
    def attack(tally):
        with serve() as server:
            pack = gzip.compress if name == "gzip" else zstd

            def code(case, packed, wanted):
                answer = server.post("/v1/scores", packed, headers={"Content-Encoding": name})
                found = answer.json().get("code", answer.json().get("error"))
                found = found.get("code") if isinstance(found, dict) else found
                tally.check(case, wanted(answer.status_code, found), "%d %s" % (answer.status_code, answer.text[:120]))

            # What decodes is then no JSON: that it is called so shows that it was decoded.
            decoded = lambda status, found: status == 400 and found not in ("decompression_ratio", "decompression_failed")
            ratio = lambda status, found: found == "decompression_ratio"
            failed = lambda status, found: status == 400 and found == "decompression_failed"
            code("1 MiB whatever the ratio", pack(b" " * MIB), decoded)
            code("1 MiB and one at 1000:1", pack(b" " * (MIB + 1)), ratio)
            large = compressible(DECODED)
            code("64 MiB decoded", pack(large), decoded)
            code("64 MiB and one", pack(large + b" "), lambda status, found: status == 413)
            gibibyte = bomb(name)
            code("a bomb of 1 GiB", gibibyte, lambda status, found: status in (400, 413))
            code("a bomb of bombs", pack(gibibyte), lambda status, found: status == 400)
            packed = pack(score(fresh()))
            code("cut off", packed[:-1], failed)
            code("a byte behind", packed + b"x", failed)
            code("nothing", b"", lambda status, found: status == 400)
            code("no " + name, b"hello, this is plain", failed)
            if name == "gzip":
                code("1000 members", gzip.compress(b" ") * 1000, decoded)
                code("1001 members", gzip.compress(b" ") * 1001, failed)
            else:
                code("a window of 8 MiB", zstd(compressible(DECODED // 4), "--long=23"), decoded)
                code("a window of 16 MiB", zstd(compressible(DECODED // 4), "--long=24"), failed)
            twice = server.post("/v1/scores", pack(pack(score(fresh()))),
                                headers={"Content-Encoding": "%s, %s" % (name, name)})
            tally.equal("two codings", twice.status_code, 415)
            tally.check("the server lives", server.get("/livez").status_code == 200)
            tally.note("peak %.0f MiB resident" % (peak(server) / MIB))
    return attack


def bomb(name):
    if name == "zstd":
        return subprocess.run("head -c 1073741824 /dev/zero | zstd -q -c -1", shell=True, capture_output=True, check=True).stdout
    packer, parts = zlib.compressobj(9, zlib.DEFLATED, 31), []
    for _ in range(1024):
        parts.append(packer.compress(b"\0" * MIB))
    return b"".join(parts) + packer.flush()


def peak(server):
    with open("/proc/%d/status" % server.process.pid) as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


ATTACKS = (("gzip bombs and damaged gzip", attack_with("gzip")), ("zstd bombs and damaged zstd", attack_with("zstd")))

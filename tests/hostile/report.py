"""Runs groups of attacks and prints, for each, how many of its cases were answered as they must be."""

import concurrent.futures
import importlib
import os
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

GROUPS = ("framing", "limits", "bodies", "memory", "slow", "crowd", "secrecy", "tls", "stopping")


class Tally:
    """The cases of one line."""

    def __init__(self, title):
        self.title = title
        self.good = 0
        self.short = []
        self.notes = []

    def check(self, name, good, found=""):
        if good:
            self.good += 1
        else:
            self.short.append("%s%s" % (name, ": %s" % (found,) if found != "" else ""))
        return good

    def equal(self, name, found, wanted):
        return self.check(name, found == wanted, "%r and not %r" % (found, wanted))

    def memory(self, name, kib, found):
        """`found` bytes against a limit. With a sanitizer they are mostly its own: the line says that nothing was judged."""
        if os.environ.get("SANITIZED"):
            self.note("memory not judged with a sanitizer")
        else:
            self.check("%s %d KiB" % (name, kib), found <= kib * 1024, "%.1f KiB" % (found / 1024))

    def note(self, text):
        self.notes.append(text)

    def run(self, attack):
        try:
            attack(self)
        except Exception:  # A case that could not be played is a case that fell short.
            self.short.append(traceback.format_exc())
        if not self.good and not self.short:
            self.short.append("no case was played")

    def print(self, seconds):
        total = self.good + len(self.short)
        notes = "; ".join(["%.1f s" % seconds, *self.notes])
        print("%-62s %4d of %-4d (%s)" % (self.title, self.good, total, notes), flush=True)
        for text in self.short:
            print("    fell short: " + text, flush=True)


def play(title, attack):
    tally = Tally(title)
    began = time.monotonic()
    tally.run(attack)
    return tally, time.monotonic() - began


def main(names):
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        print("unknown group %s; there are: %s" % (", ".join(unknown), " ".join(GROUPS)), file=sys.stderr)
        return 64
    good = total = 0
    for name in names or GROUPS:
        module = importlib.import_module(name)
        # Attacks that mostly wait run side by side; those that crowd the machine one after another.
        with concurrent.futures.ThreadPoolExecutor(len(module.ATTACKS) if module.SIDE_BY_SIDE else 1) as pool:
            for done in [pool.submit(play, *attack) for attack in module.ATTACKS]:
                tally, seconds = done.result()
                tally.print(seconds)
                good += tally.good
                total += tally.good + len(tally.short)
    print("%-62s %4d of %d" % ("all", good, total))
    return 0 if good == total else 1


if __name__ == "__main__":
    threading.stack_size(1 << 20)
    sys.exit(main(sys.argv[1:]))

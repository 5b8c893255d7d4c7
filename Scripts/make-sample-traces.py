#!/usr/bin/env python3
"""Writes the invented traces of scenarios/traces/sample: small, synthetic, the same bytes every time.

usage: Scripts/make-sample-traces.py [FOLDER]

`planetlab/` has one file per VM with a CPU percentage per line and no times; `bitbrains/` has one CSV file per VM in
the layout of GWA-T-12. Both cover one day in steps of 5 minutes. Some files are plain steps, so that their means can be
checked by hand; the others carry noise from a generator of our own, and the faults that real files have.
"""

import pathlib
import sys

STEPS = 288  # of 5 minutes
START = 1_700_000_100  # seconds since 1970; any whole step will do


class Noise:
    """A linear congruential generator: the same numbers in every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound


def hour(step):
    return step * 5 / 60


def office(step):
    """60 % from 08:00 to 18:00, else 5 %: mean (10 · 60 + 14 · 5) / 24 = 27.917 %."""
    return 60 if 8 <= hour(step) < 18 else 5


def nightly(step):
    """90 % from 01:00 to 03:00, else 2 %: mean (2 · 90 + 22 · 2) / 24 = 9.333 %."""
    return 90 if 1 <= hour(step) < 3 else 2


def planetlab(folder):
    """Whole percents, one per line, no header: what CoMon's files look like."""
    folder.mkdir(parents=True, exist_ok=True)
    curves = {"invented_office": office, "invented_nightly": nightly}
    for number in range(6):
        noise = Noise(number)
        level = 5 + 10 * number
        curves[f"invented_noisy_{number}"] = lambda step, noise=noise, level=level: min(
            99, max(0, level + noise.below(21) - 10 + office(step) // 6))
    for name, curve in curves.items():
        (folder / name).write_text("".join(f"{curve(step)}\n" for step in range(STEPS)))


HEADER = (
    "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\tCPU usage [%];\t"
    "Memory capacity provisioned [KB];\tMemory usage [KB];\tDisk read throughput [KB/s];\t"
    "Disk write throughput [KB/s];\tNetwork received throughput [KB/s];\tNetwork transmitted throughput [KB/s]\n")


def row(step, cores, percent, memory_gib, active_percent):
    capacity = 2600 * cores
    memory = memory_gib * 1024 * 1024
    cells = [
        str(START + 300 * step), str(cores), f"{capacity:.6f}", f"{capacity * percent / 100:.6f}", f"{percent:.6f}",
        str(memory), str(memory * active_percent // 100), "0.0", "1.2", "0.1", "0.3"]
    return ";\t".join(cells) + "\n"


def bitbrains(folder):
    """Rows with the faults of the published files: repeats, gaps, a VM that is off, use above what is provisioned."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = Noise(100)

    # 1: plain steps, no faults.
    rows = [row(step, 2, office(step), 4, 20) for step in range(STEPS)]
    (folder / "1.csv").write_text(HEADER + "".join(rows))

    # 2: repeated rows, a gap from 06:00 to 07:00, and 110 % of its MHz from 12:00 to 12:30.
    rows = []
    for step in range(STEPS):
        if 6 <= hour(step) < 7:
            continue
        percent = 110 if 12 <= hour(step) < 12.5 else 20 + noise.below(30)
        rows.append(row(step, 4, percent, 8, 30 + noise.below(20)))
        if step % 100 == 50:
            rows.append(rows[-1])
    (folder / "2.csv").write_text(HEADER + "".join(rows))

    # 3: off before 09:00 (no cores, no MHz), then busy.
    rows = []
    for step in range(STEPS):
        if hour(step) < 9:
            rows.append(row(step, 0, 0, 0, 0))
        else:
            rows.append(row(step, 1, 50 + noise.below(40), 2, 60))
    (folder / "3.csv").write_text(HEADER + "".join(rows))

    # 4: ends at 20:00.
    rows = [row(step, 8, noise.below(12), 16, 10) for step in range(240)]
    (folder / "4.csv").write_text(HEADER + "".join(rows))


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "scenarios/traces/sample"
    planetlab(folder / "planetlab")
    bitbrains(folder / "bitbrains")
    print(f"wrote {folder}")


if __name__ == "__main__":
    main()

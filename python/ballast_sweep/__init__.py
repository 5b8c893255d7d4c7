"""Runs the units of a Ballast sweep on the workers of a Dask scheduler.

A unit is one call of `ballast sweep unit`, which writes a file of its own or nothing: it may be run twice, on any worker
that sees the scenario, the traces, the command and the directory of results under the same paths.
"""

import subprocess

__all__ = ["missing_units", "run_unit", "run_sweep", "UnitFailed"]


class UnitFailed(Exception):
    """A unit ended with an exit code that trying again will not change."""


def command(ballast, words, scenario, out, overrides):
    """The words of a command of `ballast sweep`."""
    sets = [word for override in overrides for word in ("--set", override)]
    return [ballast, "sweep", *words, scenario, "--out", out, *sets]


def missing_units(ballast, scenario, out, overrides=()):
    """The ids of units that are not there yet, in the order of the plan."""
    done = subprocess.run(
        [*command(ballast, ["plan"], scenario, out, overrides), "--ids"], capture_output=True, text=True)
    if done.returncode != 0:
        raise UnitFailed(done.stderr.strip() or f"ballast sweep plan ended with {done.returncode}")
    return done.stdout.split()


def run_unit(unit, ballast, scenario, out, overrides=()):
    """Runs one unit; on a worker. Returns its id."""
    done = subprocess.run(
        [*command(ballast, ["unit"], scenario, out, overrides), "--id", unit], capture_output=True, text=True)
    if done.returncode != 0:
        raise UnitFailed(f"unit {unit}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return unit


def run_sweep(client, ballast, scenario, out, overrides=(), progress=lambda done, count: None):
    """Runs what is missing on a client's workers; units of workers that die are run by others.

    At most some hundred units are handed out at a time, so that a sweep of a million fits the scheduler.
    """
    from distributed import as_completed

    waiting = iter(missing_units(ballast, scenario, out, overrides))
    known = 0

    def submit(unit):
        nonlocal known
        known += 1
        return client.submit(run_unit, unit, ballast, scenario, out, list(overrides), key=f"ballast-{unit}", pure=True)

    window = max(8 * sum(client.nthreads().values()), 64)
    first = [submit(unit) for _, unit in zip(range(window), waiting)]
    done = 0
    running = as_completed(first)
    for future in running:
        future.result()
        done += 1
        progress(done, known)
        for unit in waiting:
            running.add(submit(unit))
            break
    return done

"""Adds up test results in JUnit's form and prints `N passed, N failed, N skipped` as the last line.

usage: count_tests.py FAILED_RUNS FILE...

FAILED_RUNS is how many test runs ended with an error. When one did and no file names a failure (a crash, a build
that broke), it counts as a failed test. Exits with 1 on failures and when no test ran at all.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        for name in totals:
            totals[name] += int(suite.get(name, 0))
    failed = totals["failures"] + totals["errors"]
    return totals["tests"] - failed - totals["skipped"], failed, totals["skipped"]


def main():
    failed_runs = int(sys.argv[1])
    # A shell pattern that matched nothing comes as it is.
    counts = [count(path) for path in sys.argv[2:] if os.path.exists(path)]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    failed = max(failed, failed_runs)
    if passed + failed == 0:
        print("no test was run")
        failed = 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


main()

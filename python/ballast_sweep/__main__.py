"""python -m ballast_sweep SCENARIO --out DIR --scheduler ADDRESS [--ballast PATH]"""

import argparse
import os
import sys


def main():
    parser = argparse.ArgumentParser(prog="ballast-sweep", description=__doc__)
    parser.add_argument("scenario")
    parser.add_argument("--out", required=True, help="directory of the sweep, which all workers see")
    parser.add_argument("--scheduler", required=True, help="address, such as tcp://10.0.0.1:8786")
    parser.add_argument("--ballast", default="ballast", help="the command on the workers")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="as in ballast run")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args()
    try:
        from distributed import Client
    except ImportError:
        sys.exit("ballast-sweep: the package distributed is not installed; pip install distributed")
    from ballast_sweep import UnitFailed, run_sweep

    def progress(done, known):
        if not options.quiet and done % 10 == 0:
            print(f"{done} units done", file=sys.stderr, flush=True)

    try:
        with Client(options.scheduler, timeout=30) as client:
            run_sweep(
                client, options.ballast, os.path.abspath(options.scenario), os.path.abspath(options.out),
                options.set, progress)
    except UnitFailed as failure:
        sys.exit(f"ballast-sweep: {failure}")
    except OSError as failure:
        sys.exit(f"ballast-sweep: cannot reach {options.scheduler}: {failure}")


if __name__ == "__main__":
    main()

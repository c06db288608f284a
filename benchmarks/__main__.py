"""`python -m benchmarks [NAME …]`: every benchmark, or those named, one after another; exit code 1 if one missed."""

import subprocess
import sys

from benchmarks.ratios import ROOT

ALL = ("sync", "freshness", "pages", "bytes", "growth", "crowd")
"""The modules of this package that measure, in the order in which they run."""


def main() -> None:
    chosen = sys.argv[1:] or ALL
    if unknown := set(chosen) - set(ALL):
        sys.exit(f"No such benchmark: {', '.join(sorted(unknown))}. There are {', '.join(ALL)}.")
    argvs = [[sys.executable, "-m", f"benchmarks.{name}"] for name in chosen]
    codes = [subprocess.run(argv, cwd=ROOT, check=False).returncode for argv in argvs]
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()

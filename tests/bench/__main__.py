"""Runs the benchmarks of what documents cost, as ratios within one run: `python -m tests.bench`; exit 1 over a bound.

A ratio of two times of the same process compares across machines, a time does not.
"""

from __future__ import annotations

import sys

from tests.bench.documents import RATIOS


def main() -> int:
    """Print every ratio with its bound; return 1 when one is over."""
    over = 0
    for ratio in RATIOS:
        measured = ratio.measure()
        verdict = "ok" if measured <= ratio.bound else "OVER"
        over += measured > ratio.bound
        sys.stdout.write(f"{verdict:5}{measured:7.2f}  at most {ratio.bound:5.1f}  {ratio.words}\n")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())

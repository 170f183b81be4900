"""`python -m mlopsportal.sandbox --port N --data DIR`: the sandbox alone, without Django."""

from __future__ import annotations

import argparse
from pathlib import Path

from mlopsportal.sandbox.seed import SEEDS
from mlopsportal.sandbox.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description="A stand-in Azure ML workspace on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--data", type=Path, required=True, help="folder of the workspace's state")
    parser.add_argument("--time-scale", type=float, default=1.0, help="how much faster runs go than the wall clock")
    parser.add_argument("--seed", choices=SEEDS, default="demo")
    options = parser.parse_args()
    serve(port=options.port, data=options.data, time_scale=options.time_scale, seed_name=options.seed)


if __name__ == "__main__":
    main()

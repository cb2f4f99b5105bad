"""`make bench`: each figure is a ratio within one run, as times alone say little of another machine."""

import argparse
from importlib import import_module

PARTS = {
    "files": "bytes and latency of a .tflite file, against Keras' converter and model.predict",
    "ingest": "913,000 rows of CSV, against pandas and a plain Great Expectations checkpoint",
    "size": "ingest of 1, 10 and 91 million rows, and of a night's rows into a large table",
    "training": "windows a second, against plain Keras and PyTorch",
    "memory": "peak memory of preparing and training for 50, 500 and 5,000 series",
    "gate": "seconds to judge a candidate, and how often the gate is right by the holdout's length",
    "peers": "MAPE, seconds and bytes, against LightGBM, forecasts without a network and the noise floor",
    "accuracy": "every variant of the standard profile on the sales given",
    "article": "the published article's procedure in plain Keras, against a retrain (long; see the variables below)",
}
VARIABLES = (
    "",
    "SHELFCAST_BENCH_SALES         CSV of sales (Kaggle's columns) to measure forecasts on [default: made up]",
    "SHELFCAST_BENCH_ARTICLE_RUNS  measure only so many of the article's 3 runs, and scale [default: 3]",
)


def main() -> None:
    """Run the parts named, all by default."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["parts:", *(f"  {name:10} {what}" for name, what in PARTS.items()), *VARIABLES]),
    )
    parser.add_argument("part", nargs="*", help="what to measure [default: all]")
    names = parser.parse_args().part
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"parts are {', '.join(PARTS)}. Received: {', '.join(unknown)}")
    for name in names or PARTS:
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()

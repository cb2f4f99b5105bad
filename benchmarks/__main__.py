"""`make bench`: each figure is a ratio within one run, as times alone say little of another machine.

Accuracy is measured on the file named by `SHELFCAST_BENCH_SALES` (Kaggle's columns) where it is set.
"""

import os

from benchmarks import accuracy, files, ingest, size, training

if __name__ == "__main__":
    files.main()
    ingest.main()
    size.main()
    training.main()
    if sales := os.environ.get("SHELFCAST_BENCH_SALES"):
        accuracy.main(sales)
    else:
        print("\naccuracy: set SHELFCAST_BENCH_SALES to a CSV of sales to measure every variant on it")

"""Every variant of the standard profile on real sales, through the command line."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory


def main(sales: str) -> None:
    """Ingest a file into an empty home and print the comparison table of a standard retrain."""
    shelfcast = Path(sys.executable).with_name("shelfcast")
    with TemporaryDirectory() as home:
        for command in (["ingest", sales], ["retrain", "--profile", "standard"]):
            subprocess.run([shelfcast, *command, "--quiet", "--home", home], check=True)

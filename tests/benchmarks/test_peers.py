"""What the comparison with other forecasters reads from a retrain's log."""

from benchmarks.peers import seconds_of_training

LOG = """
12:00:01 | trained lstm-64: 1 run, 12.3 s
12:00:05 | compressed lstm-16-int8 from lstm-16: 1 run, 0.4 s
12:00:09 | trained lstm-4: 2 of 3 runs, 101.0 s
"""


def test_the_seconds_of_what_was_trained() -> None:
    assert seconds_of_training(LOG) == {"lstm-64": 12.3, "lstm-4": 101.0}

"""What a wave waits for, in words."""

import pytest

from tasks.forecasting.rollout.waves import Hold
from tasks.report.sentences.rollout import hold


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Hold("1", "rolled back", 3, 7), "canary store 1 was rolled back from it"),
        (Hold("1", "drifting", 7, 7), "canary store 1 drifts"),
        (Hold("1", "too few days", 3, 7), "canary store 1 was scored on 3 days, 7 are needed"),
    ],
)
def test_what_a_wave_waits_for(found: Hold, said: str) -> None:
    assert hold(found) == said

"""Every byte that stores would be sent is looked at before the ledger knows of a decision."""

import pytest

from tasks.promote.proof import require_deliverable
from tasks.state.ledger import Champion
from tasks.state.release import DamagedRelease
from tests.promote.channel import Shop


@pytest.mark.parametrize("name", ["manifest.json", "golden.json", "items.json", "lstm-16.tflite"])
def test_what_is_damaged_is_named_and_nothing_is_written(shop: Shop, name: str) -> None:
    home, older, newer = shop
    wanted = {"1": Champion(older, "lstm-16"), "2": Champion(newer, "lstm-16")}
    require_deliverable(home, wanted)
    (home.releases / newer / name).write_bytes(b"rubbish")
    with pytest.raises(DamagedRelease, match=f"{newer}/{name} is not"):
        require_deliverable(home, wanted)
    require_deliverable(home, {"1": wanted["1"]})
    assert not home.channel.exists()

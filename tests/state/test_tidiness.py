"""How long things stay: within limits, named in the error."""

import pytest
from pydantic import ValidationError

from tasks.state.tidiness import Tidiness


@pytest.mark.parametrize("name", list(Tidiness.model_fields))
@pytest.mark.parametrize("days", [0, 6, 10**30])
def test_absurd_numbers_of_days_are_refused(name: str, days: int) -> None:
    with pytest.raises(ValidationError, match=f"{name}\n.*should be (greater|less) than or equal to"):
        Tidiness(**{name: days})

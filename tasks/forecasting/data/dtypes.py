"""Types of arrays: numbers by their precision."""

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
"""What networks and their files compute in."""

Floats64 = NDArray[np.float64]
"""What errors and seasonal indices are summed in."""

Floats = NDArray[np.floating]
"""Either of them."""

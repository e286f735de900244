from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from physim.errors import PhysimError
from worlds.real_data.idx import read_idx

HEADER = bytes((0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4))


def test_axes_and_order_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "idx").write_bytes(HEADER + bytes(range(24)))
    read = read_idx(tmp_path / "idx", axes=3)
    assert read.dtype == np.uint8
    assert np.array_equal(read, np.arange(24).reshape(2, 3, 4))
    read[0, 0, 0] = 9  # torch.from_numpy wants arrays that can be written


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (b"", "is no idx file of unsigned bytes with 3 axes"),
        (HEADER[:10], "is no idx file"),
        (bytes((0, 0, 13)) + HEADER[3:] + bytes(24), "is no idx file of unsigned bytes"),
        (bytes((0, 0, 8, 1)) + HEADER[4:] + bytes(24), "is no idx file of unsigned bytes with 3 axes"),
        (HEADER + bytes(23), r"holds 23 bytes of data, but its shape \(2, 3, 4\) wants 24"),
        (HEADER + bytes(25), "holds 25 bytes of data"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, held: bytes, sentence: str) -> None:
    (tmp_path / "idx").write_bytes(held)
    with pytest.raises(PhysimError, match=f"idx {sentence}"):
        read_idx(tmp_path / "idx", axes=3)

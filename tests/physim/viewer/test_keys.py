from __future__ import annotations

import pygame
import pytest

from physim.viewer.keys import KEYS, key_of


def test_every_key_of_the_help_does_one_thing() -> None:
    codes = [code for key in KEYS for code in key.codes]
    written = [character for key in KEYS for character in key.written]
    assert len(set(codes)) == len(codes)
    assert len(set(written)) == len(written)
    for key in KEYS:
        assert not (key.codes or key.written) or (key.action is None) != (key.aimed is None)


@pytest.mark.parametrize(
    ("code", "written", "names"),
    [(pygame.K_n, "n", "N"), (0, "?", "H  ?"), (pygame.K_MINUS, "-", "-  down"), (pygame.K_b, "b", "["), (0, "B", "]")],
)
def test_keys_are_known_by_what_they_write_before_where_they_lie(code: int, written: str, names: str) -> None:
    assert key_of(code, written).names == names


def test_other_keys_do_nothing() -> None:
    assert key_of(pygame.K_F9, "") is None
    assert key_of(pygame.K_y, "y") is None

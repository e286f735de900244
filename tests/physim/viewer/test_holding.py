from __future__ import annotations

from physim.viewer.holding import Holding
from physim.walks import WORDS

EIGHT = {word: number for number, word in enumerate(WORDS)}


def test_what_is_held_is_done_again_and_again_until_it_is_released() -> None:
    holding = Holding(EIGHT)
    assert holding.decide() is None
    holding.press("forward")
    assert [holding.decide() for _ in range(3)] == [EIGHT["forward"]] * 3
    holding.release("forward")
    assert holding.decide() is None


def test_forward_and_a_turn_go_together_in_any_order() -> None:
    for first, second in (("forward", "turn_left"), ("turn_left", "forward")):
        holding = Holding(EIGHT)
        holding.press(first)
        holding.press(second)
        assert holding.decide() == EIGHT["forward_left"]
        holding.release("turn_left")
        assert holding.decide() == EIGHT["forward"]


def test_of_other_keys_the_last_one_wins() -> None:
    holding = Holding(EIGHT)
    holding.press("left")
    holding.press("backward")
    assert holding.decide() == EIGHT["backward"]
    holding.release("backward")
    assert holding.decide() == EIGHT["left"]


def test_a_tap_between_two_decisions_counts_once() -> None:
    holding = Holding(EIGHT)
    holding.press("turn_right")
    holding.release("turn_right")
    assert [holding.decide(), holding.decide()] == [EIGHT["turn_right"], None]


def test_words_without_an_action_are_passed_over() -> None:
    holding = Holding({"forward": 0, "turn_left": 1})
    holding.press("turn_left")
    holding.press("forward")
    assert holding.decide() == 0
    holding.press("right")
    assert holding.decide() == 0
    holding.forget()
    holding.press("right")
    assert holding.decide() is None

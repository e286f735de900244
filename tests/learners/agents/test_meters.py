from __future__ import annotations

from learners.agents.meters import Meters


def test_means_are_of_what_came_since_they_were_taken() -> None:
    meters = Meters()
    meters.add({"values": 1.0}, [3.0])
    meters.add({"values": 2.0, "pixel_control": 5.0}, [5.0])
    assert str(meters) == "score 4.00, values 2, pixel_control 5"
    assert meters.taken() == {"values": 1.5, "pixel_control": 5.0, "episodes": 2.0, "score": 4.0}
    assert meters.taken() == {"episodes": 0.0}
    assert str(meters) == "score 4.00, "  # of recent episodes, whenever they were


def test_what_is_not_taken_is_kept() -> None:
    meters, again = Meters(), Meters()
    meters.add({"values": 1.0}, [3.0])
    again.restore(meters.saved())
    assert (str(again), again.taken()) == (str(meters), meters.taken())

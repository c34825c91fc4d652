"""A model that calls and calls is stopped."""

from __future__ import annotations

from agent.tool_calls.budget import SAME_IN_A_CALL, SAME_IN_A_TURN, CallBudget, Limits


def test_the_same_call_is_stopped() -> None:
    """The same call with the same arguments goes through three times in a turn, and no more."""
    budget = CallBudget(Limits())
    refusals = [budget.refusal("time", "paris", "free") for _ in range(SAME_IN_A_TURN + 2)]
    assert [refusal is None for refusal in refusals] == [True] * SAME_IN_A_TURN + [False] * 2
    assert budget.refusal("time", "rome", "free") is None


def test_a_new_turn_is_a_new_start() -> None:
    """What was spent in one turn is there again in the next, up to the limit of the whole call."""
    budget = CallBudget(Limits(per_turn=100, per_call=1000))
    passed = 0
    for _ in range(2 * SAME_IN_A_CALL):
        budget.caller_spoke()
        passed += budget.refusal("time", "paris", "free") is None
    assert passed == SAME_IN_A_CALL


def test_dear_calls_weigh_more() -> None:
    """A turn holds twelve calls that cost nothing, six metered ones or three dear ones."""
    for cost, allowed in (("free", 12), ("metered", 6), ("dear", 3)):
        budget = CallBudget(Limits(per_turn=12))
        passed = [budget.refusal("look", str(n), cost) is None for n in range(20)]  # type: ignore[arg-type]
        assert passed.count(True) == allowed


def test_a_call_comes_to_an_end() -> None:
    """However many turns there are, the whole call has its limit."""
    budget = CallBudget(Limits(per_turn=10, per_call=25))
    passed = 0
    for turn in range(10):
        budget.caller_spoke()
        passed += sum(budget.refusal("look", f"{turn} {n}", "free") is None for n in range(10))
    assert passed == 25

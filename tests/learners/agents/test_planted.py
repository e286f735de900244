"""The bugs of public code that the papers' sheets list, planted into ours: each fails a test of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from learners.agents.actor import Actor
from learners.agents.graphs import _core
from learners.agents.learning import Learner
from learners.agents.losses import AcerPolicy, ImpliedValues
from learners.agents.losses.acer import _Targets
from learners.agents.losses.acer_continuous import AcerContinuousCritic, AcerContinuousPolicy, ratios
from learners.agents.losses.control import _Control
from learners.agents.losses.implied_values import implied_values
from learners.agents.methods import PGQ
from learners.agents.modules import StochasticDuelling
from learners.agents.off_policy import retrace, v_trace, within_region
from learners.agents.transports import Playing
from learners.agents.unrolls import begun
from physim.graph.average import Average
from tests.learners.agents import test_actor, test_graphs, test_learning, test_methods, test_off_policy, test_tabular
from tests.learners.agents.losses import test_acer, test_acer_continuous, test_control, test_implied_values
from tests.physim.graph import test_average


class Bug(NamedTuple):
    """Lines of a function, by what stands there instead, and a test that finds out."""

    function: Callable[..., Any]
    changes: dict[str, str]
    test: Callable[..., None]
    arguments: tuple[Any, ...] = ()


BUGS = {
    "the greediest action of the whole map": Bug(
        _Control.error, {"worths.detach().amax(2)": "worths.detach().amax((2, 3, 4), keepdim=True)[:, :, 0]"},
        test_control.test_pixel_control_learns_the_worth_of_what_was_done_in_every_cell,
    ),
    "returns go past the end of an episode": Bug(
        _Control.error, {"ends_of(ticks)": "ends_of(ticks)._replace(last=ticks['last'] & False)"},
        test_control.test_no_return_goes_past_the_end_of_an_episode,
    ),
    "nothing skips the first core": Bug(
        _core, {"CORE, cores[1], [features, first, *moved, *acted]": "CORE, cores[1], [first, *moved, *acted]"},
        test_graphs.test_the_cores_of_nav_a3c_hear_what_they_should,
    ),
    "the average network never moves": Bug(
        Average.update, {"torch._foreach_lerp_(": "_ = torch._foreach_lerp("},
        test_average.test_a_shadow_follows_its_graph_and_answers_by_itself,
    ),
    "the step is divided by the gradient's length": Bug(
        within_region, {"outwards.square()": "gradient.square()"},
        test_off_policy.test_steps_within_a_region_are_the_nearest_that_are, (0.3,),
    ),
    "the region is about the probability of what was done": Bug(
        AcerPolicy.step, {"outwards = policy - average": "outwards = (policy - average) * done"},
        test_acer.test_steps_stay_within_the_trust_region_on_the_whole_policy, ("logits",),
    ),
    "the policy that acted is found again when replayed": Bug(
        _Targets.__init__, {"ticks[BEHAVIOUR].exp()": "self.policy"},
        test_acer.test_the_policy_follows_its_equation_in_both_coordinates, (10.0,),
    ),
    "what is impossible is divided by": Bug(
        AcerPolicy.step, {"weights / policy.clamp(min=SMALL)": "weights / policy"},
        test_acer.test_what_is_impossible_breaks_nothing, ("probabilities",),
    ),
    "traces are truncated at ten": Bug(
        _Targets.__init__, {"self.ratio.clamp(max=1)": "self.ratio.clamp(max=10)"},
        test_acer.test_the_critic_fits_what_was_done_to_retrace,
    ),
    "a time limit is an end": Bug(
        retrace, {"masked_fill(ends.terminated, 0.0)": "masked_fill(ends.last, 0.0)"},
        test_off_policy.test_retrace_is_its_definition, (True,),
    ),
    "returns run on across an end": Bug(
        retrace, {"traces = traces.masked_fill(ends.last, 0.0)": "traces = traces"},
        test_off_policy.test_retrace_is_its_definition, (True,),
    ),
    "the bias is not corrected": Bug(
        AcerPolicy.step, {"taken + policy * beyond * (worths - value)": "taken"},
        test_acer.test_the_policy_follows_its_equation_in_both_coordinates, (0.5,),
    ),
    "traces of numbers are those of choices": Bug(
        AcerContinuousCritic.error, {"ratio.pow(1 / ticks[ACTION].shape[-1])": "ratio"},
        test_acer_continuous.test_the_critic_fits_retrace_and_v_its_corrected_target,
    ),
    "numbers are judged by Retrace, not by the opportunistic trace": Bug(
        AcerContinuousPolicy.step,
        {"torch.ones_like(ticks[REWARD])": "ratios(values[0], ticks, ticks[ACTION]).clamp(max=1)"},
        test_acer_continuous.test_the_policy_follows_its_equation_within_its_region, (5.0,),
    ),
    "duelling without its mean": Bug(
        StochasticDuelling.forward, {" - advantage[:, 2:].mean(1, keepdim=True)": ""},
        test_acer_continuous.test_stochastic_duelling_has_the_mean_that_the_value_says,
    ),
    "a squared error is differentiated": Bug(
        ImpliedValues.error,
        {"self.temperature).detach()": "self.temperature)",
         "-(target - done) * (logs + self.values * now)": "(target - done).square() / 2"},
        test_implied_values.test_an_update_is_the_papers_and_not_scaled_by_the_temperature,
    ),
    "implied values without the entropy": Bug(
        implied_values, {"logs.clamp(min=SELDOM) + entropy(logs)[..., None]": "logs.clamp(min=SELDOM)"},
        test_implied_values.test_the_values_implied_have_the_mean_that_the_critic_says,
    ),
    "what is next to never done has worths without end": Bug(
        implied_values, {"logs.clamp(min=SELDOM)": "logs"},
        test_implied_values.test_worths_of_what_is_next_to_never_done_have_an_end,
    ),
    "another temperature than the entropy's weight": Bug(
        PGQ.losses, {"ImpliedValues(net, self.entropy,": "ImpliedValues(net, 0.1,"},
        test_methods.test_pgq_lies_between_a3c_and_q_learning,
    ),
    "a time limit is taken for an end": Bug(
        ImpliedValues.error, {"ticks[TERMINATED]": "ticks['last']"},
        test_implied_values.test_an_update_is_the_papers_and_not_scaled_by_the_temperature,
    ),
    "returns of what is replayed": Bug(
        PGQ.losses, {"rest * self.values, self.discount)": "rest * self.values, self.discount, stream='replayed')"},
        test_methods.test_pgq_lies_between_a3c_and_q_learning,
    ),
    "another share than the paper's": Bug(
        PGQ.losses, {"self.share, self.discount, self.values": "1 - self.share, self.discount, self.values"},
        test_tabular.test_at_pgqs_fixed_point_the_losses_move_nothing, (0.25,),
    ),
    "the best action is the policy's mean": Bug(
        ImpliedValues.error, {"implied.amax(-1)": "(logs.exp() * implied).sum(-1).detach()"},
        test_tabular.test_at_pgqs_fixed_point_the_losses_move_nothing, (0.5,),
    ),
    "every action's bias is corrected by the ratio of the one that was done": Bug(
        AcerPolicy.step, {"self.truncation / ratio.clamp": "self.truncation / (ratio * done).sum(-1, True).clamp"},
        test_off_policy.test_truncation_with_its_bias_corrected_is_a_contraction_to_the_policys_values, (0,),
    ),
    "the correction is not weighted by the policy": Bug(
        AcerPolicy.step, {"policy * beyond * (worths - value)": "beyond * (worths - value)"},
        test_off_policy.test_truncation_with_its_bias_corrected_is_a_contraction_to_the_policys_values, (0,),
    ),
    "a trace is that of the tick before": Bug(
        retrace, {"traces[:, :-1].unbind": "traces.roll(1, 1)[:, :-1].unbind"},
        test_off_policy.test_retrace_is_its_operator_in_expectation_over_all_that_can_happen, (0,),
    ),
    "the region drives away from the average policy, by logits": Bug(
        AcerPolicy.step, {"outwards = policy - average": "outwards = average - policy"},
        test_acer.test_steps_stay_within_the_trust_region_on_the_whole_policy, ("logits",),
    ),
    "the region drives away from the average policy, by probabilities": Bug(
        AcerPolicy.step, {"outwards = -average": "outwards = average"},
        test_acer.test_steps_stay_within_the_trust_region_on_the_whole_policy, ("probabilities",),
    ),
    "the region drives away from the average means": Bug(
        AcerContinuousPolicy.step,
        {"(means - ticks[AVERAGE_POLICY][:, :-1])": "(ticks[AVERAGE_POLICY][:, :-1] - means)"},
        test_acer_continuous.test_the_policy_follows_its_equation_within_its_region, (5.0,),
    ),
    "the region is about the probability of what was done, by probabilities": Bug(
        AcerPolicy.step, {"outwards = -average": "outwards = -average * done"},
        test_acer.test_steps_stay_within_the_trust_region_on_the_whole_policy, ("probabilities",),
    ),
    "targets are variables": Bug(
        _Targets.__init__, {"(value.detach() for value in values)": "values"},
        test_acer.test_the_critic_fits_what_was_done_to_retrace,
    ),
    "a time limit is an end for V-trace": Bug(
        v_trace, {"masked_fill(ends.terminated, 0.0)": "masked_fill(ends.last, 0.0)"},
        test_off_policy.test_v_trace_is_its_definition,
    ),
    "the means that acted are found again when replayed": Bug(
        ratios, {"(ticks[BEHAVIOUR], means)": "(means, means)"},
        test_acer_continuous.test_ratios_are_those_of_densities,
    ),
    "values of numbers are not corrected": Bug(
        AcerContinuousCritic.error, {"ratio[:, :-1].clamp(max=1) * surprise": "surprise"},
        test_acer_continuous.test_the_critic_fits_retrace_and_v_its_corrected_target,
    ),
    "values of numbers are corrected without bounds": Bug(
        AcerContinuousCritic.error, {"ratio[:, :-1].clamp(max=1) * surprise": "ratio[:, :-1] * surprise"},
        test_acer_continuous.test_the_critic_fits_retrace_and_v_its_corrected_target,
    ),
    "the action that is compared is averaged, too": Bug(
        StochasticDuelling.forward, {"advantage[:, 2:].mean": "advantage[:, 1:].mean"},
        test_acer_continuous.test_worths_are_those_of_the_equation_over_five_that_are_tried_beside_the_compared_one,
    ),
    "worths draw the policy's means": Bug(
        StochasticDuelling.forward, {"means.detach()": "means"},
        test_acer_continuous.test_no_gradient_of_a_worth_reaches_the_policys_means,
    ),
    "the average network is bound anew, not moved": Bug(
        Average.update, {"torch._foreach_lerp_(": "self._old = torch._foreach_lerp("},
        test_learning.test_an_update_moves_the_average_part_of_the_way_to_the_weights,
    ),
    "the average network is the network": Bug(
        Average.update, {"1 - self.decay": "1.0"},
        test_learning.test_an_update_moves_the_average_part_of_the_way_to_the_weights,
    ),
    "a learner forgets the average network": Bug(
        Learner._step, {"self.average.update()": "pass"},
        test_learning.test_an_update_moves_the_average_part_of_the_way_to_the_weights,
    ),
    "the average policy is the present one": Bug(
        Learner._near, {"port = self.average.shadow[POLICY]": "port = self.graph[POLICY]",
                        "values_on(self.average.shadow,": "values_on(self.graph,"},
        test_learning.test_losses_are_told_the_average_policy_not_the_present_one,
    ),
    "the same actions are tried at every update": Bug(
        Learner._losses, {"generator=self.random": "generator=torch.Generator()"},
        test_learning.test_actions_are_tried_by_other_chances_at_every_update,
    ),
    "only fresh rewards are scaled": Bug(
        Learner._losses, {"self.settings.reward_scale *": "(self.settings.reward_scale if stream == 'fresh' else 1) *"},
        test_learning.test_rewards_are_scaled_once_on_every_stream, (2.0,),
    ),
    "rewards are scaled again at every repeat": Bug(
        Learner._losses, {"self.settings.reward_scale * ticks[name]": "ticks[name].mul_(self.settings.reward_scale)"},
        test_learning.test_rewards_are_scaled_once_on_every_stream, (None,),
    ),
    "an agent reads scaled rewards when it learns": Bug(
        Learner._losses, {"with mixed(": "ticks[REWARD] = self.settings.reward_scale * ticks[REWARD]\n    with mixed("},
        test_learning.test_an_agent_reads_rewards_as_they_came_whatever_their_scale_for_losses,
    ),
    "updates from replay are as many as their mean": Bug(
        Learner.update, {"int(torch.poisson(torch.tensor(float(self.settings.ratio)), generator=self.random))":
                         "round(self.settings.ratio)"},
        test_learning.test_updates_from_replay_are_so_many_by_poissons_distribution,
    ),
    "what acted is found again by a learner": Bug(
        Learner._losses,
        {"return {loss.name": "ticks[BEHAVIOUR] = next(iter(values.values())).detach()\n"
                              "    return {loss.name"},
        test_learning.test_who_acted_is_remembered_not_found_again, (True,),
    ),
    "numbers are told as they were cut off": Bug(
        Actor._decide, {"ACTION: choice.cpu()": "ACTION: choice.clamp(-1, 1).cpu()"},
        test_actor.test_numbers_are_told_as_they_were_drawn_and_with_the_means_they_were_drawn_about, ((),),
    ),
    "numbers are told in place of their means": Bug(
        Actor._decide, {"BEHAVIOUR: policy.cpu()": "BEHAVIOUR: choice.cpu()"},
        test_actor.test_numbers_are_told_as_they_were_drawn_and_with_the_means_they_were_drawn_about, ((),),
    ),
    "logits are told in place of log-probabilities": Bug(
        Actor._decide, {"policy.log_softmax(-1)": "policy"},
        test_actor.test_what_was_decided_by_stays_when_the_weights_move, ("CartPole-v1",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_what_public_code_does_wrong_fails_a_test(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    bug.test(*bug.arguments)
    plant(bug.function, bug.changes, monkeypatch)
    with pytest.raises(AssertionError):
        bug.test(*bug.arguments)


def test_replay_from_a_memory_of_nothing_fails_a_test(
    playing: Callable[..., Playing], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(begun, {"nested(told) if told else None": "None"}, monkeypatch)
    with pytest.raises(AssertionError):
        test_actor.test_memories_that_are_told_are_those_of_every_tick(playing)


def plant(function: Callable[..., Any], changes: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a function do what its changed lines say, wherever it is known."""
    function = inspect.unwrap(function)
    lines = dedent(inspect.getsource(function)).splitlines()
    source = "\n".join(["from __future__ import annotations", *(line for line in lines if line[0:1] != "@")])
    for old, new in changes.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    exec(source, function.__globals__, made)
    monkeypatch.setattr(function, "__code__", made[function.__name__].__code__)

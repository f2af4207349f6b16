"""``algzoo-exact ablate`` and ``importance``: what a model scores without its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError, one_of

if TYPE_CHECKING:
    from algzoo_exact.analysis.ablation import Frozen, Sort

SORTS: tuple[Sort, ...] = ("neurons", "steps", "weights", "heads")
STATES = ("off", "on")


@o.options
class Cut:
    frozen: str = o.option(
        "off", "STATE", "A neuron is set to 0 ([bold]off[/bold]), or passes z as it is "
        "([bold]on[/bold]).",
    )  # fmt: skip

    @property
    def state(self) -> Frozen:
        if self.frozen not in STATES:
            raise InputError(f"--frozen is off or on, not {self.frozen!r}.")
        return "on" if self.frozen == "on" else "off"


@o.options
class Part:
    part: str = o.argument(
        o.REQUIRED, "PART", "A neuron, as 3 (at all steps) or 1,3 (at step 1); a weight, as "
        "W_hh[1][2]; a transformer's layer,head; or several, joined by +.",
    )  # fmt: skip


@o.options
class Parts(o.Lasting):
    parts: str = o.option(
        "", "SORT", "[bold]neurons[/bold] (at all steps at once), [bold]steps[/bold] (neurons, one "
        "step each), [bold]weights[/bold] or [bold]heads[/bold]; by default neurons and steps, or "
        "heads.",
    )  # fmt: skip
    pairs: bool = o.flag("--pairs", "Without each two parts at once.")
    top: int = o.option(30, "N", "How many parts to print; --json has all.", min=1)

    @property
    def sorts(self) -> tuple[Sort, ...]:
        if not self.parts:
            return ("neurons", "steps", "heads")
        return (one_of("sort of parts", self.parts, SORTS),)


def ablate(subject: o.AnySubject, part: Part, rules: o.Rules, cut: Cut, limit: o.TimeLimit) -> Said:
    """Score a model exactly without one of its parts.

    A part is a neuron, a weight or an attention head. The drop is how much lower the accuracy is,
    or how much larger the mean squared error of a median model.

    Examples:
    algzoo-exact ablate 2nd_argmax_4_3 3
    algzoo-exact ablate 2nd_argmax_4_3 1,3 --frozen on
    algzoo-exact ablate 2nd_argmax_4_3 "W_hh[1][2]" --json
    algzoo-exact ablate longest_cycle_4_4 0,0
    """
    from algzoo_exact.present.documents.importance import importance_document

    loaded = subject.loaded()
    task = rules.task_of(loaded)
    with progress_bar("ablating"):
        found = az.ablate(
            loaded,
            part.part,
            task,
            frozen=cut.state,
            ties=rules.rule,
            time_limit=limit.deadline.timeout,
        )
        whole = az.Importance(found.before, (found,))
    return Timed(importance_document(loaded, whole, cut.state, 1))


def importance(
    subject: o.AnySubject, rules: o.Rules, parts: Parts, cut: Cut, limit: o.TimeLimit
) -> Said:
    """Rank the parts of a model by what its exact score loses without each.

    Neurons are taken out at all steps, and at each step; or weights, or a transformer's heads.

    Examples:
    algzoo-exact importance 2nd_argmax_4_3
    algzoo-exact importance 2nd_argmax_4_3 --parts steps --pairs
    algzoo-exact importance 2nd_argmax_8_5 --parts weights --top 30
    """
    from algzoo_exact.present.documents.importance import importance_document

    loaded = subject.loaded()
    task = rules.task_of(loaded)
    with parts.running("importance", limit.deadline) as running:
        found = az.importance(
            loaded, task, sorts=parts.sorts, pairs=parts.pairs, frozen=cut.state,
            ties=rules.rule, **running,
        )  # fmt: skip
    return Timed(importance_document(loaded, found, cut.state, parts.top))

"""What the commands about explanations share: options, the file, the model."""

from __future__ import annotations

from typing import Any

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError

EXIT_CODES = {"proved": 0, "refuted": 1, "unknown": 3}


def shown_story() -> Any:
    """A field for an explanation that is verified and shown."""
    return o.option(
        None, "STORY", "An explanation file (.toml), or the name of a shipped one, to verify and "
        "show.",
    )  # fmt: skip


def story_named(name: str) -> az.Explanation:
    """The explanation in that file, or the shipped one of that name."""
    from algzoo_exact.zoo.explanations import explanation_path

    return az.load_explanation(explanation_path(name))


@o.options
class StatementTime:
    seconds: float = o.duration("30s", "For each statement: 30s, 2m, ...")


@o.options
class Story(StatementTime, o.Ties):
    """An explanation, the model that it is to be held against, and how."""

    story: str = o.argument(
        o.REQUIRED, "STORY", "An explanation file (.toml), or the name of a shipped one."
    )
    model: str | None = o.option(
        None, "MODEL", "The model to check; by default the one that the explanation names.",
        "--model",
    )  # fmt: skip

    def verified(self, only: str | None = None) -> tuple[str, az.Model, az.Verification]:
        """The file's path, the model, and what became of the explanation, with a progress bar."""
        from algzoo_exact.zoo.explanations import explanation_path, model_beside

        path = explanation_path(self.story)
        explanation = az.load_explanation(path)
        subject, name = explanation.subject, self.model
        if name is None:
            if subject.name is None:
                raise InputError(
                    f"{path} names no model; add --model MODEL, or name = '..' under [model]."
                )
            name = model_beside(path, subject.name)
        # The weights of a median model do not tell its inputs; others are held against the story.
        seq_len = subject.task.seq_len if subject.task.is_numeric else None
        model = o.Sizes(seq_len=seq_len).load(name)
        with progress_bar("verifying") as advance:
            verification = az.verify(
                explanation, model, seconds=self.seconds, ties=self.rule, only=only,
                progress=advance,
            )  # fmt: skip
        return str(path), model, verification

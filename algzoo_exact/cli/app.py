"""The application: its commands, and what becomes of errors.

Exit codes: 0 fine or proved, 1 refuted or rejected, 2 bad input, 3 undecided, 4 where the checker
of certificates failed. Besides, 130 after Ctrl-C and 141 when the reader of the output has gone, as
shells count.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from inspect import cleandoc
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

import algzoo_exact
from algzoo_exact.cli.command import BAD_INPUT, INTERRUPTED, command
from algzoo_exact.cli.interrupts import interrupts_kept
from algzoo_exact.cli.zoo import zoo
from algzoo_exact.errors import InputError
from algzoo_exact.names import printable

READER_GONE = 141  # as shells count

# The base of all that typer says about wrong options; typer exports only this subclass of it.
_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])


class _Group(TyperGroup):
    """Commands whose errors are one line on stderr."""

    def main(self, *args: Any, **options: Any) -> Any:
        # Python refuses to print integers of more than 4,300 digits, lest it take long. Ours come
        # from small files, and closed forms of models with tiny and huge weights are that long.
        sys.set_int_max_str_digits(0)
        self._begun = False
        with interrupts_kept() as self._interrupts:
            try:
                code = super().main(*args, **(options | {"standalone_mode": False}))
            except _UsageError as error:
                code = _fail(_usage_message(error))
        if code == INTERRUPTED and not self._begun:  # typer says nothing of it
            code = _interrupted()
        try:
            sys.stdout.flush()
        except OSError as error:
            code = _output_failed(error)
        sys.exit(code or 0)

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Exceptions that typer would treat in its own way end here."""
        self._begun = True
        try:
            return super().invoke(ctx)
        except InputError as error:
            code = _fail(str(error))
        except OSError as error:
            code = _output_failed(error)
        except (typer.Exit, _UsageError):
            raise
        except (KeyboardInterrupt, Exception) as error:
            # Where Ctrl-C strikes inside an import or a compiler, these may raise what they like.
            if not isinstance(error, KeyboardInterrupt) and not self._interrupts:
                raise
            code = _interrupted()
        raise typer.Exit(code)


def _fail(sentence: str) -> int:
    _tell("error: " + printable(" ".join(sentence.split())))
    return BAD_INPUT


def _interrupted() -> int:
    _tell("interrupted: there is no result yet")
    return INTERRUPTED


def _tell(line: str) -> None:
    with suppress(OSError):  # a full disk: the exit code has to do
        print(line, file=sys.stderr)


def _usage_message(error: Any) -> str:
    message = error.format_message().strip()
    if error.ctx is None:
        return str(message)
    ending = "" if message.endswith((".", "?", ")")) else "."
    return f"{message}{ending} See '{error.ctx.command_path} --help'."


def _output_failed(error: OSError) -> int:
    """A full disk, a pipe that nobody reads, and the like."""
    try:
        # Python would try once more to write what is left in the buffer, when it exits.
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    where = f" {error.filename}" if error.filename else " the output"
    return _fail(f"Cannot write{where}: {error.strerror or error}.")


def _print_version(asked: bool) -> None:
    if asked:
        print(f"algzoo-exact {algzoo_exact.__version__}")
        raise typer.Exit


def _help(function: Callable[..., Any]) -> dict[str, Any]:
    """What typer is told of a command's docstring: paragraphs, and at their end examples.

    An example or a note is a line; what is indented goes on from the line before. Typer keeps the
    line breaks of all paragraphs but the first, whatever the width of the terminal.
    """
    text, heading, examples = re.split(r"\n\n(Examples?):\n", cleandoc(function.__doc__ or ""))
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    lines = re.sub(r"\n +", " ", examples).split("\n")
    return {
        "help": "\n\n".join(paragraphs),
        "epilog": "\n\n".join([f"[bold]{heading}[/bold]", *lines]),
    }


def _root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Exact accuracies and activation regions of the tiny ReLU networks of ARC's AlgZoo.

    Examples:
    algzoo-exact accuracy 2nd_argmax_2_2
    algzoo-exact accuracy my_model.pth --task argmedian --json
    algzoo-exact errors 2nd_argmax_4_3
    algzoo-exact regions 2nd_argmax_3_3 --picture regions.svg
    algzoo-exact show handcrafted:2nd_argmax_3 --latex
    algzoo-exact compare 2nd_argmax_4_3 --noise 0.05 --out race/
    algzoo-exact train 2nd_argmax --hidden-size 4 --seq-len 3 --sequences 2^24
    algzoo-exact verify my_story.toml --model handcrafted:2nd_argmax_2
    algzoo-exact certify 2nd_argmax_4_3 -o certificate.json
    algzoo-exact check certificate.json
    algzoo-exact report 2nd_argmax_4_3 -o report.html
    algzoo-exact explore 2nd_argmax_4_3 -o page.html
    algzoo-exact zoo list
    MODEL is a .safetensors or .pth file in AlgZoo's layout, its https:// address, a shipped model,
        a handcrafted one, or one of AlgZoo's own, such as algzoo:2nd_argmax_16_10. Exit codes: 0
        fine or proved, 1 refuted or rejected, 2 bad input, 3 undecided.
    """
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


_COMMANDS = (
    "accuracy",
    "errors",
    "diff",
    "ask",
    "neurons",
    "attention",
    "importance.ablate",
    "importance",
    "gradient",
    "gradient.polish",
    "sections",
    "regions",
    "show",
    "sample",
    "compare",
    "train",
    "draft",
    "verify",
    "surprise",
    "economy",
    "certify",
    "check",
    "report",
    "atlas",
    "explore",
    "status",
    "warm",
)
"""In the order of the help: the files of commands, with what they call those of another name."""


def _add(group: typer.Typer, place: str, name: str | None = None) -> None:
    file, _, function = place.partition(".")
    found = getattr(import_module(f"algzoo_exact.cli.{file}"), function or file)
    group.command(name, **_help(found))(command(found))


app = typer.Typer(
    cls=_Group,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback(invoke_without_command=True, **_help(_root))(_root)
for _place in _COMMANDS:
    _add(app, _place)

_zoo = typer.Typer()
app.add_typer(_zoo, name="zoo")
_zoo.callback(invoke_without_command=True)(zoo)
_add(_zoo, "zoo.list_models", "list")
_add(_zoo, "zoo.table")

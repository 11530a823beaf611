"""`export`: a trained policy for other programs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from protocol.errors import BridgeError
from trainer_process.run_argument import policy_place, results_dir_option

if TYPE_CHECKING:  # it imports numpy, which a command line that only asks for help can do without
    from trainer_process.export import ExportForm
    from trainer_process.export.model_options import ModelOptions, Names
    from trainer_process.export.policy_source import PolicySource

INSTALL = "pip install 'learning-bridge[export]'"


@click.command()
@click.argument("run")
@results_dir_option
@click.option("--to", "form", type=click.Choice(["onnx", "native", "safetensors"]), default="onnx", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="[default: beside the policy file]"
)
@click.option("--checkpoint", metavar="best|latest|N", help="The weights of this checkpoint.  [default: policy.lbp's]")
@click.option("--behavior", metavar="NAME", help="Whose policy, where a run has several.")
@click.option(
    "--names",
    type=click.Choice(["learning-bridge", "ml-agents"]),
    default="learning-bridge",
    show_default=True,
    help="Names of an ONNX model's inputs and outputs, and their forms.",
)
@click.option("--stochastic", is_flag=True, help="Sampled actions too; the noise is an input of the model.")
@click.option("--no-modifiers", is_flag=True, help="Leave out the input that gives numbers and masks options.")
@click.option("--describe", is_flag=True, help="Print the ONNX model's inputs and outputs, and write nothing.")
def export(
    run: str,
    results_dir: Path,
    form: ExportForm,
    output: Path | None,
    checkpoint: str | None,
    behavior: str | None,
    names: str,
    stochastic: bool,
    no_modifiers: bool,
    describe: bool,
) -> None:
    """Write a trained policy as ONNX, as a policy file, or as bare weights.

    RUN is the id of a run, its folder or that of a behavior, or a policy file (policy.lbp). An ONNX model holds the
    normaliser, the memory and the decoding of actions; it is compared with the policy before it is written, and is not
    written where they differ.

    \b
    learning-bridge export walker
    learning-bridge export results/walker --checkpoint best --to safetensors
    """
    from trainer_process.export import EXPORT_FORMS, PolicySource
    from trainer_process.export.model_options import ModelOptions

    options = ModelOptions(cast("Names", names), has_modifiers=not no_modifiers, is_stochastic=stochastic)
    try:
        source = PolicySource.find(policy_place(run, results_dir), behavior=behavior, checkpoint=checkpoint)
        if describe:
            _describe(source, options)
            return
        target = output or source.default_target(EXPORT_FORMS[form])
        _write(source, form, target, options)
    except BridgeError as error:
        raise click.ClickException(str(error)) from error


def _describe(source: PolicySource, options: ModelOptions) -> None:
    _require_onnx()
    from trainer_process.export.onnx_model import describe_model, make_model

    click.echo(describe_model(make_model(source.policy, options)))


def _write(source: PolicySource, form: ExportForm, target: Path, options: ModelOptions) -> None:
    if form == "onnx":
        _write_onnx(source, target, options)
    elif form == "safetensors":
        from trainer_process.export import weights_file_content, write_whole

        write_whole(target, weights_file_content(source.policy))
    else:
        from protocol.policy_file import save_policy

        if target.resolve() == source.file.resolve():
            raise click.UsageError(f"--output: expected another file than the policy itself, {source.file}")
        save_policy(target, source.policy)
    click.echo(f"{target}: {source.describe()}")


def _write_onnx(source: PolicySource, target: Path, options: ModelOptions) -> None:
    _require_onnx()
    from trainer_process.errors import ExportError
    from trainer_process.export import write_whole
    from trainer_process.export.agreement import can_check, check_agreement
    from trainer_process.export.onnx_model import make_model

    model = make_model(source.policy, options)
    if can_check():
        agreement = check_agreement(model, source.policy, options)
        if not agreement.is_close:
            wanted = "expected the model to give what the policy gives"
            raise ExportError(f"{target} was not written: {wanted}, got {agreement.describe()}")
        click.echo(agreement.describe())
    else:
        click.echo(f"not checked against the policy, since ONNX Runtime is not installed; {INSTALL}", err=True)
    write_whole(target, model.SerializeToString())


def _require_onnx() -> None:
    if find_spec("onnx") is None:
        raise click.ClickException(f"ONNX: expected the package onnx, which is not installed; {INSTALL}")

"""What refusals have in common."""

from pydantic import BaseModel, ConfigDict


class Refusal(BaseModel):
    """Why something is refused. `code` names the case, wherever it is kept or read."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # there are many, and few ever occur
    )


class RefusalWithStep(Refusal):
    """A press would help: `mark` is that of the request or grant that the button is for.

    Empty where there is none for whoever is refused.
    """

    mark: str = ""


class RefusalWithHelp(Refusal):
    """Others could do it: `ask` names them, users and user groups."""

    ask: tuple[str, ...] = ()

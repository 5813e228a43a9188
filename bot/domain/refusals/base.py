"""What refusals have in common."""

from pydantic import BaseModel, ConfigDict


class Refusal(BaseModel):
    """Why something is refused. `code` names the case, wherever it is kept or read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RefusalWithHelp(Refusal):
    """Others could do it: `ask` names them, users and user groups."""

    ask: tuple[str, ...] = ()

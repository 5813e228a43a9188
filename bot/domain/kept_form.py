"""Kept forms: what stood in a form when its owner went to have their address read."""

from pydantic import BaseModel, ConfigDict


class KeptForm(BaseModel):
    """A form for access from an address; `form_id` names it, while it is open."""

    model_config = ConfigDict(frozen=True)

    form_id: str
    is_emergency: bool = False
    cluster: str = ""
    length: str = ""
    duration: str = ""
    reason: str = ""

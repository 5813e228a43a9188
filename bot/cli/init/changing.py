"""Changing an answer before anything is written: which step, and what was answered in it."""

from bot.checks.secret_shapes import SECRETS
from bot.cli.init.asking import ALIAS, Asker

_STEPS = {
    1: ("How Slack reaches dbaccess", ("connection",)),
    2: ("The Slack app", SECRETS[:3]),
    3: ("DigitalOcean and its clusters", ("digitalocean_token", "clusters", ALIAS)),
    4: ("Channels and approvers", ("channel", "operators", "approvers")),
    5: ("Policy", ("approvals", "max_duration", "requesters")),
}


def change_a_step(asker: Asker) -> bool:
    """Ask which step is to be answered again; return whether there is one."""
    asker.say("Which step do you want to change? You keep an answer by pressing Enter.")
    for number, (title, _) in _STEPS.items():
        asker.show(f"  {number}  {title}")
    step = asker.number(f"Change step (1 to {len(_STEPS)}, or `none` to stop)", len(_STEPS))
    if step is None:
        return False
    asker.reopen(_STEPS[step][1])
    return True

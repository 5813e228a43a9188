"""The forms behind `Deny` and `Approve…`: each is a decision, saved and carried out later."""

from slack_bolt import Ack, App, BoltContext

from bot.domain.lifecycle import Verdict
from bot.slack.inbound.controller import SlackController
from bot.slack.inbound.listeners.decisions import decision
from bot.slack.inbound.listeners.payload import Payload
from bot.slack.inbound.payloads import APPROVAL, DENIAL, from_approval, from_denial
from bot.slack.messages import SAY_WHY

_DENIAL = Payload(from_denial)
_APPROVAL = Payload(from_approval)


def register(app: App, controller: SlackController) -> None:
    """Register both forms."""

    @app.view(DENIAL, middleware=[_DENIAL.read])
    def on_denial(ack: Ack, context: BoltContext) -> None:
        denial = _DENIAL.of(context)
        if not denial.reason:
            ack(response_action="errors", errors={"reason": SAY_WHY})
            return
        ack()
        command = decision(denial, Verdict.DENY, reason=denial.reason)
        controller.defer(command, denial.interaction)

    @app.view(APPROVAL, middleware=[_APPROVAL.read])
    def on_approval(ack: Ack, context: BoltContext) -> None:
        ack()
        approval = _APPROVAL.of(context)
        command = decision(
            approval, Verdict.APPROVE, comment=approval.comment, at_most=approval.at_most
        )
        controller.defer(command, approval.interaction)

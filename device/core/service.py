"""Whether the counter can take payments, and if not, why."""

from device.core.state import Clock, LinkState, OutOfService, State


def out_of_service(state: State) -> OutOfService | None:
    """The reason why no QR can be shown, or None.

    Without a plausible clock no token can be minted: the server would refuse its time.
    """
    if state.journal_trouble is not None:
        return state.journal_trouble
    reasons = (
        (not state.booted, OutOfService.STARTING),
        (state.identity is None, OutOfService.NOT_ENROLLED),
        (state.links.server is LinkState.REFUSED, OutOfService.REFUSED),
        (state.configuration is None, OutOfService.NO_CONFIGURATION),
        (state.now.clock is Clock.IMPLAUSIBLE, OutOfService.CLOCK),
    )
    return next((reason for holds, reason in reasons if holds), None)


def is_live(state: State) -> bool:
    """Whether the server answers: with it a sale number keeps, without it each tap takes one."""
    return state.links.server is LinkState.UP

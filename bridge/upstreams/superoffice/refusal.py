"""A refusal before any API call: the tenant is not running, its address is odd, the sign-in is over."""

from __future__ import annotations

from bridge.contract import Response


class Refusal(Exception):
    """Ends a request with an answer that the flow can explain; nothing was executed."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(code)
        self.response = Response(status, error_code=code, error_text=text, sent=False)


def not_running(state: str) -> Refusal:
    """The tenant's state says that no API call may be made; the text is the state's name."""
    return Refusal(409, "tenant-not-running", state)


def wrong_address() -> Refusal:
    """The state names an address that is not SuperOffice's; the token must not go there."""
    return Refusal(
        409, "tenant-address-refused", "The tenant's address is not below superoffice.com."
    )


def signed_out(text: str) -> Refusal:
    """SuperID gives no new token or ticket."""
    return Refusal(401, "unauthorized", text)

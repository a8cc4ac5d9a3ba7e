"""SuperOffice: one client, with its tenant's address looked up and its sign-in kept alive."""

from bridge.upstreams.superoffice.client import SuperOffice

__all__ = ["SuperOffice"]

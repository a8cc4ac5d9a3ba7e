"""The operator's pages: jobs, what became of each, the health of upstreams and sources; one door of the bridge.

Server-rendered, without a build step and without anything from outside; a page works without scripts and
is kept fresh by a small one. The room reads the store through bounded queries, so that a page costs the
same with a thousand jobs and with a million, and changes jobs only through `jobs.operating`.

May import: contract, delivery, jobs, outbound, settings, signatures, surfaces, vault.
"""

from bridge.console.door import Console
from bridge.console.sources import Arrival, SourceView
from bridge.console.visit import Unread

__all__ = ["Arrival", "Console", "SourceView", "Unread"]

"""The playground: a page that plays Slack, shows the emulated systems live, and lets things go wrong.

What is typed here takes the real way: a signed request to the bridge's real door, real HTTP to the emulated
upstreams, and whatever the bridge says comes back through Slack's own methods. `door` serves the page and
takes its gestures, `hops` writes down every request of every hop, `relay` stands in front of the bridge for
that, `masks` takes the secrets out. `switches` and `moods` are everything that can be made to go wrong, `seen`
is what the page knows of the systems and `stream` how it hears of changes, `offers` is what can be typed,
`tour` and `samples` are what to try first.
"""

from bridge.sandbox.playground.door import Playground

__all__ = ["Playground"]

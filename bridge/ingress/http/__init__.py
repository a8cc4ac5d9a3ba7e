"""What the two HTTP doors share: problem documents, bounded bodies, limits, connections by kind.

The API and the webhooks are told apart by who speaks and how it is proven; what they do with bytes
and how they say no is the same, and is said once here. Nothing in here is a middleware: a handler
pays only for what it calls, since accepts per second are a promise of both doors.
"""

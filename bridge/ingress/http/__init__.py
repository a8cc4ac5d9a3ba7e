"""What the doors share over HTTP: problem documents, bounded bodies, limits, and a program's wish.

Doors are told apart by who speaks and how it is proven; what they do with bytes and how they say no is the
same, and is said once here. Nothing in here is a middleware: a handler pays only for what it calls, since
accepts per second are a promise of every door.
"""

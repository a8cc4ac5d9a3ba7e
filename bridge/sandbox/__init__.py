"""Emulated Slack, Rocket.Chat and SuperOffice on real HTTP, and the playground page.

The same servers are the fixtures of the tests and the far side of `make demo`. They share no code with what
they test: what an emulator checks and says, it takes from the documents. Signing webhooks and reading the
catalogue for the playground are the exceptions.

May import: actions, contract, signatures, surfaces.
"""

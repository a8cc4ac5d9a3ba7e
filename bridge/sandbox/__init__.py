"""Emulated Slack, Rocket.Chat and SuperOffice on real HTTP, and the playground page.

The same servers are the fixtures of the tests and the far side of `make demo`. A door: it may import
everything printed below it in the house, and no other door.
"""

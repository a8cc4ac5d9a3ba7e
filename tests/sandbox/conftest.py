"""Fixtures for the tests of the emulators."""

from tests.sandbox.rocketchat_desk import start

__all__ = ["start"]

"""Fixtures for the tests of the emulators."""

from tests.sandbox.rocketchat_desk import start
from tests.sandbox.superoffice_desk import clock, http, so

__all__ = ["clock", "http", "so", "start"]

"""Rocket.Chat's documented calls, one file each, and what they share: error rows and room reading."""

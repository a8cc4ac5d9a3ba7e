"""The corridor: accepted launches are stored, worked in order and pace, retried, and told.

May import the rooms (actions, surfaces, upstreams, delivery) and the ground, and `bridge.access`.
"""

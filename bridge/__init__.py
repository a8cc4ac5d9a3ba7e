"""Deskbridge: a durable bridge from Slack commands and webhooks to Rocket.Chat and SuperOffice.

A request walks through the rooms in one direction: a door (`ingress`) stores it as a job (`jobs`), a worker
runs its action (`actions`) against an upstream (`upstreams`, `outbound`), and the asker is told (`delivery`);
`app` hands the rooms to one another. Each room's docstring ends with the rooms that it may import.
"""

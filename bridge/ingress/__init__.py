"""The doors through which a wish comes in; each checks, parses and hands launches to `jobs`.

`slack`, `api` and `webhooks` do not know each other. Below them stands `linking`, the page on which people link
their own accounts; below all, `http`: what every door does with foreign bytes and how it says no.

May import: access, actions, contract, delivery, jobs, metrics, outbound, settings, signatures,
surfaces, tracing, upstreams, vault.
"""

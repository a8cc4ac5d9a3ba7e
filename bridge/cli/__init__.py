"""The `bridge` command: one verb a task, each with its own help.

Heavy rooms are imported by the verb that needs them, so that help and checks answer at once. What was
asked for goes to standard output; errors are sentences on standard error with a non-zero exit code.

May import: every room below it.
"""

from __future__ import annotations

import click

from bridge.cli import auditing, calling, checking, documents, jobs, serving


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deskbridge", prog_name="bridge")
def main() -> None:
    """Deskbridge: from Slack commands and webhooks to Rocket.Chat and SuperOffice, and back."""


for verb in (
    serving.serve,
    serving.worker,
    serving.migrate,
    serving.demo,
    calling.call,
    calling.explain,
    jobs.jobs,
    jobs.erase,
    auditing.audit,
    checking.check,
    checking.doctor,
    documents.openapi,
    documents.manifest,
    documents.config,
    documents.schema,
):
    main.add_command(verb)

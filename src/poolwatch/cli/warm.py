"""`poolwatch warm`: compile the kernels ahead of the first scan."""

from __future__ import annotations

import click


@click.command("warm")
def command() -> None:
    """Compile the kernels now and keep them, so that the first scan need not."""
    from poolwatch import kernels

    kernels.warm()
    directory = kernels.cache_directory()
    if directory is None:
        click.echo("poolwatch: no writable cache directory; kernels compile at every run", err=True)
    else:
        click.echo(f"kernels are ready in {directory}")

"""Content that must not be used ends a command with everything that is wrong, not with a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from service.content import NoContent
from service.rules.load import ContentProblems


@contextmanager
def content_problems_told() -> Iterator[None]:
    """Around the loading of content.

    Raises:
        click.ClickException: the content is not there or not fit for use; says why.
    """
    try:
        yield
    except NoContent as problem:
        raise click.ClickException(str(problem)) from None
    except ContentProblems as problem:
        raise click.ClickException(f"the content has {len(problem.problems)} problems\n{problem}") from None

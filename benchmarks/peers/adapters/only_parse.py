"""Compiled sqlglot merely parsing: the unit of time."""

import sqlglot
import stream


def adapt(case: stream.Case) -> stream.Case:
    sqlglot.parse(case["sql"], dialect=case["dialect"] or None)
    return {}


stream.run(adapt)

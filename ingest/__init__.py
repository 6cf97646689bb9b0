"""Reads what others wrote: query logs, OpenLineage events, catalogues."""

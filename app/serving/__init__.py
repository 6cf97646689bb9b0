"""The HTTP service: OpenLineage events in, answers out."""

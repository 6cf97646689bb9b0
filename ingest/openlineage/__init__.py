"""OpenLineage events in, graph out. Source: OpenLineage spec 2-0-2."""

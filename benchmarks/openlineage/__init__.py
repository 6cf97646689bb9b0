"""What the endpoint for OpenLineage events can bear: load, and being killed under it."""

"""Where the records of an import are read and folded when one machine is not enough."""

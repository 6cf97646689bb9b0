"""Orphans against the truth of random meshes, whose labels follow from their plan alone."""

"""The graph out of cells: analyse templates, derive nodes and edges."""

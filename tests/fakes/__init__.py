"""Stand-ins at the edge: they satisfy the real interfaces."""

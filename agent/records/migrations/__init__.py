"""What Alembic does to the tables of call records, one version after the other."""

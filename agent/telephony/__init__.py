"""What there is only on a telephone: keys, and being put through."""

"""What an operator gets to see of a worker."""

"""One example in a process of its own, and its record."""

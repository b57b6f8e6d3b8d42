"""Statements, their evidence, and what is quoted."""

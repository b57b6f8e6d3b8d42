"""One example in a process of its own, its record, and what is due.

Knows neither Sphinx nor the packages that scripts use: what depends on them comes in as
:class:`~site_ext.run.surroundings.Surroundings`.
"""

"""Records into Sphinx-Gallery's pages."""

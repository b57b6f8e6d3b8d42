"""
Deeper
======

About it.
"""

# sphinx_gallery_capture_repr = ()
2 + 3

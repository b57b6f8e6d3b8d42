"""The error that ends a build with a text for its reader."""

from sphinx.errors import SphinxError


class SiteError(SphinxError):
    """Something that the person who builds can repair; the text says where and how."""

    category = "The build stopped"

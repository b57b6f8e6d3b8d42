"""Records at rest: made on one machine, shown by a build on another.

``pack``    what a version carries: its records in one archive, with a manifest
``places``  where stores are: a folder, an archive, a published site, a branch
``checks``  what a record from elsewhere must be, since whoever made it is a stranger
``take``    those that are fit for this tree, into its own records
"""

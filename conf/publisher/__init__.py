"""From finished builds to one site of many versions: ``make site``.

==============  ==================================================================
``repository``  which version a tree is, and where the releases' commits are
``building``    a version's pages, from its own commit and its own environment
``checking``    whether a build is fit to be published
``releases``    what a published version says about itself, from its ``data/``
``changes``     what moved between two of them
``root``        the files at the site's root, made from all versions' data
``chart``       the timings over the releases
``verdicts``    which verdicts changed, for the changelog
``places``      where a site stands, a folder or a branch, and how it changes in one step
==============  ==================================================================

``commands.site``, ``commands.compare`` and ``commands.release`` are the commands.
"""

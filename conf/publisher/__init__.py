"""From finished builds to one site of many versions: ``make site``.

==============  ==================================================================
``clean``       whether a tree is a commit and nothing else
``repository``  which version a tree is, and where the releases' commits are
``building``    a version's pages, from its own commit and its own environment
``checking``    whether a build is fit to be published
``releases``    what a published version says about itself, from its ``data/``
``changes``     what moved between two of them
``root``        the files at the site's root, made from all versions' data
``chart``       the timings over the releases
``places``      where a site stands, and how a folder changes, whole at each moment
``branch``      a site on a branch
``wanted``      which place whoever publishes wants
==============  ==================================================================

``commands.site``, ``commands.compare`` and ``commands.release`` are the commands.
"""

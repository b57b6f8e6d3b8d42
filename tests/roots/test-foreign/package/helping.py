"""What the project's configuration names."""

import os

state = "as imported"


class Thing:
    """An object with a look of its own."""

    def _repr_html_(self):
        return "<b class='thing'>a thing</b>"


def argv(gallery_conf, script_vars):
    return ["--quick"] if "arguments" in script_vars["src_file"] else []


def reset(gallery_conf, fname):
    global state
    state = f"reset for {os.path.basename(fname)}"


def scraper(block, block_vars, gallery_conf):
    """Pictures that are no figures of matplotlib: a name `picture` in the script."""
    from sphinx_gallery.scrapers import figure_rst

    names = block_vars["example_globals"]
    if "picture" not in names:
        return ""
    path = next(block_vars["image_path_iterator"])
    with open(path, "wb") as file:
        file.write(names.pop("picture"))
    return figure_rst([path], gallery_conf["src_dir"], "A picture")

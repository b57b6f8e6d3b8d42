"""The downloads of a page run elsewhere: another folder, and only the packages of its card.

By default a part of them runs, by name, so that the suite stays short; ``DOWNLOADS=all``
runs every script and every notebook, which takes about as long as two cold builds.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from environments import environment_with
from found import AT_ONCE, FOUND, SINGLE_THREADED, environment
from site_ext.run import process, scripts

ALL = os.environ.get("DOWNLOADS") == "all"
#: One of each kind: a loop, a compiled step, a server, second processes, a heavy package.
SOME = (
    "pytorch/own_loop", "tensorflow/data_parallel", "keras/serve", "pytorch/data_parallel",
    "deploying/executorch_file",
)  # fmt: skip
CHOSEN = [e.name for e in FOUND if ALL or e.name in SOME]
NOTEBOOK = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="here").execute()
"""


def card(html: Path, name: str) -> dict[str, str]:
    """The lines of the card at the foot of an example's page."""
    page = BeautifulSoup((html / f"gallery/{name}.html").read_text(), "html.parser")
    box = page.select_one(".provenance")
    labels = [term.get_text(strip=True) for term in box.select("dt")]
    return dict(zip(labels, (d.get_text(" ", strip=True) for d in box.select("dd")), strict=True))


def downloads(html: Path, name: str) -> tuple[Path, Path]:
    """``(script, notebook)`` as the page links them."""
    page = html / f"gallery/{name}.html"
    links = [a["href"] for a in BeautifulSoup(page.read_text(), "html.parser").select("a.download")]
    script, notebook = (next(x for x in links if x.endswith(s)) for s in (".py", ".ipynb"))
    return (page.parent / script).resolve(), (page.parent / notebook).resolve()


def run_elsewhere(html: Path, folder: Path, name: str) -> dict[str, tuple[int, str]]:
    """How script and notebook end in a folder of their own, in an environment of links."""
    install = card(html, name)["To install"]
    packages = re.findall(r"([\w.-]+?)(?:==\S+)?(?=\s|$)", install.removeprefix("pip install "))
    python = environment_with(folder / "venv", packages)
    with_kernel = environment_with(folder / "kernel", [*packages, "ipykernel"])
    kernels = folder / "share/jupyter/kernels/here"
    kernels.mkdir(parents=True)
    (folder / "home").mkdir()
    argv = [str(with_kernel), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "here", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    variables = environment(folder / "home") | process.OURS | SINGLE_THREADED
    notebook_environment = variables | {"JUPYTER_PATH": str(folder / "share/jupyter")}
    notebook_environment.pop("MPLBACKEND")  # a notebook draws in the page
    script, notebook = downloads(html, name)
    ended = {}
    for kind, file, command, env in (
        ("script", script, [str(python), script.name], variables),
        (
            "notebook",
            notebook,
            [sys.executable, "-c", NOTEBOOK, notebook.name],
            notebook_environment,
        ),
    ):
        empty = folder / f"empty-{kind}"
        empty.mkdir()
        shutil.copy(file, empty)
        done = subprocess.run(
            command, cwd=empty, env=env, timeout=400, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        ended[kind] = (done.returncode, done.stdout)
    return ended


@pytest.fixture(scope="module")
def ends(
    html: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, tuple[int, str]]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {
            name: pool.submit(run_elsewhere, html, tmp_path_factory.mktemp("elsewhere"), name)
            for name in CHOSEN
        }
        return {name: future.result() for name, future in started.items()}


@pytest.mark.parametrize("kind", ["script", "notebook"])
@pytest.mark.parametrize("name", CHOSEN)
def test_it_runs_elsewhere(ends, name: str, kind: str) -> None:
    """It ends without an error in an empty folder, with what its card lists and no more."""
    code, text = ends[name][kind]

    assert 0 == code, text[-3000:]


@pytest.mark.parametrize("example", FOUND, ids=lambda e: e.name)
def test_the_card_says_what_to_install(html: Path, example: scripts.Example) -> None:
    """One command that names every package that the script imports, with its version."""
    install = card(html, example.name)["To install"]

    assert install.startswith("pip install ")
    assert "matplotlib==" in install
    assert "+cpu" not in install
    assert ("torch==" in install) == ("torch" in example.frameworks)

"""What readers come with: from the first page each has its answer within two clicks."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

#: Task -> (the links that are followed from the first page, by where they lead; what is found)
TASKS = {
    "a phone app from PyTorch": (["gallery/deploying/executorch_file"], "ExecuTorch"),
    "a GPU on Windows": ([], "NVIDIA, Windows"),
    "fine-tune a language model": (["language_models"], "Wrap it with PEFT"),
    "keep an old Keras 2 SavedModel": (["leaving"], "TFSMLayer predicts with it"),
    "which Keras backend for serving on a CPU": (["backends"], "To serve on a CPU, export to ONNX"),
    "a TPU": (["scale"], "TPU"),
    "teach beginners": (["resources"], "Start with Keras"),
    "port an LSTM": (["leaving", "gallery/porting/port_rnn"], "LSTM"),
    "an Apple laptop": ([], "A Mac\N{RIGHT SINGLE QUOTATION MARK}s GPU"),
    "is TensorFlow still released": (["tensorflow"], "final release so far"),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_answer_is_two_clicks_away(html: Path, task: str) -> None:
    """Each link stands in the text of the page before it, and the last page has the answer."""
    path, answer = TASKS[task]
    where = html / "index.html"
    for name in path:
        wanted = (html / f"{name}.html").resolve()
        links = {
            (where.parent / str(a["href"]).partition("#")[0]).resolve()
            for a in text_of(where).select("a[href]")
        }

        assert wanted in links, f"{where.name} does not lead to {name}"
        where = wanted

    assert len(path) <= 2
    assert answer in " ".join(text_of(where).get_text().split())


def text_of(page: Path) -> Tag:
    """The page's article, without what is folded and the links to the pages beside it."""
    article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select_one("article")
    assert article is not None
    for tag in article.select("details, .prev-next-area"):
        tag.decompose()
    return article

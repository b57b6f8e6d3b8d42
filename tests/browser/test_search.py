"""Forty things that readers look for, and the pages of which the search must show one first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUERIES = {
    "softmax twice": ["gallery/article/as_published", "pytorch", "gallery/porting/why_worse", "questions"],
    "CrossEntropyLoss": ["pytorch", "gallery/article/as_published", "gallery/pytorch/train_mlp", "questions"],
    "GPU windows": ["questions", "comparison", "pytorch"],
    "keras backend jax": ["backends", "gallery/keras/backends", "keras", "gallery/keras/train_mlp_jax"],
    "export onnx": ["gallery/deploying/export_pytorch", "gallery/deploying/export_tensorflow", "gallery/deploying/export_keras"],
    "serve": ["side_by_side/serve", "gallery/pytorch/serve", "gallery/tensorflow/serve", "gallery/keras/serve"],
    "torch.compile": ["gallery/working/compiling", "gallery/working/retracing", "pytorch", "benchmarks"],
    "slow": ["gallery/working/profiling", "performance", "benchmarks", "gallery/working/keras_overhead"],
    "tf.data": ["gallery/working/input_pipelines", "tensorflow"],
    "seed": ["gallery/porting/seeds"],
    "lstm weights": ["gallery/porting/port_rnn"],
    "mobile": ["gallery/deploying/executorch_file", "gallery/deploying/export_tensorflow", "recommendation", "comparison"],
    "model.eval": ["gallery/porting/eval_forgotten", "pytorch"],
    "DataLoader": ["gallery/working/input_pipelines"],
    "GradientTape": ["tensorflow", "gallery/tensorflow/train_mlp_raw", "gallery/tensorflow/own_loop"],
    "BatchNormalization": ["gallery/porting/port_batchnorm", "gallery/porting/defaults"],
    "batch normalization": ["gallery/porting/port_batchnorm", "gallery/porting/defaults", "gallery/porting/eval_forgotten"],
    "vmap": ["gallery/working/per_example_gradients", "jax", "comparison"],
    "early stopping": ["gallery/pytorch/checkpoints", "gallery/keras/checkpoints", "gallery/tensorflow/checkpoints", "side_by_side/checkpoints"],
    "out of memory": ["gallery/working/what_backward_keeps", "gallery/working/accumulate_gradients", "jax", "questions"],
    "quantization": ["gallery/deploying/quantise"],
    "from_logits": ["gallery/porting/why_worse", "keras", "questions"],
    "weight decay": ["gallery/porting/weight_decay"],
    "mixed precision": ["gallery/working/mixed_precision"],
    "freeze layers": ["gallery/pytorch/transfer", "gallery/keras/transfer", "gallery/tensorflow/transfer", "side_by_side/transfer"],
    "fine-tune": ["language_models", "gallery/porting/lora"],
    "multi gpu": ["scale", "gallery/pytorch/data_parallel", "side_by_side/data_parallel"],
    "which is faster": ["benchmarks", "performance", "questions"],
    "load h5": ["gallery/porting/keras_2_to_3", "leaving"],
    "weights_only": ["model_files", "gallery/deploying/unsafe_files", "pytorch"],
    "TorchServe": ["comparison", "gallery/pytorch/serve", "pytorch", "questions"],
    "tensorboard": ["gallery/working/event_files"],
    "NHWC": ["gallery/pytorch/convolution", "gallery/tensorflow/convolution", "gallery/keras/convolution", "gallery/jax/convolution"],
    "custom layer": ["gallery/pytorch/own_parts", "gallery/keras/own_parts", "gallery/tensorflow/own_parts", "side_by_side/own_parts"],
    "learning rate schedule": ["gallery/pytorch/own_loop", "gallery/keras/own_loop", "gallery/tensorflow/own_loop", "gallery/jax/own_loop"],
    "retracing": ["gallery/working/retracing"],
    "TracerBoolConversionError": ["jax", "gallery/working/control_flow"],
    "tabular data": ["gallery/working/table"],
    "beginner": ["recommendation", "resources"],
    "loss not decreasing": ["gallery/porting/why_worse", "gallery/article/as_published", "gallery/porting/loss_shapes"],
}  # fmt: skip
#: How many of them may be missed.
MISSED = 2
FIRST = """
query => {
  const pages = Search._performSearch(...Search._parseQuery(query)).reverse().map(found => found[0]);
  return [...new Set(pages)].slice(0, 3);
}
"""


@pytest.fixture(scope="module")
def found(chromium: Browser, served: str) -> dict[str, list[str]]:
    """The first three pages of each query, by what the search page itself computes."""
    page = chromium.new_page(base_url=served)
    page.goto("/search.html?q=nothing")
    page.locator("#search-results .search-summary").filter(has_text="match").wait_for()
    first = {query: page.evaluate(FIRST, query) for query in QUERIES}
    page.close()
    return first


def test_readers_find_what_they_look_for(found: dict[str, list[str]]) -> None:
    """A right page is among the first three."""
    missed = {query: pages for query, pages in found.items() if not {*pages} & {*QUERIES[query]}}

    assert len(missed) <= MISSED, missed


def test_an_answer_stands_before_lists_of_code(found: dict[str, list[str]]) -> None:
    """What is beside each other elsewhere does not push the example itself down."""
    first = [pages[0] for pages in found.values() if pages]

    assert not [page for page in first if page.startswith("side_by_side/")]


def test_a_search_shows_what_it_found(page: Page) -> None:
    """As a reader does: words into the field, and the results on the page, each with a link."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/search.html?q=softmax+twice")
    results = page.locator("#search-results li a")
    results.first.wait_for(timeout=10_000)
    titles = results.all_inner_texts()

    assert [] == errors
    assert len(titles) >= 3
    results.first.click()
    page.wait_for_url(lambda address: "search.html" not in address)


def test_marks_of_a_search_are_taken_back(page: Page) -> None:
    """The button at the top of a page that a search led to, without a script in its address."""
    page.goto("/keras.html?highlight=tensorflow", wait_until="networkidle")
    marks = page.locator("span.highlighted")
    marks.first.wait_for()
    page.get_by_role("link", name="Hide Search Matches").click()

    assert 0 == marks.count()
    assert 0 == page.locator("a[href^='javascript:']").count()

"""Make the lesson of an example false, and it must say so itself."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from found import AT_ONCE, FOUND, HERE, SINGLE_THREADED, environment
from site_ext.run import process
from warm import Warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from site_ext.run import scripts

#: Example, what stands there, what is put in its place; and again, where a shorter run shows it too.
MUTATIONS: dict[str, tuple[str, ...]] = {
    "the GRU's gates in Keras's order": ("porting/port_rnn", "(1, 0, 2)", "(0, 1, 2)"),
    "padding on the other side": ("porting/port_cnn", "(0, 1, 0, 1)", "(1, 0, 1, 0)"),
    "PyTorch's epsilon kept": ("porting/port_batchnorm", "port(original.epsilon)", "port(1e-5)"),
    "a transpose forgotten": ("porting/same_forward", "first.weight.copy_(torch.from_numpy(kernel1.T))", "first.weight.copy_(torch.from_numpy(kernel1))"),
    "epsilon where PyTorch has it": ("porting/adam", '(state["v"].sqrt() + self.epsilon)', '(state["v"].sqrt() + self.epsilon * correction2**0.5)', "STEPS = 200", "STEPS = 40"),
    "the missing axis still missing": ("porting/loss_shapes", "wanted.unsqueeze(1) if align", "wanted if align"),
    "softmax added": ("pytorch/train_mlp", "return self.output(x)", "return torch.softmax(self.output(x), dim=1)"),
    "no gradient through the step": ("pytorch/own_parts", "        return gradient\n", "        return 0 * gradient\n"),
    "the true gradient": ("keras/own_parts", "ops.stop_gradient(ops.cast(x > 0, x.dtype) - x)", "(ops.cast(x > 0, x.dtype) - x)"),
    "the optimizer not resumed": ("pytorch/checkpoints", "    if with_optimizer:\n", "    if False:\n"),
    "the statistics not frozen": ("pytorch/transfer", 'body.train(way == "running")', "body.train()"),
    "the statistics frozen in both": ("keras/transfer", "            variable.trainable = False", "            body.trainable = False"),
    "gradients not averaged": ("pytorch/data_parallel", "nn.parallel.DistributedDataParallel(model)", "model"),
    "a pattern that matches nothing": ("keras/sharded_model", ".*hidden/kernel", ".*hiden/kernel"),
    "weights left alone": ("pytorch/own_loop", "    optimizer.step()\n", ""),
    "a bad body taken for a bad name": ("pytorch/serve", "self.answer(400,", "self.answer(404,"),
    "the loop left in": ("working/profiling", "torch_step(torch_at_once)", "torch_step(torch_one_by_one)", "512, 256, 5, 3", "512, 256, 2, 1"),
    "32 bits all the same": ("working/mixed_precision", "dtype=torch.bfloat16, enabled=self.half):\n            logits", "dtype=torch.bfloat16, enabled=False):\n            logits", "512, 128, 12, 0.1", "512, 128, 4, 0.1"),
    "a mistake that is not made": ("porting/why_worse", "        if self.keep_order:\n", "        if True:\n"),
    "the last layer that differs": ("porting/find_the_layer", "for name, error in errors.items() if error", "for name, error in reversed(errors.items()) if error"),
    "divided by the weights": ("porting/class_weight", "each(logits, targets).mean() if", "loss_function(logits, targets) if"),
    "L2 for weight decay": ("porting/weight_decay", "train_keras(sgd(0.1), l2=DECAY / 2)", "train_keras(sgd(0.1), l2=DECAY)"),
    "the future seen": ("porting/tiny_gpt", "(*parts, is_causal=True)\n            x = x + seen.transpose", "(*parts)\n            x = x + seen.transpose", "STEPS, SHOWN = 400, (0, 100, 400)", "STEPS, SHOWN = 20, (0, 10, 20)"),
    "half of the step": ("working/compiling", "w - RATE * g", "w - RATE / 2 * g"),
    "other weights in Keras": ("working/keras_overhead", "layer.kernel.assign(kernel)", "layer.kernel.assign(2 * kernel)", "[32, 128, 512, 2048]", "[32, 512]", "{32: 60, 128: 60, 512: 30, 2048: 7}", "{32: 10, 512: 10}"),
    "never in training": ("porting/eval_forgotten", "in_keras(x_test[i : i + size], training=training)", "in_keras(x_test[i : i + size], training=False)"),
    "the mask inverted": ("porting/padding", "torch_attention(x, ~real)", "torch_attention(x, real)"),
    "unequal parts as if equal": ("working/accumulate_gradients", "lambda size: size / BATCH_SIZE", "lambda size: 1 / PARTS"),
    "one gradient for all": ("working/per_example_gradients", "in_dims=(None, 0, 0))(parameters, x, y)", "in_dims=(None, 0, None))(parameters, x, y[0])"),
    "nothing checkpointed": ("working/what_backward_keeps", '"ReLU, no_grad": kept(without, relu)', '"ReLU, no_grad": kept(relu, relu)'),
    "a pickle after all": ("deploying/unsafe_files", 'torch.load(here / "model.pt"))\nplain', 'torch.load(here / "model.pt", weights_only=False))\nplain'),
    "the biases forgotten": ("porting/keras_2_to_3", "nn.relu(x @ kernel1 + bias1)", "nn.relu(x @ kernel1 + 1)"),
    "the scaling not forgotten": ("working/table", "torch_predict(in_torch[1:], x_test)", "torch_predict(in_torch, x_test)"),
    "other images for the file": ("deploying/export_keras", 'interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)', 'interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images[::-1].copy())', 'BACKENDS = ["tensorflow", "jax", "torch"]', 'BACKENDS = ["tensorflow"]', 'FORMATS = ["tf_saved_model", "onnx", "litert", "openvino", "torch"]', 'FORMATS = ["litert"]', 'answers["jax"]', 'answers["tensorflow"]'),
    "no waves for anyone": ("porting/photograph", 'pictures = {"PyTorch": learn_in_torch(waves, kernels)}', 'pictures = {"PyTorch": learn_in_torch(places, drawn(2))}', "STEPS, RATE, WIDTH, WAVES, FINEST = 200", "STEPS, RATE, WIDTH, WAVES, FINEST = 100"),
    "another scale": ("porting/lora", "lora_alpha=SCALE * RANK", "lora_alpha=SCALE"),
    "another name for a tool": ("working/toolbox", '"keras.callbacks.EarlyStopping", "-"', '"-", "-"'),
    "no momentum for the statistics": ("jax/own_loop", "MOMENTUM * old + (1 - MOMENTUM) * new", "old"),
    "no positions in JAX": ("jax/transformer", ' + p["positions"]', ""),
    "an update thrown away": ("jax/convolution", "return optax.apply_updates(parameters, updates), state, loss", "return parameters, state, loss"),
    "no update in JAX": ("jax/train_mlp", "return optax.apply_updates(parameters, updates), state, loss", "return parameters, state, loss"),
    "flattened in another order": ("deploying/in_the_browser", "x = x.permute(0, 2, 3, 1)", "pass"),
    "no positions": ("pytorch/transformer", " + self.positions(torch.arange(LENGTH))", ""),
}  # fmt: skip


#: No lesson here is about C++, whose compiling takes longest.
NO_COMPILER = {"CXX": "no-such-compiler"}


#: What scripts import and what takes long; an interpreter that has imported it runs all of them that
#: choose the same backend of Keras.
WARMED = ("tensorflow", "torch", "jax", "matplotlib.pyplot", "sklearn.datasets")


def anyhow(code: str) -> str:
    """A pattern for code however its lines are broken."""
    tokens = re.findall(r"\w+|[^\w\s]", code)
    found = "".join(rf",?\s*\{one}" if one in ")]}" else rf"\s*{re.escape(one)}" for one in tokens)
    return found.removeprefix(r"\s*")


def mutated(example: str, *changes: str) -> str:
    source = (ROOT / f"gallery/{example}.py").read_text()
    for wanted, new in zip(changes[::2], changes[1::2], strict=True):
        old = wanted if wanted in source else "".join(re.findall(anyhow(wanted), source)) or wanted
        assert 1 == source.count(old), f"{example}: {old!r} stands there {source.count(old)} times"
        source = source.replace(old, new)
    return source


def warmed(example: scripts.Example) -> tuple[str, ...]:
    """The backend of Keras, and the modules that are imported before its script is run."""
    backend = "".join(HERE.chosen(example.source))
    return (backend, *WARMED, "keras") if backend else ("", *WARMED)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, str]]]:
    """How each ended and what it said. Those of one backend go through one interpreter; as many of
    these are busy as there are cores to be had, and backends."""
    examples = {example.name: example for example in FOUND}
    groups: dict[tuple[str, ...], dict[str, Path]] = {}
    for name, mutation in MUTATIONS.items():
        script = tmp_path_factory.mktemp("mutated") / "mutated.py"
        script.write_text(mutated(*mutation))
        groups.setdefault(warmed(examples[mutation[0]]), {})[name] = script

    def run_all(modules: tuple[str, ...], chosen: dict[str, Path]) -> dict[str, tuple[int, str]]:
        warm, ended = Warm(*modules[1:]), {}
        for name, script in chosen.items():
            home = script.parent / "home"
            home.mkdir()
            variables = environment(home) | process.OURS | SINGLE_THREADED | NO_COMPILER
            variables |= {"KERAS_BACKEND": modules[0]} if modules[0] else {}
            ended[name] = warm.script(script, script.parent, variables, timeout=120)
        warm.end()
        return ended

    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = [pool.submit(run_all, *group) for group in groups.items()]
        yield {name: ended for one in started for name, ended in one.result().items()}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_false_lesson_fails(outcomes, name: str) -> None:
    """The script ends by an assertion of its own."""
    code, text = outcomes[name]

    assert 1 == code, text
    raised = re.findall(r"^\w*(?:Error|Exception)\b", text, re.MULTILINE)
    assert "AssertionError" == raised[-1], text[-2000:]

"""
Count what the published article says
=====================================

The article that this site grew from says of itself that it takes 18 minutes to
read. It says of TensorFlow that its code is more verbose. Both can be counted, so
this script holds the article, to the letter, and counts: words, minutes, the tokens
of each sample, what is printed twice, and a name that was mangled on its way.

Look at the order of the bars. The framework that the article calls verbose does
not have the longest sample.
"""

# sphinx_gallery_tags = ["the original", "code length"]

import io
import keyword
import re
import tokenize

import matplotlib.pyplot as plt

# %%
# Constants
# ---------
# People read some 200 to 260 words a minute in silence. Code is not read word by word,
# so its words are counted at half.

WORDS_PER_MINUTE = 230
CODE_WEIGHT = 0.5

# %%
# The article
# -----------
# As it was published, its front matter included.

ARTICLE = """\
---
layout: post
title: "Deep Learning Frameworks: TensorFlow vs PyTorch vs Keras"
date: 2025-12-08
path_type: intermediate
categories:
  - deep-learning
  - frameworks
read_time: 18
---

Choosing the right deep learning framework is crucial for your AI projects. Learn about the differences between TensorFlow, PyTorch, and Keras.

![Deep Learning Frameworks illustration](/assets/images/deep-learning-frameworks.jpg)

![Deep Learning Frameworks illustration](/assets/images/deep-learning-frameworks.jpg)

## Overview

| Framework | Release | Main Owner | Primary Use Case |
|-----------|---------|------------|------------------|
| TensorFlow | 2015 | Google | Production deployment |
| PyTorch | 2016 | Facebook | Research and experimentation |
| Keras | 2015 | Fran√ßois Chollet | Rapid prototyping |

## TensorFlow

### Pros
- Production-ready deployment options (TensorFlow Serving, TensorFlow.js)
- TensorFlow Extended (TFX) for end-to-end ML pipelines
- TensorBoard for visualization
- Large community and extensive documentation

### Cons
- Steeper learning curve
- More verbose code
- Debugging can be challenging

### Example
```python
import tensorflow as tf

# Define model
model = tf.keras.Sequential([
    tf.keras.layers.Dense(128, activation='relu', input_shape=(784,)),
    tf.keras.layers.Dropout(0.2),
    tf.keras.layers.Dense(64, activation='relu'),
    tf.keras.layers.Dense(10, activation='softmax')
])

# Compile
model.compile(
    optimizer='adam',
    loss='sparse_categorical_crossentropy',
    metrics=['accuracy']
)

# Train
model.fit(x_train, y_train, epochs=10, validation_split=0.2)
```

## PyTorch

### Pros
- Pythonic and intuitive
- Dynamic computation graphs
- Easy debugging
- Strong research community

### Cons
- Production deployment less mature
- Fewer built-in tools compared to TensorFlow

### Example
```python
import torch
import torch.nn as nn

class NeuralNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = self.dropout(x)
        x = torch.relu(self.fc2(x))
        x = self.fc3(x)
        return torch.softmax(x, dim=1)

# Training loop
model = NeuralNet()
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()

for epoch in range(10):
    optimizer.zero_grad()
    outputs = model(inputs)
    loss = criterion(outputs, labels)
    loss.backward()
    optimizer.step()
```

## Keras

### Pros
- Simple, high-level API
- Fast prototyping
- Runs on top of TensorFlow, Theano, or CNTK
- Great documentation and examples

### Cons
- Less flexible for custom operations
- Not suitable for all research scenarios

### Example
```python
from keras.models import Sequential
from keras.layers import Dense, Dropout

model = Sequential([
    Dense(128, activation='relu', input_shape=(784,)),
    Dropout(0.2),
    Dense(64, activation='relu'),
    Dense(10, activation='softmax')
])

model.compile(optimizer='adam',
              loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])

model.fit(x_train, y_train, epochs=10, batch_size=32)
```

## Comparison

### When to Use TensorFlow
- Production deployment
- Mobile and web applications
- Large-scale distributed training
- Using TensorFlow ecosystem tools

### When to Use PyTorch
- Research and experimentation
- Custom model architectures
- Need for dynamic computation graphs
- Academic projects

### When to Use Keras
- Rapid prototyping
- Beginners starting with deep learning
- Standard architectures (CNNs, RNNs)
- Quick model iterations

## Performance Benchmarks

Training time comparison (ImageNet):
- TensorFlow: ~8-10 hours
- PyTorch: ~8-10 hours
- Keras (on TensorFlow): ~8-10 hours

*Note: Performance can vary based on hardware and model complexity*

## Learning Resources

- [TensorFlow Tutorials](https://www.tensorflow.org/tutorials)
- [PyTorch Tutorials](https://pytorch.org/tutorials/)
- [Keras Documentation](https://keras.io/)

## Recommendation

For **beginners**: Start with Keras for quick wins
For **researchers**: Use PyTorch for flexibility
For **production**: Choose TensorFlow for deployment

---

*Reading time: 18 minutes | Difficulty: Intermediate*"""

# %%
# Words and minutes
# -----------------
# What a reader sees: front matter and addresses are not read, and neither are rules
# and bars of tables.

body = ARTICLE.split("---\n", 2)[2]
samples = re.findall(r"```python\n(.*?)```", body, re.DOTALL)
prose = re.sub(r"```python\n.*?```", "", body, flags=re.DOTALL)
prose = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", prose)
prose = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", prose)
words = len(re.findall(r"\w+", prose))
code_words = sum(len(re.findall(r"\w+", sample)) for sample in samples)
minutes = (words + CODE_WEIGHT * code_words) / WORDS_PER_MINUTE
claimed_minutes = int(re.search(r"Reading time: (\d+)", body)[1])
print(
    f"{words} words and {code_words} of code: {minutes:.1f} min, "
    f"not {claimed_minutes}"
)
assert 2 * minutes < claimed_minutes

# %%
# Tokens
# ------
# A token is a name, a number, a string, an operator or a keyword, so a long name counts as
# much as a short one, and layout and comments count for nothing.

LAYOUT = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT,
    tokenize.DEDENT, tokenize.ENDMARKER,
}  # fmt: skip


def tokens(sample):
    found = tokenize.generate_tokens(io.StringIO(sample).readline)
    return [token for token in found if token.type not in LAYOUT]


counts = {
    name: len(tokens(s))
    for name, s in zip(("TensorFlow", "PyTorch", "Keras"), samples)
}
names = {
    name: len(
        {t.string for t in tokens(s) if t.type == tokenize.NAME}
        - set(keyword.kwlist)
    )
    for name, s in zip(counts, samples)
}
for name, count in counts.items():
    print(f"{name:<11} {count:>4} tokens, {names[name]:>3} different names")
assert counts["PyTorch"] == max(counts.values())

# %%
# Twice, and mangled
# ------------------
# One picture stands there two times. And a name went through two encodings: its UTF-8 was
# read as Mac Roman. Doing that backwards repairs it.

images = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", ARTICLE)
printed = re.search(r"\| (Fran\S+ \w+) \|", ARTICLE)[1]
repaired = printed.encode("mac_roman").decode("utf-8")
print(f"{len(images)} images, {len(set(images))} of them different")
print(f"{printed} -> {repaired}")
assert repaired != printed

# %%
# Result
# ------

measured = {
    "words": words,
    "code_words": code_words,
    "minutes": minutes,
    "claimed_minutes": claimed_minutes,
    "tokens_tensorflow": counts["TensorFlow"],
    "tokens_pytorch": counts["PyTorch"],
    "tokens_keras": counts["Keras"],
    "images": len(images),
    "different_images": len(set(images)),
    "name_printed": printed,
    "name_repaired": repaired,
}

# %%

colors = {"TensorFlow": "#b45309", "PyTorch": "#6b1f5e", "Keras": "#2563eb"}
ordered = sorted(counts, key=counts.get, reverse=True)
figure, axis = plt.subplots(figsize=(8, 2.2), layout="constrained")
bars = axis.barh(
    ordered, [counts[n] for n in ordered], color=[colors[n] for n in ordered]
)
axis.bar_label(bars, padding=4)
axis.invert_yaxis()
axis.set(title="Tokens in each published sample", xlabel="tokens")
axis.margins(x=0.1)
plt.show()

# %%
# What to try
# -----------
# Count the repaired scripts of this gallery in the same way: with data, a test set and a
# seed, the three come closer to each other. Put an article of your own in the place of
# this one, take out what looks for samples and for the name, and count its minutes.

/* A digit, drawn here and read here: the files that this build made, in the runtimes that browsers
   have for them. Nothing is loaded before it is asked for, and nothing leaves the page. */
const SIDE = 8, INK = 16, CLASSES = 10, RUNS = 50;
const FILES = "data/files/deploying/in_the_browser/";
const box = document.querySelector(".live");
const root = new URL(document.documentElement.dataset.content_root, location.href);
const vendor = new URL("_static/vendor/", root);

/* What is loaded, its size in bytes and its digest: docs/_static/vendor/README.md. */
const ORT = {
  path: "ort/ort-wasm-simd-threaded.wasm.gz",
  bytes: 3659927,
  integrity: "sha384-qUfMoOQbWvvFkZ7hcrMadpUAeXaVocoJ52cXGZerkc+xmEyLJO4XcVph3XmkDZEk",
};
const LITERT = {
  path: "litert/litert_wasm_compat_internal.wasm.gz",
  bytes: 2825577,
  integrity: "sha384-7L54uqBnC+l9pL20f2t5W2EAHGmLgSreeh8LKnAxucrGv6rVa0l8+Hq3xlF4qybW",
};

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && key !== "role") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const million = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

async function bytesOf(address, options = {}) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(`${address.pathname ?? address}: ${answer.status}`);
  return answer;
}

/* A runtime's program, which is kept compressed: any host then sends it small. */
async function unpacked({ path, integrity }) {
  const answer = await bytesOf(new URL(path, vendor), { integrity });
  const stream = answer.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* Each gives a function from an image, 64 numbers from 0 to 1, to ten probabilities. */
async function onnxRuntime(model) {
  const ort = await import(new URL("ort/ort.wasm.bundle.min.mjs", vendor));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = (await unpacked(ORT)).buffer;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  return async (image) => {
    const given = new ort.Tensor("float32", image, [1, 1, SIDE, SIDE]);
    const { probabilities } = await session.run({ image: given });
    return probabilities.data;
  };
}

let litert;
async function liteRt(model) {
  if (!litert) {
    litert = await import(new URL("litert/index.js", vendor));
    globalThis.Module = { wasmBinary: await unpacked(LITERT) };
    await litert.loadLiteRt(new URL("litert/litert_wasm_compat_internal.js", vendor).href);
  }
  const compiled = await litert.loadAndCompile(model, { accelerator: "wasm" });
  return async (image) => {
    const given = new litert.Tensor(image, [1, SIDE, SIDE, 1]);
    const [asked] = await compiled.run(given);
    const found = Float32Array.from(asked.toTypedArray());
    given.delete();
    asked.delete();
    return found;
  };
}

const MODELS = {
  "digits.onnx": { title: "ONNX Runtime Web", from: "PyTorch", load: onnxRuntime },
  "digits.tflite": { title: "LiteRT.js", from: "TensorFlow", load: liteRt },
  "digits-int8.tflite": { title: "LiteRT.js, eight bits", from: "TensorFlow", load: liteRt },
};

const ink = new Float32Array(SIDE * SIDE);
let cells, status, table, held, loading = false, sample = -1;
const runs = {};

/* The drawing: a grid whose cells arrow keys reach and the space bar inks. */
function grid() {
  const drawn = element("div", { className: "live-grid", role: "grid", "aria-label": "Drawing, eight by eight" });
  cells = [];
  for (let row = 0; row < SIDE; row++) {
    const line = element("div", { role: "row" });
    for (let column = 0; column < SIDE; column++) {
      const cell = element("div", { role: "gridcell", tabIndex: row || column ? -1 : 0 });
      cell.dataset.place = cells.length;
      cells.push(cell);
      line.append(cell);
    }
    drawn.append(line);
  }
  const paint = (event) => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-place]");
    if (event.buttons !== 1 || !cell) return;
    const place = Number(cell.dataset.place);
    put(place, INK);
    for (const near of [place % SIDE ? place - 1 : -1, place % SIDE < SIDE - 1 ? place + 1 : -1, place - SIDE, place + SIDE])
      if (ink[near] !== undefined) put(near, Math.max(ink[near], 5));
  };
  drawn.addEventListener("pointerdown", (event) => {
    event.target.releasePointerCapture?.(event.pointerId);
    paint(event);
  });
  drawn.addEventListener("pointermove", paint);
  window.addEventListener("pointerup", (event) => drawn.contains(event.target) && answer());
  drawn.addEventListener("keydown", (event) => {
    const place = Number(event.target.dataset.place);
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE };
    const to = place + (moves[event.key] ?? 0);
    const wraps = Math.abs(moves[event.key]) === 1 && Math.floor(to / SIDE) !== Math.floor(place / SIDE);
    if (event.key in moves && cells[to] && !wraps) {
      cells[place].tabIndex = -1;
      cells[to].tabIndex = 0;
      cells[to].focus();
    } else if (event.key === " " || event.key === "Enter") {
      put(place, ink[place] ? 0 : INK);
      answer();
    } else return;
    event.preventDefault();
  });
  return drawn;
}

function put(place, value) {
  ink[place] = value;
  const cell = cells[place];
  cell.style.setProperty("--ink", `${Math.round((100 * value) / INK)}%`);
  const [row, column] = [Math.floor(place / SIDE) + 1, (place % SIDE) + 1];
  cell.setAttribute("aria-label", `row ${row}, column ${column}: ${value ? "ink" : "empty"}`);
}

function show(image) {
  image.forEach((value, place) => put(place, value));
}

const largest = (values) => values.indexOf(Math.max(...values));
const scaled = (image) => Float32Array.from(image, (value) => value / INK);

async function answer() {
  if (!ink.some(Boolean)) {
    status.textContent = "Draw a digit, or take a sample.";
    return;
  }
  if (!box.classList.contains("is-loaded")) {
    if (!loading) status.textContent = "Drawn. Load the runtimes, and they read it.";
    return;
  }
  const told = [];
  for (const [file, run] of Object.entries(runs)) {
    const image = scaled(ink);
    const found = [...(await run(image))];
    const spent = [];
    for (let turn = 0; turn < RUNS; turn++) {
      const began = performance.now();
      await run(image);
      spent.push(performance.now() - began);
    }
    spent.sort((one, other) => one - other);
    const digit = largest(found);
    const row = table.querySelector(`[data-file="${file}"]`);
    row.querySelector(".live-answer").textContent = digit;
    row.querySelector(".live-sure").textContent = `${(100 * found[digit]).toFixed(1)}%`;
    row.querySelector(".live-time").textContent = `${spent[RUNS / 2].toFixed(2)} ms`;
    row.querySelector(".live-all").replaceChildren(
      ...found.map((value, place) =>
        element("span", { title: `${place}: ${(100 * value).toFixed(1)}%`, style: `--part: ${value}` }, String(place))),
    );
    told.push(`${MODELS[file].title}: ${digit}`);
  }
  status.textContent = `${told.join(", ")}.`;
}

/* Are these the answers that Python gave? */
async function compare(button) {
  button.disabled = true;
  const said = [];
  for (const [file, run] of Object.entries(runs)) {
    let same = 0, apart = 0;
    for (const [number, image] of held.images.entries()) {
      const found = [...(await run(scaled(image)))];
      const wanted = held.answers[file][number];
      same += largest(found) === largest(wanted);
      apart = Math.max(apart, ...found.map((value, place) => Math.abs(value - wanted[place])));
    }
    const row = table.querySelector(`[data-file="${file}"] .live-same`);
    row.textContent = `${same} of ${held.images.length}, within ${apart.toExponential(0)}`;
    Object.assign(row.dataset, { same, apart });
    said.push(`${MODELS[file].title}: ${row.textContent}`);
  }
  status.textContent = `The same answer as Python: ${said.join("; ")}.`;
  button.disabled = false;
}

async function load(button) {
  button.disabled = loading = true;
  try {
    held = await (await bytesOf(new URL(`${FILES}held.json`, root))).json();
    for (const [file, { title, load: begin }] of Object.entries(MODELS)) {
      status.textContent = `Loading ${title}…`;
      const model = new Uint8Array(await (await bytesOf(new URL(FILES + file, root))).arrayBuffer());
      runs[file] = await begin(model);
    }
  } catch (error) {
    status.textContent = `This did not load: ${error.message}`;
    button.disabled = loading = false;
    return;
  }
  button.remove();
  const next = element("button", { type: "button", onclick: () => {
    sample = (sample + 1) % held.images.length;
    show(held.images[sample]);
    answer();
  } }, "A sample digit");
  const check = element("button", { type: "button", onclick: () => compare(check) }, "Compare with Python");
  box.querySelector(".live-buttons").prepend(next);
  box.querySelector(".live-buttons").append(check);
  box.classList.add("is-loaded");
  if (ink.some(Boolean)) answer();
  else next.click();
}

function begin() {
  if (typeof WebAssembly !== "object" || typeof DecompressionStream !== "function") {
    box.textContent = "This browser lacks WebAssembly, or cannot unpack files: nothing can be run here.";
    return;
  }
  status = element("p", { className: "live-status", role: "status" });
  const start = element("button", { type: "button" },
    `Load the runtimes: ONNX Runtime Web ${million(ORT.bytes)}, LiteRT.js ${million(LITERT.bytes)}`);
  start.addEventListener("click", () => load(start));
  const clear = element("button", { type: "button", onclick: () => {
    show(new Array(SIDE * SIDE).fill(0));
    answer();
  } }, "Clear");
  const headings = ["Runtime", "Model from", "Answer", "Sure", "One image", "Ten digits", "As Python"];
  table = element("tbody");
  for (const [file, { title, from }] of Object.entries(MODELS)) {
    const row = element("tr", { "data-file": file }, element("th", { scope: "row" }, title), element("td", { "data-label": headings[1] }, from));
    ["answer", "sure", "time", "all", "same"].forEach((name, place) =>
      row.append(element("td", { className: `live-${name}`, "data-label": headings[place + 2] })));
    table.append(row);
  }
  const head = element("thead", {}, element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text))));
  box.replaceChildren(
    element("div", { className: "live-buttons" }, start, clear),
    element("div", { className: "live-both" }, grid(),
      element("div", { className: "wide-table", tabIndex: 0, role: "region", "aria-label": "Answers" }, element("table", { className: "table live-table cards" }, head, table))),
    status,
  );
  show(new Array(SIDE * SIDE).fill(0));
}

if (box) begin();

/* Side by side: one chooser for both columns, which stays in sight; the two never show one
   framework twice; the address keeps the choice; lines that differ are marked. Without this script
   each section has tabs of its own. */
(() => {
  "use strict";
  const GROUPS = { framework: "Left", "framework-other": "Right" };
  const names = Object.keys(GROUPS);

  const labels = (group) =>
    [...document.querySelectorAll(`.side-by-side .sd-tab-label[data-sync-group="${group}"]`)];
  const input = (label) => document.getElementById(label.htmlFor);
  const shown = (group) => labels(group).find((label) => input(label).checked)?.dataset.syncId;

  function show(group, id) {
    const label = labels(group).find((one) => one.dataset.syncId === id);
    if (!label) return;
    input(label).checked = true;
    // sphinx-design moves the other sections by this event, and remembers the choice.
    input(label).dispatchEvent(new Event("change", { bubbles: true }));
  }

  function keepInAddress() {
    const address = new URL(location.href);
    for (const group of names) address.searchParams.set(group, shown(group));
    history.replaceState(null, "", address);
  }

  /* One row of radio buttons for each column. */
  function chooser() {
    const box = document.createElement("div");
    box.className = "columns-chooser";
    for (const [group, said] of Object.entries(GROUPS)) {
      const set = document.createElement("fieldset");
      const legend = document.createElement("legend");
      legend.textContent = said;
      set.append(legend);
      const choices = new Map(labels(group).map((one) => [one.dataset.syncId, one.textContent.trim()]));
      for (const [id, title] of choices) {
        const button = document.createElement("input");
        Object.assign(button, { type: "radio", name: `columns-${group}`, value: id });
        button.addEventListener("change", () => show(group, id));
        const label = document.createElement("label");
        label.append(button, ` ${title}`);
        set.append(label);
      }
      box.append(set);
    }
    document.querySelector(".side-by-side").closest("section").before(box);
    document.documentElement.classList.add("has-columns-chooser");
    return box;
  }

  function follow(box) {
    for (const group of names)
      for (const button of box.querySelectorAll(`[name="columns-${group}"]`))
        button.checked = button.value === shown(group);
  }

  /* The code that a column of a section shows. */
  const code = (column) => {
    const open = [...column.querySelectorAll(".sd-tab-set > input")].findIndex((one) => one.checked);
    return [...(column.querySelectorAll(".sd-tab-content")[open]?.querySelectorAll("pre") ?? [])];
  };
  const lines = (blocks) =>
    blocks.flatMap((pre) => pre.textContent.split("\n")).map((line) => line.trim());

  function markLines(pre, others) {
    pre.dataset.plain ??= pre.innerHTML;
    const rows = pre.dataset.plain.split("\n");
    // A string over several lines is one element: such a block is left as it is.
    const whole = rows.every((row) => (row.match(/<span/g) ?? []).length === (row.match(/<\/span/g) ?? []).length);
    if (!whole) return;
    const text = pre.textContent.split("\n");
    pre.innerHTML = rows
      .map((row, number) =>
        text[number]?.trim() && !others.has(text[number].trim()) ? `<span class="differs">${row}</span>` : row)
      .join("\n");
  }

  function mark() {
    for (const pair of document.querySelectorAll(".side-by-side")) {
      const columns = [...pair.querySelectorAll(".sd-col")].map(code);
      if (columns.length !== 2) continue;
      const [left, right] = columns.map((blocks) => new Set(lines(blocks)));
      columns[0].forEach((pre) => markLines(pre, right));
      columns[1].forEach((pre) => markLines(pre, left));
    }
  }

  function begin() {
    if (!document.querySelector(".side-by-side")) return;
    const box = chooser();
    const before = Object.fromEntries(names.map((group) => [group, shown(group)]));
    if (before.framework === before["framework-other"]) {
      const others = labels("framework-other").map((label) => label.dataset.syncId);
      show("framework-other", others.find((id) => id !== before.framework));
      before["framework-other"] = shown("framework-other");
    }
    follow(box);
    mark();
    document.addEventListener("change", (event) => {
      const group = event.target.nextElementSibling?.dataset?.syncGroup;
      if (!names.includes(group)) return;
      const other = names.find((one) => one !== group);
      const now = shown(group);
      const free = before[group];
      before[group] = now;
      if (shown(other) === now) show(other, free);
      follow(box);
      mark();
      keepInAddress();
    });
  }

  window.addEventListener("load", begin);
})();

/* Which one for me? The tables on the page are the rules: a row for each answer, a cell for each
   framework that begins with first, good, hard or no. Without this script they are read by eye. */
(() => {
  "use strict";
  const WORTH = { first: 1, good: 0, hard: -1, no: -100 };
  const box = document.querySelector(".chooser-result");
  if (!box) return;

  const questions = [...document.querySelectorAll(".chooser-question")].map((around, number) => {
    const section = around.closest("section");
    const table = around.querySelector("table");
    const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].map((row) => ({
      row,
      answer: row.cells[0].textContent.trim(),
      cells: [...row.cells].slice(1),
    }));
    return { key: section.id, title: section.querySelector("h2").firstChild.textContent, names, rows, number };
  });
  const names = questions[0].names;

  function mark(cell) {
    return cell.querySelector("strong").textContent.trim();
  }

  function select(question) {
    const label = document.createElement("label");
    const words = document.createElement("span");
    words.textContent = question.title;
    const choice = document.createElement("select");
    choice.name = question.key;
    choice.add(new Option("does not matter", ""));
    for (const { answer } of question.rows) choice.add(new Option(answer, answer));
    choice.value = new URL(location.href).searchParams.get(question.key) ?? "";
    if (choice.selectedIndex < 0) choice.selectedIndex = 0;
    choice.addEventListener("change", () => {
      keepInAddress();
      show();
    });
    label.append(words, choice);
    question.choice = choice;
    return label;
  }

  function keepInAddress() {
    const address = new URL(location.href);
    for (const { key, choice } of questions) {
      if (choice.value) address.searchParams.set(key, choice.value);
      else address.searchParams.delete(key);
    }
    history.replaceState(null, "", address);
  }

  /* What a cell says of a framework, with its link, for the answer that it belongs to. */
  function reason(cell, answer) {
    const item = document.createElement("li");
    item.className = `chooser-${mark(cell)}`;
    item.append(`${answer}: `);
    for (const node of (cell.querySelector("p") ?? cell).childNodes) item.append(node.cloneNode(true));
    return item;
  }

  function show() {
    const chosen = questions
      .map(({ rows, choice }) => rows.find(({ answer }) => answer === choice.value))
      .filter(Boolean);
    for (const { rows } of questions)
      for (const one of rows) one.row.classList.toggle("is-chosen", chosen.includes(one));
    const ranked = names
      .map((name, place) => ({
        name,
        cells: chosen.map(({ cells, answer }) => ({ cell: cells[place], answer })),
      }))
      .map((one) => ({
        ...one,
        worth: one.cells.reduce((sum, { cell }) => sum + WORTH[mark(cell)], 0),
        out: one.cells.some(({ cell }) => mark(cell) === "no"),
      }))
      .sort((one, other) => other.worth - one.worth);
    const best = ranked[0];
    const list = document.createElement("ol");
    for (const one of ranked) {
      const item = document.createElement("li");
      const head = document.createElement("strong");
      head.textContent = one.name;
      item.append(head, one.out ? " is ruled out" : "");
      const reasons = document.createElement("ul");
      reasons.append(...one.cells.map(({ cell, answer }) => reason(cell, answer)));
      item.append(reasons);
      item.classList.toggle("is-out", one.out);
      list.append(item);
    }
    const tied = ranked.filter(({ worth, out }) => worth === best.worth && !out);
    said.textContent = !chosen.length
      ? "Choose an answer to begin."
      : tied.length === names.length
        ? "None of your answers tells them apart."
        : `${tied.map(({ name }) => name).join(" or ")}.`;
    result.replaceChildren(...(chosen.length ? [list] : []));
  }

  const form = document.createElement("form");
  form.className = "chooser-form";
  form.append(...questions.map(select));
  const said = document.createElement("p");
  said.className = "chooser-said";
  said.setAttribute("role", "status");
  const result = document.createElement("div");
  box.append(form, said, result);
  show();
})();

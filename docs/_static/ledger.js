/* The ledger: a field that leaves the rows in which all its words stand, beside the buttons that
   work without this script. */
(() => {
  "use strict";
  const tables = [...document.querySelectorAll("table.ledger, table.ledger-of-ours")];
  if (!tables.length) return;
  const rows = tables.flatMap((table) => [...table.tBodies[0].rows]);
  const texts = rows.map((row) => row.textContent.toLowerCase());

  const box = document.createElement("p");
  box.className = "ledger-search";
  const field = document.createElement("input");
  Object.assign(field, { type: "search", id: "ledger-words", autocomplete: "off" });
  field.value = new URL(location.href).searchParams.get("words") ?? "";
  const label = document.createElement("label");
  label.htmlFor = field.id;
  label.textContent = "Words: ";
  const count = document.createElement("output");
  count.htmlFor = field.id;
  box.append(label, field, count);

  function leave() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    rows.forEach((row, number) => {
      row.hidden = !words.every((word) => texts[number].includes(word));
      left += !row.hidden;
    });
    count.textContent = words.length ? ` ${left} of ${rows.length} statements` : "";
    const address = new URL(location.href);
    if (words.length) address.searchParams.set("words", field.value);
    else address.searchParams.delete("words");
    history.replaceState(null, "", address);
  }

  field.addEventListener("input", leave);
  const filters = document.querySelector(".ledger-filters") ?? tables[0].closest(".wide-table") ?? tables[0];
  filters.before(box);
  leave();
})();

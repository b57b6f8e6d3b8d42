/* The ledger: its field leaves the rows in which all its words stand, beside the buttons that work
   without this script. */
(() => {
  "use strict";
  const field = document.getElementById("ledger-words");
  if (!field) return;
  const count = document.querySelector("output[for=ledger-words]");
  const rows = [...document.querySelectorAll(":is(table.ledger, table.ledger-of-ours) > tbody > tr")];
  let texts;

  function leave() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length && !texts) return;
    texts ??= rows.map((row) => row.textContent.toLowerCase());
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
  // What was typed before this script had come stays.
  field.value ||= new URL(location.href).searchParams.get("words") ?? "";
  leave();
})();

/* Tables: what sorts is a button in the header of its column, for every key and screen reader. */
(() => {
  "use strict";
  for (const header of document.querySelectorAll("table.sortable thead th")) {
    if (header.classList.contains("no-sort") || !header.textContent.trim()) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...(header.querySelector("p") ?? header).childNodes);
    header.replaceChildren(button);
  }
})();

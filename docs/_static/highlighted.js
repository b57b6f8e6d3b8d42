/* The link that takes back the marks of a search: Sphinx's own runs from its address, which no
   page here may. */
(() => {
  "use strict";
  const link = document.querySelector(".highlight-link a");
  if (!link) return;
  link.href = "#";
  link.addEventListener("click", (event) => {
    event.preventDefault();
    SphinxHighlight.hideSearchWords();
  });
})();

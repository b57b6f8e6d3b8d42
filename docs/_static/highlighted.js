/* The link that takes back the marks of a search: Sphinx's own runs from its address, which no
   page here may. It is mended as soon as it comes, and so this comes before Sphinx's script. */
(() => {
  "use strict";
  new MutationObserver((_, observer) => {
    const link = document.querySelector(".highlight-link a");
    if (!link) return;
    observer.disconnect();
    link.href = "#";
    link.addEventListener("click", (event) => {
      event.preventDefault();
      SphinxHighlight.hideSearchWords();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();

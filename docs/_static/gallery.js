/* The gallery: says how many lessons the buttons leave, hides headings with nothing below, and
   keeps the choice in the address. Without this script the buttons do their work all the same. */
(() => {
  "use strict";
  const GROUPS = ["facet", "in"];
  const chosen = (group) =>
    document.querySelector(`input[name="gallery-${group}"]:checked`)?.value ?? "all";

  function tell() {
    const status = document.querySelector(".gallery-count");
    const cards = [...document.querySelectorAll(".shots .shot")];
    for (const section of document.querySelectorAll("article section section")) {
      section.hidden = false;
      const own = [...section.querySelectorAll(".shot")];
      section.hidden = own.length > 0 && own.every((card) => !card.checkVisibility());
    }
    const left = cards.filter((card) => card.checkVisibility()).length;
    status.textContent = left === cards.length ? `${left} lessons` : `${left} of ${cards.length} lessons`;
  }

  function keepInAddress() {
    const address = new URL(location.href);
    for (const group of GROUPS) {
      if (chosen(group) === "all") address.searchParams.delete(group);
      else address.searchParams.set(group, chosen(group));
    }
    history.replaceState(null, "", address);
  }

  const filters = document.querySelector(".gallery-filters");
  if (!filters) return;
  const asked = new URL(location.href).searchParams;
  for (const group of GROUPS) {
    const button = [...filters.querySelectorAll(`input[name="gallery-${group}"]`)]
      .find((one) => one.value === asked.get(group));
    if (button) button.checked = true;
  }
  filters.addEventListener("change", () => {
    tell();
    keepInAddress();
  });
  tell();
})();

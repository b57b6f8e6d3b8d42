/* Side by side: the two columns never show one framework twice, and the address keeps the choice.
   Without this script each column is chosen for itself. */
(() => {
  "use strict";
  const GROUPS = ["framework", "framework-other"];

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
    for (const group of GROUPS) address.searchParams.set(group, shown(group));
    history.replaceState(null, "", address);
  }

  function begin() {
    const columns = document.querySelectorAll(".side-by-side");
    if (!columns.length) return;
    const before = Object.fromEntries(GROUPS.map((group) => [group, shown(group)]));
    if (before.framework === before["framework-other"]) {
      const others = labels("framework-other").map((label) => label.dataset.syncId);
      show("framework-other", others.find((id) => id !== before.framework));
      before["framework-other"] = shown("framework-other");
    }
    document.addEventListener("change", (event) => {
      const group = event.target.nextElementSibling?.dataset?.syncGroup;
      if (!GROUPS.includes(group)) return;
      const other = GROUPS.find((one) => one !== group);
      const now = shown(group);
      const free = before[group];
      before[group] = now;
      if (shown(other) === now) show(other, free);
      keepInAddress();
    });
  }

  window.addEventListener("load", begin);
})();

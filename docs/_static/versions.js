/* The list of versions, from switcher.json at the site's root. Without this script the
   list holds one link, to a page that has them all. What the list and the address say is taken
   for what it is: an entry that is none, or that leads out of the site, is left out. */
(() => {
  "use strict";
  const MISSING = "missing";
  const PAGE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.html$/;

  /* An address of this site, or null. */
  function within(root, address) {
    try {
      const found = new URL(address, root);
      return found.origin === location.origin && found.pathname.startsWith(root.pathname) ? found : null;
    } catch {
      return null;
    }
  }

  /* A page that another version lacks: its reader lands on that version's home, with a word. */
  async function sayWhatIsMissing(list, root) {
    const address = new URL(location.href);
    const page = address.searchParams.get(MISSING);
    const article = document.querySelector(".bd-article");
    if (page === null || !article) return;
    address.searchParams.delete(MISSING);
    history.replaceState(null, "", address);
    // Anybody can write an address: only what is true is said, on a home, of a page that other
    // versions have and this one has not.
    const others = PAGE.test(page) && list.dataset.page === "index.html" && within(root, `versions/${page}`);
    if (!others || !(await fetch(others, { method: "HEAD", mode: "same-origin" })).ok) return;
    if (!(await lacks(new URL(page, location.href)))) return;
    const word = document.createElement("p");
    word.className = "version-word";
    word.setAttribute("role", "status");
    word.textContent = `Version ${list.dataset.version} has no page ${page}. This is its home.`;
    article.prepend(word);
  }

  /* Only a clear "not found" counts; where the host says nothing, the link is followed. */
  async function lacks(address) {
    try {
      return [404, 410].includes((await fetch(address, { method: "HEAD", mode: "same-origin" })).status);
    } catch {
      return false;
    }
  }

  async function follow(event, home, page) {
    // A click that opens a tab of its own goes its way.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const same = new URL(page, home);
    same.hash = location.hash;
    if (await lacks(same)) {
      const first = new URL("index.html", home);
      first.searchParams.set(MISSING, page);
      location.assign(first);
    } else {
      location.assign(same);
    }
  }

  function item(entry, root, list) {
    const named = (value) => typeof value === "string" && value.trim() !== "";
    if (!entry || !named(entry.version) || !named(entry.url) || !entry.url.endsWith("/")) return [];
    const home = within(root, entry.url);
    if (!home || home.search || home.hash) return [];
    const link = document.createElement("a");
    link.href = new URL(list.dataset.page, home);
    link.textContent = named(entry.name) ? entry.name : entry.version;
    if (entry.version === list.dataset.version) link.setAttribute("aria-current", "true");
    link.addEventListener("click", (event) => follow(event, home, list.dataset.page));
    const line = document.createElement("li");
    line.append(link);
    return [line];
  }

  async function fill(lists, root) {
    const answer = await fetch(new URL("switcher.json", root), { mode: "same-origin" });
    if (!answer.ok) return;
    const entries = await answer.json();
    for (const list of lists) {
      list.querySelector("ul").prepend(...entries.flatMap((entry) => item(entry, root, list)));
    }
  }

  const lists = [...document.querySelectorAll(".version-list")];
  if (!lists.length) return;
  const root = new URL(lists[0].dataset.root, location.href);
  // The link that stands there already will do where the list can't be had.
  sayWhatIsMissing(lists[0], root).catch(() => {});
  fill(lists, root).catch(() => {});
  document.addEventListener("click", (event) => {
    for (const list of lists) if (!list.contains(event.target)) list.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const open = lists.find((list) => list.open);
    if (event.key === "Escape" && open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
})();

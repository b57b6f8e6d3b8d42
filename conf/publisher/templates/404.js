/* A host shows this page at the address that was not found, however deep: first find the
   site's root, then say which versions have the page that was looked for. The address is a
   stranger's, and so may be what is found there: nothing of another host is asked or linked. */
document.addEventListener("DOMContentLoaded", async () => {
  "use strict";
  const NAMES = "versions";
  const PAGE = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.html$/;
  // Two slashes at the beginning would name another host.
  const parts = location.pathname.split("/").filter(Boolean);
  const folder = location.pathname.endsWith("/");

  function within(root, address, from = root) {
    try {
      const found = new URL(address, from);
      return found.origin === location.origin && found.pathname.startsWith(root.pathname) ? found : null;
    } catch {
      return null;
    }
  }

  async function findRoot() {
    // From the deepest folder up: what is above the site may be another one.
    for (let depth = parts.length - (folder ? 0 : 1); depth >= 0; depth -= 1) {
      const path = parts.slice(0, depth).map((part) => `${part}/`).join("");
      const root = new URL(`/${path}`, location.origin);
      try {
        const answer = await fetch(new URL("switcher.json", root), { mode: "same-origin" });
        if (answer.ok && Array.isArray(await answer.json())) return [root, depth];
      } catch { /* not there, or not a list: look one level up */ }
    }
    return [null, 0];
  }

  function say(root, page, list, text) {
    const found = new DOMParser().parseFromString(text, "text/html");
    const lines = document.createElement("ul");
    for (const line of found.querySelectorAll(".versions li")) {
      const link = line.querySelector("a");
      const address = link && !line.querySelector(".lacks") && within(root, link.getAttribute("href"), list);
      if (!address) continue;
      const copy = document.createElement("li");
      const anchor = document.createElement("a");
      anchor.href = address;
      anchor.textContent = `${page} in version ${link.textContent}`;
      copy.append(anchor);
      lines.append(copy);
    }
    if (!lines.children.length) return;
    const said = document.createElement("p");
    said.textContent = `“${page}” is in other versions:`;
    document.getElementById("elsewhere").append(said, lines);
  }

  const [root, depth] = await findRoot();
  if (!root) return;
  for (const link of document.querySelectorAll("header a, [data-from-root]")) {
    link.href = new URL(link.getAttribute("href"), root);
  }
  // Below a version, or an address from before there were versions.
  for (const skipped of [depth + 1, depth]) {
    // A name right below the root is a page, where it is not a folder.
    if (skipped > parts.length || (skipped === parts.length && !folder)) continue;
    const page = parts.slice(skipped).join("/") + (folder ? `${skipped === parts.length ? "" : "/"}index.html` : "");
    // Anybody can write an address: what is no page's name is neither asked for nor said.
    const list = PAGE.test(page) && within(root, `${NAMES}/${page}`);
    if (!list) continue;
    const answer = await fetch(list, { mode: "same-origin" });
    if (answer.ok) return say(root, page, list, await answer.text());
  }
});

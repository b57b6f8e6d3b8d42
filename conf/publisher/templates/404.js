/* A host shows this page at the address that was not found, however deep: first find the
   site's root, then say which versions have the page that was looked for. */
document.addEventListener("DOMContentLoaded", async () => {
  "use strict";
  const NAMES = "versions";
  const parts = location.pathname.split("/").slice(1);

  async function findRoot() {
    // From the deepest folder up: what is above the site may be another one.
    for (let depth = parts.length - 1; depth >= 0; depth -= 1) {
      const root = new URL(`/${parts.slice(0, depth).map((part) => `${part}/`).join("")}`, location.href);
      try {
        const answer = await fetch(new URL("switcher.json", root));
        if (answer.ok && Array.isArray(await answer.json())) return [root, depth];
      } catch { /* not there, or not a list: look one level up */ }
    }
    return [null, 0];
  }

  function say(page, list, text) {
    const found = new DOMParser().parseFromString(text, "text/html");
    const have = [...found.querySelectorAll(".versions li")].filter((line) => !line.querySelector(".lacks"));
    const here = document.getElementById("elsewhere");
    const said = document.createElement("p");
    said.textContent = `“${page}” is in other versions:`;
    const lines = document.createElement("ul");
    for (const line of have) {
      const link = line.querySelector("a");
      const copy = document.createElement("li");
      const anchor = document.createElement("a");
      anchor.href = new URL(link.getAttribute("href"), list);
      anchor.textContent = `${page} in version ${link.textContent}`;
      copy.append(anchor);
      lines.append(copy);
    }
    here.append(said, lines);
  }

  const [root, depth] = await findRoot();
  if (!root) return;
  for (const link of document.querySelectorAll("header a, [data-from-root]")) {
    link.href = new URL(link.getAttribute("href"), root);
  }
  // Below a version, or an address from before there were versions.
  for (const skipped of [depth + 1, depth]) {
    let page = parts.slice(skipped).join("/");
    if (page === "" || page.endsWith("/")) page += "index.html";
    const list = new URL(`${NAMES}/${page}`, root);
    const answer = await fetch(list);
    if (answer.ok) return say(page, list, await answer.text());
  }
});

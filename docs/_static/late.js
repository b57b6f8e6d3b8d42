/* Scripts that nothing which a reader reads waits for, once the page was drawn: menus, buttons that copy. In
   their order, since one leans on another. */
(() => {
  "use strict";
  const names = document.currentScript.dataset.scripts.split(" ");
  function load() {
    for (const name of names) {
      const script = document.createElement("script");
      script.src = name;
      script.async = false;
      document.head.append(script);
    }
  }
  // A page that nobody looks at is drawn later, or never.
  if (document.hidden) load();
  else requestAnimationFrame(() => setTimeout(load));
})();

/* Scripts that nothing which a reader reads waits for, once the page was drawn: menus, buttons that copy. In
   their order, since one leans on another. */
(() => {
  "use strict";
  const names = document.currentScript.dataset.scripts.split(" ");
  let asked = false;
  function load() {
    if (asked) return;
    asked = true;
    for (const name of names) {
      const script = document.createElement("script");
      script.src = name;
      script.async = false;
      document.head.append(script);
    }
  }
  // The browser tells when it has painted. A page that nobody looks at is painted later, or never.
  if (document.hidden || !PerformanceObserver.supportedEntryTypes?.includes("paint")) return load();
  new PerformanceObserver(load).observe({ type: "paint", buffered: true });
  setTimeout(load, 3000);
})();

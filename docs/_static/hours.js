/* How long a training takes at a rate of the reader's own. Without this script the table below
   has the times of known machines. */
(() => {
  "use strict";
  const LOWEST = 1;
  const HIGHEST = 1e6;
  const STEPS = 600;

  function duration(seconds) {
    for (const [unit, name] of [[86400, "days"], [3600, "hours"], [60, "minutes"]]) {
      const value = seconds / unit;
      if (value >= 2) {
        return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ${name}`;
      }
    }
    return `${seconds.toLocaleString("en", { maximumSignificantDigits: 3 })} seconds`;
  }

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function calculator(place) {
    const images = Number(place.dataset.images);
    const overhead = Number(place.dataset.overhead);
    const number = element("input", { type: "number", id: "hours-rate", min: LOWEST, max: HIGHEST, value: 2500 });
    const slider = element("input", {
      type: "range", min: 0, max: STEPS, "aria-label": "Images a second, on a logarithmic scale",
    });
    const told = element("output", { for: "hours-rate" });
    const scale = Math.log(HIGHEST / LOWEST);

    function show() {
      const rate = Number(number.value);
      if (!(rate >= LOWEST && rate <= HIGHEST)) {
        told.textContent = `Write a number from ${LOWEST} to ${HIGHEST.toLocaleString("en")}.`;
        return;
      }
      slider.value = (Math.log(rate / LOWEST) / scale) * STEPS;
      const seconds = images / rate;
      told.textContent = `${duration(seconds)}, ${duration(seconds * (1 + overhead))} with ${Math.round(overhead * 100)} % more`;
    }

    number.addEventListener("input", show);
    slider.addEventListener("input", () => {
      number.value = Math.round(LOWEST * Math.exp((slider.value / STEPS) * scale));
      show();
    });
    place.append(
      element("label", { for: "hours-rate" }, "Images a second of your machine: "),
      number, slider, element("p", {}, told),
    );
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("div.hours").forEach(calculator);
  });
})();

// A page to click, inside a slide: it takes its theme from the deck and hands back the keys that lead out of it.
(() => {
  "use strict";
  addEventListener("message", ({ data }) => {
    if (data?.practicum !== "theme") return;
    document.documentElement.dataset.theme = data.dark ? "dark" : "light";
    if (data.dark) document.documentElement.setAttribute("theme", "dark");
    else document.documentElement.removeAttribute("theme");
  });
  addEventListener("DOMContentLoaded", () => parent.postMessage({ practicum: "theme?" }, "*"));
  addEventListener("keydown", (event) => {
    if (!["Escape", "PageDown", "PageUp"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    parent.postMessage({ practicum: "key", key: event.key }, "*");
  }, { capture: true });
})();

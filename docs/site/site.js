// The little that the pages do themselves; they can be read without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // The explorers take the theme from the page around them. On paper they are light.
  const setTheme = (isDark) => (isDark ? root.setAttribute("theme", "dark") : root.removeAttribute("theme"));
  setTheme(dark.matches);
  dark.addEventListener("change", () => setTheme(dark.matches));
  addEventListener("beforeprint", () => {
    setTheme(false);
    for (const picture of document.querySelectorAll("img[loading]")) picture.loading = "eager";
  });
  addEventListener("afterprint", () => setTheme(dark.matches));

  // What is too wide or too long scrolls by itself. It can be reached with the keyboard then, and only then.
  function reachable(node) {
    const wide = node.scrollWidth > node.clientWidth + 1;
    const long = node.matches(".long") && node.scrollHeight > node.clientHeight + 1;
    node.toggleAttribute("data-more", wide && node.scrollLeft + node.clientWidth < node.scrollWidth - 2);
    node.toggleAttribute("data-below", long && node.scrollTop + node.clientHeight < node.scrollHeight - 2);
    const what = node.closest("[data-what]")?.dataset.what ?? "text";
    const label = wide || long ? `${what}, scrolls${long ? "" : " sideways"}` : null;
    if (label === node.getAttribute("aria-label")) return; // as at almost every step of scrolling
    if (label) {
      node.tabIndex = 0;
      node.setAttribute("role", "group");
      node.setAttribute("aria-label", label);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) node.removeAttribute(name);
    }
  }

  // In the table of contents: the section that is being read.
  function follow(links) {
    const sections = [...links].map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
    let waiting = false;
    const mark = () => {
      waiting = false;
      const place = sections.findLastIndex((section) => section.getBoundingClientRect().top < innerHeight / 3);
      links.forEach((link, number) => link.toggleAttribute("data-here", number === place));
    };
    addEventListener("scroll", () => {
      if (!waiting) requestAnimationFrame(mark);
      waiting = true;
    }, { passive: true });
    mark();
  }

  addEventListener("DOMContentLoaded", () => {
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => reachable(entry.target)));
    for (const node of document.querySelectorAll("main pre, main .scroll")) {
      if (!node.closest(".practicum, .practicum-audit")) {
        sizes.observe(node);
        node.addEventListener("scroll", () => reachable(node), { passive: true });
      }
    }
    const links = document.querySelectorAll(".side a");
    if (links.length) follow(links);
  });
})();

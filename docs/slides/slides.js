// What a deck does itself; everything else is reveal.js.
(() => {
  "use strict";
  const root = document.documentElement;
  const printing = /[?&](print-pdf|view=print)/i.test(location.search);
  const preview = /[?&]receiver/i.test(location.search); // one of the two small slides in the speaker's window
  const store = "practicum-slides-theme";
  // reveal.js lays out what is printed from frame to frame; Chromium without a window (--print-to-pdf) draws none.
  if (printing) window.requestAnimationFrame = (then) => setTimeout(then, 0);

  // Light or dark: as the system says, or as chosen with T. On paper it is light.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function remembered() {
    try { return localStorage.getItem(store); } catch { return null; }
  }
  const isDark = () => !printing && (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  function tellFrames() {
    for (const frame of document.querySelectorAll("iframe.explorer")) {
      frame.contentWindow?.postMessage({ practicum: "theme", dark: isDark() }, "*");
    }
  }
  function setTheme(name) {
    if (name) root.dataset.theme = name;
    tellFrames();
  }
  function turnTheme() {
    const name = isDark() ? "light" : "dark";
    try { localStorage.setItem(store, name); } catch { /* a browser that keeps nothing */ }
    setTheme(name);
  }
  setTheme(printing ? "light" : remembered());
  dark.addEventListener("change", tellFrames);

  // A slide is as large as the screen's shape asks for: wide on a projector, tall on a telephone.
  function sizes() {
    if (printing || preview) return { width: 1280, height: 720 };
    const shape = innerHeight / innerWidth;
    const within = (low, value, high) => Math.round(Math.min(Math.max(value, low), high));
    return shape > 1.05
      ? { width: 720, height: within(960, 720 * shape, 1560) }
      : { width: 1280, height: within(720, 1280 * shape, 960) };
  }

  // Text that does not fit is made smaller, down to 20 pixels, which the styles keep to (on a telephone tables may be smaller).
  const STEPS = [1, 0.93, 0.86, 0.8, 0.74, 0.68, 0.62, 0.55, 0.48];
  const overflows = (node) => node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1;
  function fit() {
    root.classList.add("measuring");
    for (const sheet of document.querySelectorAll(".sheet")) {
      const parts = [sheet, sheet.querySelector(".body"), ...sheet.querySelectorAll("pre, table, .beside")];
      for (const step of STEPS) {
        sheet.style.setProperty("--fit", step);
        if (!parts.some(overflows)) break;
      }
    }
    root.classList.remove("measuring");
  }

  // The speaker's window is written by reveal.js; this is what its styles lack: code that wraps, nothing laid over the next slide.
  const SPEAKER = `
    body { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
    .speaker-controls-notes .value { overflow-wrap: anywhere; font-size: 1.1em; }
    .speaker-controls-notes .value :is(pre, code) { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .86em; }
    .speaker-controls-notes .value pre { padding: .5em .7em; background: #f1f3f6; border-radius: 6px; }
    .speaker-controls-notes .value pre code { font-size: 1em; }
    .speaker-controls-notes .value :is(th, td) { padding: .15em .9em .15em 0; text-align: left; vertical-align: top; }
    #upcoming-slide .label { top: auto; bottom: 14px; left: 14px; height: 26px; line-height: 26px; }
    body[data-speaker-layout="default"] #speaker-layout { top: calc(40% + 6px); height: 26px; line-height: 26px; }
    body[data-speaker-layout="default"] .speaker-controls-time { padding-top: 30px; }
  `;
  function dress(view) {
    try {
      const sheet = Object.assign(view.document.createElement("style"), { id: "ours", textContent: SPEAKER });
      if (!view.document.getElementById("ours")) view.document.head.append(sheet);
    } catch { /* a browser that keeps the two windows apart: it stays as reveal.js made it */ }
  }

  window.startDeck = () => {
    root.classList.toggle("preview", preview);
    if (preview) for (const frame of document.querySelectorAll("iframe.explorer")) frame.inert = true;
    const shape = () => root.classList.toggle("upright", sizes().width === 720);
    shape();
    Reveal.initialize({
      ...sizes(), margin: 0, minScale: 0.1, maxScale: 4, center: false, display: "block", hash: true,
      navigationMode: "linear", slideNumber: "c/t", controlsTutorial: false, transition: "none",
      backgroundTransition: "none", scrollActivationWidth: null, pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,
      preloadIframes: preview ? true : null, // without it the speaker's window shows empty frames
      keyboard: { 84: turnTheme }, plugins: [RevealNotes],
    });
    Reveal.on("ready", () => {
      fit();
      Reveal.registerKeyboardShortcut("T", "Light or dark");
      if (printing) {
        for (const frame of document.querySelectorAll("iframe[data-src]")) frame.src = frame.dataset.src;
      }
    });
    addEventListener("resize", () => {
      if (printing) return;
      shape();
      Reveal.configure(sizes());
      fit();
    });
    // A page to click keeps its keys to itself; Escape and a remote control lead out of it.
    addEventListener("message", ({ data, source }) => {
      if (typeof data === "string" && data.includes('"reveal-notes"')) dress(source);
      if (data?.practicum === "theme?") tellFrames();
      if (data?.practicum !== "key") return;
      focus();
      document.activeElement?.blur();
      if (data.key === "PageDown") Reveal.next();
      if (data.key === "PageUp") Reveal.prev();
    });
  };
})();

// Start every page of this kind that stands in the document and has not been started.
for (const root of document.querySelectorAll(`[data-practicum-explorer="${KIND}"]:not([data-started])`)) {
  root.setAttribute("data-started", "");
  const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const live = root.querySelector("[data-role=live]");
  try {
    startPage(root, live, data);
    root.classList.add("live");
  } catch (error) {
    live.replaceChildren(); // what stands there without scripts is still worth reading
    throw error;
  }
}

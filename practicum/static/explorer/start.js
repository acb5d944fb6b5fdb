/** Keys pressed in a page are the page's. Jupyter would take letters for commands, such as x to cut the cell. */
function keepFromNotebook(event) {
  const saves = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
  if (!saves) event.stopPropagation();
}

// Start every page of this kind that stands in the document and has not been started.
for (const root of document.querySelectorAll(`[data-practicum-explorer="${KIND}"]:not([data-started])`)) {
  root.setAttribute("data-started", "");
  const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const live = root.querySelector("[data-role=live]");
  try {
    startPage(root, live, data);
    markEdges(live);
    root.addEventListener("keydown", keepFromNotebook);
    root.classList.add("live");
  } catch (error) {
    live.replaceChildren(); // what stands there without scripts is still worth reading
    throw error;
  }
}

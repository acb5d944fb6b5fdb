// What the convolution page and the pooling page share: an input with padding shown, a tile that slides, Play and Step.

/** The input of one channel as a grid of numbers, padding included; light up a tile with mark(cells). */
function inputGrid(map, channel, { shape, top, left, bottom, right }, label, read, outside = { text: "0", title: "padding" }) {
  const largest = largestOf(map.values);
  const rows = [];
  for (let r = -top; r < shape[0] + bottom; r++) {
    const row = [];
    for (let c = -left; c < shape[1] + right; c++) {
      const inside = r >= 0 && r < shape[0] && c >= 0 && c < shape[1];
      const value = inside ? read(at(map, r, c, channel)) : 0;
      row.push({
        text: inside ? showShort(value) : outside.text,
        title: inside ? `row ${r}, column ${c}: ${show(value)}` : outside.title,
        class: inside ? "" : "padding",
        value,
        largest,
      });
    }
    rows.push(row);
  }
  const node = plainGrid(rows, label);
  const columns = shape[1] + left + right;
  return {
    node,
    mark(cells, kept) {
      for (const child of node.children) child.classList.remove("in-tile", "kept");
      for (const cell of cells) {
        const child = node.children[(cell.row + top) * columns + cell.column + left];
        child?.classList.add("in-tile");
        if (kept && cell.row === kept.row && cell.column === kept.column) child?.classList.add("kept");
      }
    },
    reveal: () => bringIntoView([...node.querySelectorAll(".in-tile")]),
  };
}

/** Play, Step and Start over, for a grid of rows × columns places; go(row, column) shows a place. */
function player(state, go, quiet) {
  let timer = null;
  const play = h("button", { type: "button", class: "command", onclick: () => (timer ? stop() : begin()) }, "▶ Play");
  const step = h("button", { type: "button", class: "command", onclick: () => (stop(), next()) }, "Step");
  const back = h("button", { type: "button", class: "command", onclick: () => (stop(), go(0, 0)) }, "Start over");
  const still = h("span", { class: "note" }, "Your system asks for less motion, so nothing moves by itself: use Step.");

  function next() {
    const place = state.row * state.columns + state.column + 1;
    const last = place >= state.rows * state.columns;
    if (last && timer) return stop();
    return last ? go(0, 0) : go(Math.floor(place / state.columns), place % state.columns);
  }
  function begin() {
    quiet(true); // reading every step out loud would never catch up
    if (state.row === state.rows - 1 && state.column === state.columns - 1) go(0, 0);
    timer = setInterval(() => (play.isConnected ? next() : stop()), 900);
    play.textContent = "❚❚ Pause";
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    quiet(false);
    play.textContent = "▶ Play";
  }
  const node = h("div", { class: "commands", role: "group", "aria-label": "Slide over the input" }, play, step, back, still);
  const follow = () => {
    play.hidden = wantsLessMotion();
    still.hidden = !play.hidden;
    if (play.hidden) stop();
  };
  window.matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", follow);
  follow();
  return { node, stop };
}

/** A grid of numbers in a box that scrolls sideways where there is no room, then also with the keyboard. */
function scrolling(grid, label) {
  const box = h("div", { class: "scroll" }, grid);
  new ResizeObserver(() => {
    const overflows = box.scrollWidth > box.clientWidth;
    const properties = { tabindex: "0", role: "group", "aria-label": `${label}, scrolls sideways` };
    for (const [name, text] of Object.entries(properties)) {
      if (overflows) box.setAttribute(name, text);
      else box.removeAttribute(name);
    }
  }).observe(box);
  return box;
}

/** Scroll the box around these cells sideways until they are in view; the page stays where it is. */
function bringIntoView(cells) {
  const box = cells[0]?.closest(".scroll");
  if (!box || box.scrollWidth <= box.clientWidth) return;
  const edge = box.getBoundingClientRect();
  const places = cells.map((cell) => cell.getBoundingClientRect());
  const left = Math.min(...places.map((place) => place.left)) - edge.left;
  const right = Math.max(...places.map((place) => place.right)) - edge.right;
  if (left < 0) box.scrollLeft += left;
  else if (right > 0) box.scrollLeft += right;
}

/** Rows and columns of padding that are used, so that the input can be drawn with them. */
function usedPadding(shape, tile, strides, padding) {
  const { rows, columns, top, left } = outputPlaces(shape, tile, strides, padding);
  const bottom = Math.max((rows - 1) * strides[0] + tile[0] - top - shape[0], 0);
  const right = Math.max((columns - 1) * strides[1] + tile[1] - left - shape[1], 0);
  return { shape, rows, columns, top, left, bottom, right };
}

function panel(title, ...content) {
  return h("section", { class: "panel" }, h(HEADING, {}, title), ...content);
}

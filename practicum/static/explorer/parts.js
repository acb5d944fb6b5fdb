// What the three pages are built from: elements, numbers as text, grids of values, the address.

/** The level below the page's title, which is an h1 in a saved page and an h3 in a notebook. */
const HEADING = document.documentElement.hasAttribute("data-practicum-page") ? "h2" : "h4";

/** An element. Text goes in as text, never as HTML; properties that begin with "on" are listeners. */
function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** Put children into a node in place of what it had; what is false or undefined is left out. */
function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
}

/** A number for people: four digits that count, a real minus sign. */
function show(x) {
  if (Number.isNaN(x)) return "not a number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  let text;
  if (Number.isInteger(x) && size < 1e7) text = String(x);
  else if (size >= 1e7 || size < 0.0005) text = x === 0 ? "0" : x.toExponential(1);
  else text = x.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4);
  return (text === "-0" ? "0" : text).replaceAll("-", "−");
}

/** The same in as few characters as a small cell has room for. */
function showShort(x) {
  if (!Number.isFinite(x) || (Number.isInteger(x) && Math.abs(x) < 1000)) return show(x);
  if (String(x).length <= 5) return String(x).replace("-", "−"); // short enough to stand as it is: 0.125
  const size = Math.abs(x);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.005 || size < 0.0005 ? 2 : 3;
  return (size >= 1e5 ? x.toExponential(0) : x.toFixed(digits)).replace(/^-(0\.?0*)$/, "$1").replaceAll("-", "−");
}

/** A factor in an equation: negative ones stand in brackets. */
function factor(x) {
  return x < 0 ? `(${show(x)})` : show(x);
}

/** "1 channel", "3 channels" */
function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** "row 2" or "rows −1 to 2" */
function span(noun, first, last) {
  return first === last ? `${noun} ${show(first)}` : `${noun}s ${show(first)} to ${show(last)}`;
}

/** Numbers from the page's data: little-endian, base64. */
function decode(text, Type = Float32Array) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i++) bytes[i] = characters.charCodeAt(i);
  return new Type(bytes.buffer);
}

/** Tell the styles for how many characters the cells of a grid need room: alike for all, up to five. */
function fit(nodes) {
  const lengths = nodes.map((node) => (node.value || node.textContent).length);
  if (!lengths.some(Boolean)) return; // a map of colours
  const usual = Math.min(Math.max(...lengths), 5);
  nodes.forEach((node, place) => {
    const length = Math.max(usual, lengths[place]);
    node.classList.toggle("long", length > 3);
    node.style.setProperty("--length", length);
  });
}

/** How strongly a cell is tinted, 0 to 1, and whether the value is negative: set as style and class. */
function tint(node, value, largest) {
  const strength = largest > 0 && Number.isFinite(value) ? Math.min(Math.abs(value) / largest, 1) : 0;
  node.style.setProperty("--tint", `${Math.round(strength * 100)}%`);
  node.classList.toggle("negative", value < 0);
}

/** The largest size of finite numbers; 0 if there are none. */
function largestOf(values) {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest && Number.isFinite(value)) largest = Math.abs(value);
  return largest;
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * A grid of buttons, one a value, with one place in the tab order; arrow keys, Home and End move inside it.
 * describe(row, column) gives {value, text, label, ...}; choose(row, column) is told what was clicked or reached;
 * paint(button, cell) may colour it. first is the row and column of the grid's first cell in its map.
 */
function valueGrid({ rows, columns, first = [0, 0], label, describe, choose, paint, beyond, className = "" }) {
  const node = h("div", {
    class: `grid ${className}`,
    role: "group",
    "aria-label": label,
    style: { "--columns": columns },
  });
  const buttons = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      buttons.push(h("button", { type: "button", class: "cell", tabindex: "-1", "data-row": first[0] + r, "data-column": first[1] + c }));
    }
  }
  node.append(...buttons);
  let focusable = buttons[0];
  const button = (row, column) => {
    const r = row - first[0];
    const c = column - first[1];
    return r >= 0 && c >= 0 && r < rows && c < columns ? buttons[r * columns + c] : undefined;
  };
  const place = (target) => [Number(target.dataset.row), Number(target.dataset.column)];

  function refresh() {
    for (const target of buttons) {
      const cell = describe(...place(target));
      target.textContent = cell.text ?? "";
      target.setAttribute("aria-label", cell.label);
      target.title = cell.label;
      paint?.(target, cell);
    }
    fit(buttons);
  }

  function select(row, column, focus = false) {
    const target = button(row, column);
    focusable.tabIndex = -1;
    focusable.removeAttribute("aria-pressed");
    focusable = target ?? buttons[0];
    focusable.tabIndex = 0;
    target?.setAttribute("aria-pressed", "true");
    if (focus) target?.focus();
  }

  node.addEventListener("click", (event) => {
    const target = event.target.closest("button.cell");
    if (target) choose(...place(target));
  });
  node.addEventListener("keydown", (event) => {
    const target = event.target.closest("button.cell");
    if (!target || event.ctrlKey || event.metaKey || event.altKey) return;
    let [row, column] = place(target);
    if (event.key in ARROWS) {
      row += ARROWS[event.key][0];
      column += ARROWS[event.key][1];
    } else if (event.key === "Home") column = first[1];
    else if (event.key === "End") column = first[1] + columns - 1;
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (button(row, column)) choose(row, column, true);
    else beyond?.(row, column);
  });
  refresh();
  focusable.tabIndex = 0;
  return { node, refresh, select, button };
}

/** A grid of numbers that are looked at, not clicked. cells are rows of {text, value, class, title}. */
function plainGrid(cells, label, className = "") {
  const nodes = cells.flat().map((cell) => {
    const node = h("span", { class: `cell ${cell.class ?? ""}`, title: cell.title ?? cell.text }, cell.text);
    if (cell.largest !== undefined) tint(node, cell.value, cell.largest);
    return node;
  });
  fit(nodes);
  return h("div", { class: `grid ${className}`, role: "img", "aria-label": label, style: { "--columns": cells[0].length } }, nodes);
}

/** A sign and what follows it: they stay together when a line is full. */
function joined(sign, ...nodes) {
  return h("span", { class: "joined" }, h("span", { class: "sign" }, sign), ...nodes);
}

/** A share as a percentage with one decimal. */
function percent(share) {
  return share > 0 && share < 0.0005 ? "under 0.1 %" : `${(share * 100).toFixed(1)} %`;
}

/** Rows of a flat list. */
function inRows(list, columns) {
  return Array.from({ length: Math.ceil(list.length / columns) }, (_, row) => list.slice(row * columns, (row + 1) * columns));
}

/** A choice among a few values: a labelled <select>. */
function choice(label, options, current, change) {
  const select = h(
    "select",
    { onchange: () => change(select.value) },
    options.map(([value, text]) => h("option", { value, selected: String(value) === String(current) }, text)),
  );
  return { node: h("label", { class: "control" }, h("span", {}, label), select), set: (value) => (select.value = value) };
}

/** The one place that says in words what is selected; screen readers read it out when it changes. */
function readout() {
  const node = h("p", { class: "readout", "data-role": "readout", "aria-live": "polite", "aria-atomic": "true" });
  return {
    node,
    say(value, ...text) {
      node.replaceChildren(...text);
      node.dataset.value = String(value);
    },
    quiet(on) {
      node.setAttribute("aria-live", on ? "off" : "polite");
    },
  };
}

/**
 * The selection in the page's address. Only a saved page has one of its own: inside a notebook the address belongs to
 * the notebook.
 */
function pageAddress(root, open) {
  const own = document.documentElement.hasAttribute("data-practicum-page");
  let written = null;
  const read = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (own) {
    window.addEventListener("hashchange", () => {
      if (location.hash !== written) open(read());
    });
  }
  return {
    first: own ? read() : {},
    write(selection) {
      if (!own) return;
      const text = Object.entries(selection).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
      written = `#${text.join("&")}`;
      if (location.hash === written) return;
      try {
        history.replaceState(null, "", written);
      } catch {
        // Safari refuses more than 100 in 30 seconds, which an arrow key held down reaches; the next one is written
      }
    },
  };
}

/** A whole number from an address, from 0 up to (not including) limit; otherwise what to use instead. */
function wholeNumber(text, limit, instead = 0) {
  const number = Number(text);
  return /^\d+$/.test(text ?? "") && number < limit ? number : instead;
}

const wantsLessMotion = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

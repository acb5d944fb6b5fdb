// The network page: every layer as a row of feature maps; choose a map, choose a value in it, walk back to the pixels.

const KIND = "network";
const WINDOW = 32; // a map larger than this is looked at through a window of so many rows and columns
const UNITS = 1024; // units of a long layer shown at a time

function startPage(root, live, data) {
  const network = makeNetwork(data);
  const { layers, className, isVector, mapName, nameOf } = network;
  const state = { image: 0, layer: 0, channel: 0, row: 0, column: 0, slice: null, all: false };
  const trail = []; // where one came from
  const said = readout();
  const images = h("div", { class: "choices", role: "group", "aria-label": "Images" });
  const answer = h("p", { class: "answer" });
  const overview = h("div", { class: "overview", role: "region", "aria-label": "The layers, from image to answer" });
  const detail = h("section", { class: "detail", "aria-label": "The chosen value" });
  const address = pageAddress(root, (selection) => {
    select(fromAddress(selection));
    reveal();
  });
  let rows = [];
  let grid;
  let frame = { row: 0, column: 0 };
  const back = h("button", { type: "button", class: "command", onclick: goBack }, "← Back");
  const toLayers = h("button", { type: "button", class: "command to-layers", onclick: showLayers }, "↑ All layers");
  const sight = h("figure", { class: "seen" });

  // The address ----------------------------------------------------------------------------------------------------

  function fromAddress(selection) {
    const named = layers.findIndex(({ name }) => name === selection.layer);
    if (named < 0) return { ...data.start, image: wholeNumber(selection.image, data.images.length) };
    const [height, width, channels] = layers[named].shape;
    return {
      image: wholeNumber(selection.image, data.images.length),
      layer: named,
      channel: wholeNumber(selection.channel, channels),
      row: wholeNumber(selection.row, height),
      column: wholeNumber(selection.column, width),
    };
  }

  // Choosing -------------------------------------------------------------------------------------------------------

  const unitOf = ({ layer, channel, row, column }) => ({ layer, channel, row, column });

  /** Show a value: {layer, channel, row, column}, and the image if it changes. focus: put the keyboard there. */
  function select(wanted, { focus = false, walk = false } = {}) {
    if (walk) trail.push({ ...unitOf(state), image: state.image });
    const moved = wanted.layer !== state.layer || wanted.channel !== state.channel || (wanted.image ?? state.image) !== state.image;
    if (wanted.image !== undefined && wanted.image !== state.image) {
      state.image = wanted.image;
      showImage();
    }
    Object.assign(state, unitOf(wanted));
    if (moved || !grid) Object.assign(state, { slice: null, all: false });
    address.write({ image: state.image, layer: layers[state.layer].name, channel: state.channel, row: state.row, column: state.column });
    mark();
    const command = detail.contains(document.activeElement) && document.activeElement.dataset.command;
    if (moved || !grid || !inFrame()) buildDetail();
    back.disabled = trail.length === 0;
    grid.select(state.row, state.column, focus);
    if (command && !focus) keepFocus(command);
    explainUnit();
  }
  /** A button that was pressed has been made anew: the keyboard stays on it, or goes to the value if it is off now. */
  function keepFocus(command) {
    (detail.querySelector(`[data-command="${command}"]:not(:disabled)`) ?? grid.button(state.row, state.column)).focus();
  }
  const walkTo = (unit) => select(unit, { walk: true, focus: true });

  function mark() {
    for (const [k, row] of rows.entries()) {
      row.node.classList.toggle("chosen", k === state.layer);
      row.mark?.(k === state.layer ? state.channel : null);
    }
  }

  /** Back to the layers, where the chosen one is: on a narrow screen they stand above the details. */
  function showLayers() {
    const { node } = rows[state.layer];
    node.scrollIntoView({ behavior: wantsLessMotion() ? "auto" : "smooth", block: "center" });
    (node.querySelector("[aria-pressed=true]") ?? node.querySelector("button")).focus({ preventScroll: true });
  }

  // The overview ---------------------------------------------------------------------------------------------------

  function showImage() {
    for (const button of images.querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.dataset.image) === state.image));
    const own = data.own.answers[state.image];
    const best = own.indexOf(Math.max(...own));
    const sure = layers.at(-1).classes && own.every((value) => value >= 0 && value <= 1);
    answer.replaceChildren("Its answer: ", h("strong", {}, layers.at(-1).classes ? className(best) : `unit ${best}`), sure ? ` (${percent(own[best])})` : ` (${show(own[best])})`, ". ", precision());
    rows = layers.map((layer, k) => layerRow(k, state.image));
    overview.replaceChildren(...rows.map(({ node }) => node));
  }

  function precision() {
    if (data.own.precision === "float32") return "";
    const here = network.map(layers.length - 1, state.image).values;
    const difference = Math.max(...data.own.answers[state.image].map((value, unit) => Math.abs(value - here[unit])));
    return `The model computes in ${data.own.precision}; this page in float32. Its own output differs by up to ${show(difference)}.`;
  }

  /** Open a value from the overview; stay: the keyboard stays there. */
  function open(unit, stay = false) {
    select(unit, { walk: true });
    if (!stay) reveal();
  }
  /** Bring the details into view if they are not: on a narrow screen they stand below the layers. */
  function reveal() {
    const { top } = detail.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight * 0.6) detail.scrollIntoView({ behavior: wantsLessMotion() ? "auto" : "smooth", block: "start" });
  }

  const layerRow = makeOverview({ network, data, root, open });

  // The chosen map -------------------------------------------------------------------------------------------------

  const explanation = h("div", { class: "explanation" });

  /** How many rows and columns are shown at a time. A layer of units is one row, shown in several lines. */
  function frameSize() {
    const [height, width] = layers[state.layer].shape;
    return isVector(state.layer) ? [1, Math.min(width, UNITS)] : [Math.min(height, WINDOW), Math.min(width, WINDOW)];
  }
  function inFrame() {
    const [height, width] = frameSize();
    return state.row >= frame.row && state.row < frame.row + height && state.column >= frame.column && state.column < frame.column + width;
  }
  function centreFrame() {
    const [height, width] = layers[state.layer].shape;
    const [tall, wide] = frameSize();
    const centred = (position, size, length) => Math.max(0, Math.min(position - Math.floor(size / 2), length - size));
    frame = isVector(state.layer)
      ? { row: 0, column: Math.floor(state.column / wide) * wide }
      : { row: centred(state.row, tall, height), column: centred(state.column, wide, width) };
  }

  function buildDetail() {
    const k = state.layer;
    const layer = layers[k];
    const map = network.map(k, state.image);
    const [height, width, channels] = map.shape;
    centreFrame();
    const [tall, wide] = frameSize();
    const columns = Math.min(wide, width - frame.column);
    const vector = isVector(k);
    const read = (row, column) => at(map, row, column, state.channel);
    const shown = [];
    for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) shown.push(read(row, column));
    const scale = colourScale(layer.palette, shown);
    const roomy = vector ? width <= 64 : Math.max(tall, columns) <= 10;
    grid = valueGrid({
      rows: tall,
      columns,
      first: [frame.row, frame.column],
      label: `${nameOf({ ...state, row: 0, column: 0 }).replace(", row 0, column 0", "")}: choose a value`,
      className: `map ${roomy ? "roomy" : Math.max(tall, columns) <= 18 && !vector ? "middle" : ""}`,
      describe: (row, column) => {
        const value = read(row, column);
        const where = vector ? (layer.classes ? className(column) : `unit ${column}`) : `row ${row}, column ${column}`;
        return { value, text: roomy ? showShort(value) : "", label: `${where}: ${show(value)}` };
      },
      choose: (row, column, focus = true) => select({ ...unitOf(state), row, column }, { focus }),
      paint: (button, cell) => scale.paint(button, cell.value),
      beyond: (row, column) => {
        if (row >= 0 && column >= 0 && row < height && column < width) select({ ...unitOf(state), row, column }, { focus: true });
      },
    });
    const windowed = tall < height || columns < width;
    fill(
      detail,
      h(
        "div",
        { class: "chosen-head" },
        h(
          "div",
          {},
          h("div", { class: "commands trail" }, back, toLayers, !vector && channels > 1 && neighbour(-1), !vector && channels > 1 && neighbour(1)),
          h(HEADING, {}, `${layer.name}${vector ? "" : `, ${mapName(k, state.channel)}`}`, h("span", { class: "note" }, ` ${vector ? counted(width, "unit") : `${height}×${width}, one of ${channels}`}`)),
        ),
        sight,
      ),
      windowed && h("p", { class: "note" }, vector ? `Units ${frame.column} to ${frame.column + columns - 1} of ${width}; arrow keys go on.` : `Rows ${frame.row} to ${frame.row + tall - 1} of ${height}, columns ${frame.column} to ${frame.column + columns - 1} of ${width}; arrow keys go on.`),
      windowed && !vector && pan(tall, columns),
      windowed && vector && paging(wide),
      said.node,
      h("div", { class: `looked-at ${vector ? "units" : ""}` }, h("div", { class: "chosen-map" }, vector ? grid.node : h("div", { class: "scroll" }, grid.node), scale.legend), explanation),
    );
  }

  function neighbour(step) {
    const channel = state.channel + step;
    const possible = channel >= 0 && channel < layers[state.layer].shape[2];
    const text = step < 0 ? "‹ previous map" : "next map ›";
    return h("button", { type: "button", class: "command", "data-command": `map ${step}`, disabled: !possible, onclick: () => select({ ...unitOf(state), channel }, { walk: true }) }, text);
  }
  function pan(tall, wide) {
    const [height, width] = layers[state.layer].shape;
    const clamp = (value, length) => Math.max(0, Math.min(value, length - 1));
    const go = (label, down, across) =>
      h("button", { type: "button", class: "command", "data-command": label, onclick: () => select({ ...unitOf(state), row: clamp(state.row + down * tall, height), column: clamp(state.column + across * wide, width) }) }, label);
    return h("div", { class: "commands", role: "group", "aria-label": "Move the window" }, go("← left", 0, -1), go("↑ up", -1, 0), go("↓ down", 1, 0), go("→ right", 0, 1));
  }
  function paging(wide) {
    const width = layers[state.layer].shape[1];
    const go = (label, column) => h("button", { type: "button", class: "command", "data-command": label, disabled: column < 0 || column >= width, onclick: () => select({ ...unitOf(state), column }) }, label);
    return h("div", { class: "commands", role: "group", "aria-label": "Other units" }, go("‹ earlier units", frame.column - wide), go("later units ›", frame.column + wide));
  }

  function goBack() {
    const last = trail.pop();
    if (last) select(last, { focus: true });
  }

  // Colours --------------------------------------------------------------------------------------------------------

  /** Colours for the values of a map, as in its small picture, and what they mean. */
  function colourScale(palette, values) {
    const colours = data.palettes[palette];
    let low = Math.min(...sample(values, Math.min), 0);
    let high = Math.max(...sample(values, Math.max));
    if (palette === "signed") [low, high] = [-1, 1].map((sign) => sign * (largestOf(values) || 1));
    const shareOf = (value) => Math.min(1, Math.max(0, (value - low) / (high - low || 1)));
    const colourOf = (value) => colours[Math.round(shareOf(value) * (colours.length - 1))];
    return {
      paint(button, value) {
        const [red, green, blue] = colourOf(value);
        button.style.background = `rgb(${red} ${green} ${blue})`;
        button.style.color = isLight(red, green, blue) ? "#000" : "#fff";
      },
      legend: h(
        "p",
        { class: "legend note" },
        h("span", {}, show(low)),
        h("span", { class: "ramp", "aria-hidden": "true", style: { background: `linear-gradient(to right, ${colours.map((colour) => `rgb(${colour.join(" ")})`).join(", ")})` } }),
        h("span", {}, show(high)),
      ),
    };
  }
  /** The least or the largest of many values, without handing them all to one call. */
  const sample = (values, pick) => [values.reduce((found, value) => pick(found, value), values[0])];
  function isLight(...channels) {
    const linear = channels.map((value) => ((value / 255) <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179;
  }

  // The explanation ------------------------------------------------------------------------------------------------

  const explain = makeExplanations({ network, data, state, walkTo, redraw });

  function explainUnit() {
    const { value, words, nodes } = explain(unitOf(state));
    said.say(value, ...words);
    fill(explanation, ...nodes);
    fill(sight, ...whatItSees());
  }
  function redraw(selector) {
    explainUnit();
    explanation.querySelector(selector)?.focus();
  }

  /** The image with a frame around the pixels that the value depends on. */
  function whatItSees() {
    const seen = network.seen(unitOf(state));
    if (!seen || state.layer === 0) return [];
    const [height, width] = layers[0].shape;
    const share = (part, whole) => `${(part / whole) * 100}%`;
    const { rows: down, columns: across } = seen;
    const border = h("span", {
      class: "seen-frame",
      style: { left: share(across[0], width), top: share(down[0], height), width: share(across[1] - across[0] + 1, width), height: share(down[1] - down[0] + 1, height) },
    });
    const all = down[0] === 0 && across[0] === 0 && down[1] === height - 1 && across[1] === width - 1;
    const where = all ? "the whole image" : `${span("row", ...down)}, ${span("column", ...across)} of the image`;
    return [h("div", { class: "seen-picture" }, h("img", { class: "picture", src: data.images[state.image], alt: "" }), border), h("figcaption", {}, `It depends on ${where}.`)];
  }

  // Beginning ------------------------------------------------------------------------------------------------------

  if (data.images.length > 1)
    images.append(
      ...data.images.map((picture, image) =>
        h("button", { type: "button", class: "picture", "data-image": image, "aria-label": `image ${image}`, onclick: () => select({ ...unitOf(state), image }) }, h("img", { src: picture, alt: "" })),
      ),
    );
  else images.append(h("img", { class: "picture", src: data.images[0], alt: "the image" }));
  live.append(h("div", { class: "top" }, images, answer), h("div", { class: "network" }, overview, detail));
  const first = fromAddress(address.first);
  state.image = first.image;
  showImage();
  select(first);
  // Whoever follows a link to one value wants to see it, not the layers above it. Once the page is laid out:
  if (address.first.layer !== undefined) requestAnimationFrame(reveal);
}

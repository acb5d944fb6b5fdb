// The network page: every layer as a row of feature maps; choose a map, choose a value in it, walk back to the pixels.

const KIND = "network";
const WINDOW = 32; // a map larger than this is looked at through a window of so many rows and columns
const UNITS = 1024; // units of a long layer shown at a time
const FIRST_SHOWN = 8; // contributions shown before one asks for all

function startPage(root, live, data) {
  const network = makeNetwork(data);
  const { layers } = network;
  const state = { image: 0, layer: 0, channel: 0, row: 0, column: 0, slice: null, all: false };
  const trail = []; // where one came from
  const said = readout();
  const images = h("div", { class: "choices", role: "group", "aria-label": "Images" });
  const answer = h("p", { class: "answer" });
  const overview = h("div", { class: "overview", role: "region", "aria-label": "The layers, from image to answer" });
  const detail = h("section", { class: "detail", "aria-label": "The chosen value" });
  const address = pageAddress(root, (selection) => select(fromAddress(selection)));
  let rows = [];
  let grid;
  let frame = { row: 0, column: 0 };
  const back = h("button", { type: "button", class: "command", onclick: goBack }, "← Back");

  // Names ----------------------------------------------------------------------------------------------------------

  const isVector = (k) => layers[k].vector;
  const className = (unit) => data.class_names?.[unit] ?? `class ${unit}`;
  /** "module1_conv, map 3, row 10, column 12"; units of a dense layer have no place. */
  function nameOf({ layer, channel, row, column }) {
    if (isVector(layer)) return `${layers[layer].name}, ${layers[layer].classes ? className(column) : `unit ${column}`}`;
    const which = layer === 0 && layers[0].shape[2] === 3 ? ["red", "green", "blue"][channel] : `map ${channel}`;
    return `${layers[layer].name}, ${which}, row ${row}, column ${column}`;
  }
  const mapName = (k, channel) => (k === 0 && layers[0].shape[2] === 3 ? ["red", "green", "blue"][channel] : `map ${channel}`);
  const sizes = (shape) => shape.join("×");
  const shapeOf = (k) => (isVector(k) ? counted(layers[k].shape[1], "unit") : sizes(layers[k].shape));

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

  // The overview ---------------------------------------------------------------------------------------------------

  function showImage() {
    for (const button of images.querySelectorAll("button")) button.setAttribute("aria-pressed", String(Number(button.dataset.image) === state.image));
    const own = data.own.answers[state.image];
    const best = own.indexOf(Math.max(...own));
    const sure = layers.at(-1).classes && own.every((value) => value >= 0 && value <= 1);
    answer.replaceChildren("Its answer: ", h("strong", {}, layers.at(-1).classes ? className(best) : `unit ${best}`), sure ? ` (${percent(own[best])})` : ` (${show(own[best])})`, ". ", precision());
    rows = layers.map((layer, k) => layerRow(k));
    overview.replaceChildren(...rows.map(({ node }) => node));
  }

  function precision() {
    if (data.own.precision === "float32") return "";
    const here = network.map(layers.length - 1, state.image).values;
    const difference = Math.max(...data.own.answers[state.image].map((value, unit) => Math.abs(value - here[unit])));
    return `The model computes in ${data.own.precision}; this page in float32. Its own output differs by up to ${show(difference)}.`;
  }

  function layerRow(k) {
    const layer = layers[k];
    const heading = h(HEADING, {}, layer.name, h("span", { class: "note" }, ` ${layer.words} → ${shapeOf(k)}`));
    const parts = [heading];
    if (layer.kind === "unknown") parts.push(h("p", { class: "problem" }, `Shown, but not explained: ${layer.why}.`));
    if (layer.silent.length)
      parts.push(h("p", { class: "note" }, `Silent on ${data.images.length === 1 ? "this image" : `all ${data.images.length} images`} (no value above 0): ${layer.silent.length} of ${isVector(k) ? layer.shape[1] : layer.shape[2]}.`));
    const thumbs = isVector(k) ? unitRow(k) : mapRow(k);
    parts.push(thumbs.node);
    return { node: h("section", { class: "layer", "data-kind": layer.kind, "data-layer": layer.name }, parts), mark: thumbs.mark };
  }

  /** A layer of maps: a small picture each. The pictures are cut from the sheet that stands in the page anyway. */
  function mapRow(k) {
    const layer = layers[k];
    const count = layer.shape[2];
    const sheet = root.querySelector(`img[data-sheet="${state.image}:${k}"]`);
    const [shorter, longer] = [layer.shape[0], layer.shape[1]].sort((a, b) => a - b);
    const zoom = Math.max((longer >= 16 ? 48 : 40) / longer, Math.min(24 / shorter, 96 / longer)); // screen pixels a value
    const columns = Number(sheet.dataset.columns);
    const scale = (zoom * longer) / Number(sheet.dataset.side);
    const buttons = Array.from({ length: count }, (_, channel) => {
      const quiet = layer.silent.includes(channel);
      return h(
        "button",
        {
          type: "button",
          class: `thumb ${quiet ? "silent" : ""}`,
          "data-channel": channel,
          "aria-label": `${layer.name}, ${mapName(k, channel)}${quiet ? ", silent" : ""}`,
          title: `${mapName(k, channel)}${quiet ? ", silent: no value above 0" : ""}`,
          style: {
            "--x": `${-(channel % columns) * Number(sheet.dataset.step) * scale}px`,
            "--y": `${-Math.floor(channel / columns) * Number(sheet.dataset.down) * scale}px`,
          },
        },
      );
    });
    const open = (channel, focus = false) => {
      select(strongest(k, channel), { walk: true });
      if (focus) buttons[channel].focus();
      else reveal();
    };
    const common = {
      "--sheet": `url(${sheet.src})`, // long: kept once, not in every button
      "--width": `${columns * Number(sheet.dataset.step) * scale}px`,
      "--wide": `${Math.max(24, layer.shape[1] * zoom)}px`,
      "--tall": `${Math.max(24, layer.shape[0] * zoom)}px`,
    };
    const node = h("div", { class: "thumbs", role: "group", "aria-label": `Maps of ${layer.name}`, style: common }, buttons);
    node.addEventListener("click", (event) => {
      const target = event.target.closest("button");
      if (target) open(Number(target.dataset.channel));
    });
    node.addEventListener("keydown", (event) => {
      const target = event.target.closest("button");
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!target || !step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const next = Number(target.dataset.channel) + step;
      if (buttons[next]) open(next, true);
    });
    const mark = (chosen) => {
      buttons.forEach((button, channel) => {
        button.tabIndex = channel === (chosen ?? 0) ? 0 : -1;
        if (channel === chosen) button.setAttribute("aria-pressed", "true");
        else button.removeAttribute("aria-pressed");
      });
    };
    mark(null);
    return { node, mark };
  }

  /** A layer of units: bars with names for classes, otherwise one button that opens the layer. */
  function unitRow(k) {
    const layer = layers[k];
    const { values } = network.map(k, state.image);
    if (!layer.classes || layer.shape[1] > 50) {
      const best = strongest(k, 0);
      const button = h("button", { type: "button", class: "command", onclick: () => (select(best, { walk: true }), reveal()) }, `Show the ${counted(layer.shape[1], "unit")}`);
      return { node: h("div", { class: "commands" }, button) };
    }
    const most = largestOf(values) || 1;
    const bars = Array.from(values, (value, unit) =>
      h(
        "button",
        { type: "button", class: "bar", "data-channel": unit, onclick: () => (select({ layer: k, channel: 0, row: 0, column: unit }, { walk: true }), reveal()) },
        h("span", { class: "name" }, className(unit)),
        h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: `fill ${value < 0 ? "negative" : ""}`, style: { width: `${(Math.abs(value) / most) * 100}%` } })),
        h("span", { class: "amount" }, layer.kind === "softmax" ? percent(value) : show(value)),
      ),
    );
    return { node: h("div", { class: "bars", role: "group", "aria-label": `Values of ${layer.name}` }, bars) };
  }

  /** The unit with the largest value of a map: the natural one to look at first. */
  function strongest(k, channel) {
    const map = network.map(k, state.image);
    const [height, width] = map.shape;
    let best = { layer: k, channel, row: 0, column: 0 };
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        if (at(map, row, column, channel) > at(map, best.row, best.column, channel)) best = { layer: k, channel, row, column };
    return best;
  }

  /** Bring the details into view if they are not: on a narrow screen they stand below the layers. */
  function reveal() {
    const { top } = detail.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight * 0.6) detail.scrollIntoView({ behavior: wantsLessMotion() ? "auto" : "smooth", block: "start" });
  }

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
    if (vector) grid.node.style.setProperty("--columns", Math.min(columns, roomy ? 8 : 32));
    const windowed = tall < height || columns < width;
    fill(
      detail,
      h(
        "div",
        { class: "commands trail" },
        back,
        !vector && channels > 1 && neighbour(-1),
        !vector && channels > 1 && neighbour(1),
      ),
      h(HEADING, {}, `${layer.name}${vector ? "" : `, ${mapName(k, state.channel)}`}`, h("span", { class: "note" }, ` ${vector ? counted(width, "unit") : `${height}×${width}, one of ${channels}`}`)),
      windowed && h("p", { class: "note" }, vector ? `Units ${frame.column} to ${frame.column + columns - 1} of ${width}; arrow keys go on.` : `Rows ${frame.row} to ${frame.row + tall - 1} of ${height}, columns ${frame.column} to ${frame.column + columns - 1} of ${width}; arrow keys go on.`),
      windowed && !vector && pan(tall, columns),
      windowed && vector && paging(wide),
      said.node,
      h("div", { class: "looked-at" }, h("div", { class: "chosen-map" }, h("div", { class: "scroll" }, grid.node), scale.legend), explanation),
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

  /** A number one can walk to: a button with the value of another unit. */
  function link(unit, text, largest, value) {
    const node = h("button", { type: "button", class: "cell walk", "data-layer": layers[unit.layer].name, "data-channel": unit.channel, "data-row": unit.row, "data-column": unit.column, "aria-label": `${text}: go to ${nameOf(unit)}`, title: `go to ${nameOf(unit)}`, onclick: () => walkTo(unit) }, text);
    if (largest !== undefined) tint(node, value, largest);
    return node;
  }
  const before = (place) => ({ layer: state.layer - 1, channel: place.channel ?? state.channel, row: place.row, column: place.column });
  const here = () => before(state);
  const result = (value) => h("strong", {}, show(value));

  function explainUnit() {
    const unit = unitOf(state);
    const layer = layers[unit.layer];
    const found = network.explain(unit, state.image);
    const { words, nodes } = EXPLAIN[layer.kind](found, layer);
    said.say(found.value, `${nameOf(unit)} is `, result(found.value), words ? `: ${words}` : ".", " ", comparison(found));
    fill(explanation, silence(unit), nodes, whatNext(unit));
  }

  function silence({ layer, channel, column }) {
    const quiet = layers[layer].silent.includes(isVector(layer) ? column : channel);
    return quiet && h("p", { class: "note" }, `${isVector(layer) ? "This unit" : "This filter"} is silent: after ReLU it gives no value above 0 on ${data.images.length === 1 ? "this image" : "any of these images"}.`);
  }

  /** Keras computed the same value when the page was made. */
  function comparison({ value, keras }) {
    if (keras === undefined) return "";
    const same = Math.abs(value - keras) <= 1e-4 * Math.abs(keras) + 1e-5;
    return same ? "Keras computed the same." : `Keras computed ${show(keras)}: the weights or maps in this page are not those it used.`;
  }

  const EXPLAIN = {
    image: () => ({ words: "", nodes: [h("p", {}, "A pixel of the image: this is where the numbers come from.")] }),
    unknown: (_, layer) => ({ words: "", nodes: [h("p", {}, `How it was calculated cannot be shown: ${layer.why}.`)] }),
    rescaling: ({ x, scale, offset, value }) => {
      const divisor = Math.round(1 / scale);
      const by = divisor > 1 && Math.abs(1 / scale - divisor) < 1e-4 * divisor ? ["divided by", "/", divisor] : ["times", "×", scale];
      return {
        words: `the pixel's ${show(x)} ${by[0]} ${show(by[2])}${offset ? `, and ${show(offset)} added` : ""}.`,
        nodes: [h("p", { class: "sum" }, link(here(), show(x)), ` ${by[1]} ${factor(by[2])}${offset ? ` + ${factor(offset)}` : ""} = `, result(value))],
      };
    },
    normalisation: ({ x, mean, variance, gamma, beta, epsilon, value }) => ({
      words: `the value before, ${show(x)}, less the channel's mean, divided by its spread, stretched and moved.`,
      nodes: [
        h("p", { class: "sum" }, "(", link(here(), show(x)), ` − ${factor(mean)}) / √(${show(variance)} + ${show(epsilon)}) × ${factor(gamma)} + ${factor(beta)} = `, result(value)),
        h("p", { class: "note" }, "Mean and variance were kept from training; the factor and the summand behind were learned."),
      ],
    }),
    activation: ({ x, value }, layer) => ({
      words: layer.settings.activation === "relu" ? (x > 0 ? "ReLU keeps what is above 0." : `ReLU makes ${show(x)} zero.`) : `${layer.settings.activation} of ${show(x)}.`,
      nodes: [h("p", { class: "sum" }, activated(layer.settings.activation, link(here(), show(x))), " = ", result(value))],
    }),
    same: ({ x }, layer) => ({
      words: `${layer.type} changes nothing outside training.`,
      nodes: [h("p", { class: "sum" }, link(network.origin(unitOf(state)), show(x)), " = ", result(x))],
    }),
    flatten: ({ x }) => {
      const unit = network.origin(unitOf(state));
      return { words: `the value of ${nameOf(unit)}, put into a row with all others.`, nodes: [h("p", { class: "sum" }, link(unit, show(x)), " = ", result(x))] };
    },
    pooling: (found) => pooled(found, "the largest of"),
    "whole maximum": (found) => pooled(found, "the largest of", state.column),
    average: (found) => pooled(found, "the mean of"),
    "whole average": (found) => pooled(found, "the mean of", state.column),
    convolution: explainConvolution,
    dense: explainDense,
    softmax: ({ scores, value }) => explainSoftmax(scores, value, (unit) => ({ layer: state.layer - 1, channel: 0, row: 0, column: unit })),
  };

  const ACTIVATION_NAMES = { relu: "ReLU", sigmoid: "sigmoid", tanh: "tanh", softmax: "softmax" };

  function activated(activation, node) {
    return activation === "relu" ? h("span", {}, "max(0, ", node, ")") : h("span", {}, `${activation}(`, node, ")");
  }

  function pooled({ cells, kept, value }, what, channel = state.channel) {
    const most = largestOf(cells.map((cell) => cell.x));
    const width = cells.filter((cell) => cell.row === cells[0].row).length;
    const shown = cells.slice(0, 256);
    const buttons = shown.map((cell) => {
      const button = link({ ...before(cell), channel }, showShort(cell.x), most, cell.x);
      if (kept && cell.row === kept.row && cell.column === kept.column) button.classList.add("kept");
      return button;
    });
    return {
      words: `${what} ${counted(cells.length, "value")}${kept ? `; it stood at row ${kept.row}, column ${kept.column}` : ""}.`,
      nodes: [
        h("div", { class: "row" }, h("div", { class: "scroll" }, h("div", { class: "grid mini", role: "group", "aria-label": "tile of the layer before", style: { "--columns": width } }, buttons)), h("span", { class: "sign" }, "→"), h("span", { class: "sum" }, result(value))),
        shown.length < cells.length && h("p", { class: "note" }, `The first ${shown.length} of ${cells.length} values.`),
      ],
    };
  }

  function explainConvolution(found, layer) {
    const { perChannel, bias, sum, value } = found;
    const [kh, kw, channels] = network.weight(state.layer, "kernel").shape;
    const ordered = [...perChannel].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
    const chosen = state.slice === null ? ordered[0] : perChannel[state.slice];
    const strongestSlices = state.all ? perChannel : ordered.slice(0, FIRST_SHOWN);
    const most = largestOf(perChannel.flatMap(({ terms }) => terms.map((term) => term.weight)));
    const rest = ordered.slice(FIRST_SHOWN).reduce((total, one) => total + one.sum, 0);
    const shownTerms = channels <= FIRST_SHOWN ? perChannel : ordered.slice(0, 3);
    const others = sum - bias - shownTerms.reduce((total, one) => total + one.sum, 0);
    const slices = strongestSlices.map((one) =>
      h(
        "button",
        { type: "button", class: "slice-choice", "aria-pressed": String(one === chosen), "data-slice": one.channel, onclick: () => chooseSlice(one.channel) },
        slicePicture(one.terms, kw, most),
        h("span", {}, `${mapName(state.layer - 1, one.channel)} `, h("b", {}, show(one.sum))),
      ),
    );
    const largestX = largestOf(chosen.terms.map((term) => term.x));
    const tile = chosen.terms.map((term) =>
      term.inside ? link(before({ ...term, channel: chosen.channel }), showShort(term.x), largestX, term.x) : h("span", { class: "cell padding", title: "padding" }, "0"),
    );
    const numbers = (pick, largestValue, label) => plainGrid(inRows(chosen.terms.map((term) => ({ text: showShort(pick(term)), title: show(pick(term)), value: pick(term), largest: largestValue })), kw), label, "mini");
    const relu = layer.settings.activation !== "linear";
    return {
      words: `filter ${state.channel} lies on ${channels === 1 ? "one map" : `${channels} maps`}; ${counted(kh * kw * channels, "product")} and the bias ${show(bias)} add up to ${show(sum)}${relu ? `; ${ACTIVATION_NAMES[layer.settings.activation]} makes it ${show(value)}` : ""}.`,
      nodes: [
        h("p", { class: "sum" }, shownTerms.map((one, n) => [n > 0 && " + ", `${factor(one.sum)}`, h("span", { class: "note" }, ` (${mapName(state.layer - 1, one.channel)})`)]), shownTerms.length < channels && [` + ${factor(others)}`, h("span", { class: "note" }, ` (${counted(channels - shownTerms.length, "other map")})`)], ` + ${factor(bias)}`, h("span", { class: "note" }, " (bias)"), " = ", h("strong", {}, show(sum)), relu && [", ", activated(layer.settings.activation, show(sum)), " = ", result(value)]),
        h(HEADING, {}, `Filter ${state.channel}: ${counted(channels, "slice")}`, h("span", { class: "note" }, " each with what it adds here"), ),
        h("div", { class: "slices", role: "group", "aria-label": "Slices of the filter" }, slices),
        channels > FIRST_SHOWN && h("div", { class: "commands" }, h("button", { type: "button", class: "command", "data-command": "all slices", onclick: chooseAll }, state.all ? "Only the strongest" : `All ${channels} slices`), !state.all && h("span", { class: "note" }, `the others add ${show(rest)}`)),
        h(HEADING, {}, `On ${mapName(state.layer - 1, chosen.channel)} of ${layers[state.layer - 1].name}`),
        h(
          "div",
          { class: "step" },
          h(
            "div",
            { class: "row" },
            h("figure", {}, h("div", { class: "grid mini", role: "group", "aria-label": "tile; choose a value to see where it came from", style: { "--columns": kw } }, tile), h("figcaption", {}, "tile")),
            joined("×", h("figure", {}, numbers((term) => term.weight, most, "slice of the filter"), h("figcaption", {}, "slice"))),
            joined("=", h("figure", {}, numbers((term) => term.product, largestOf(chosen.terms.map((term) => term.product)), "products"), h("figcaption", {}, `products; sum ${show(chosen.sum)}`))),
          ),
        ),
        h("p", { class: "note" }, "Choose a value of the tile to see where it came from."),
      ],
    };
  }

  function chooseAll() {
    state.all = !state.all;
    explainUnit();
    keepFocus("all slices");
  }
  function chooseSlice(channel) {
    state.slice = channel;
    explainUnit();
    explanation.querySelector(`[data-slice="${channel}"]`)?.focus();
  }

  /** The weights of a slice as a small picture: orange and purple for the two signs, as in the maps. */
  function slicePicture(terms, width, most) {
    const colours = data.palettes.signed;
    return h(
      "span",
      { class: "slice-picture", "aria-hidden": "true", style: { "--columns": width } },
      terms.map(({ weight }) => h("i", { style: { background: `rgb(${colours[Math.round((weight / (most || 1) / 2 + 0.5) * (colours.length - 1))].join(" ")})` } })),
    );
  }

  function explainDense({ terms, bias, sum, value, scores }, layer) {
    const ordered = [...terms].sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
    const shown = ordered.slice(0, 10);
    const rest = sum - bias - shown.reduce((total, term) => total + term.product, 0);
    const most = largestOf(shown.map((term) => term.product));
    const source = (term) => {
      const unit = { layer: state.layer - 1, channel: 0, row: 0, column: term.input };
      return layers[unit.layer].kind === "flatten" ? network.origin(unit) : unit;
    };
    const row = (term) => {
      const unit = source(term);
      return h("tr", {}, h("td", {}, nameOf(unit)), h("td", {}, link(unit, show(term.x))), h("td", {}, `× ${factor(term.weight)}`), h("td", {}, `= ${show(term.product)}`), h("td", { class: "track" }, h("span", { class: `fill ${term.product < 0 ? "negative" : ""}`, style: { width: `${(Math.abs(term.product) / (most || 1)) * 100}%` } })));
    };
    const plain = layer.settings.activation === "linear";
    const table = h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Largest contributions" },
      h("table", {}, h("thead", {}, h("tr", {}, ["from", "value", "weight", "adds"].map((text) => h("th", { scope: "col" }, text)), h("td", {}))), h("tbody", {}, shown.map(row))),
    );
    const parts = [
      h(HEADING, {}, `The ${shown.length} largest of ${counted(terms.length, "contribution")}`),
      table,
      h("p", { class: "sum" }, `${factor(sum - bias - rest)} (these)`, terms.length > shown.length && ` + ${factor(rest)} (the other ${terms.length - shown.length})`, ` + ${factor(bias)} (bias) = `, h("strong", {}, show(sum)), !plain && !scores && [", ", activated(layer.settings.activation, show(sum)), " = ", result(value)]),
    ];
    const words = `${counted(terms.length, "input")}, each times its weight, and the bias ${show(bias)} add up to ${show(sum)}${plain ? "" : `; ${ACTIVATION_NAMES[layer.settings.activation]} makes it ${show(value)}`}.`;
    return { words, nodes: scores ? [...parts, ...explainSoftmax(scores, value).nodes] : parts };
  }

  function explainSoftmax(scores, value, unitOfScore) {
    const top = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - top));
    const total = powers.reduce((sum, power) => sum + power, 0);
    const order = scores.map((_, unit) => unit).sort((a, b) => scores[b] - scores[a]).slice(0, 20);
    if (!order.includes(state.column)) order.push(state.column);
    const row = (unit) =>
      h("tr", { class: unit === state.column ? "chosen" : "" }, h("td", {}, layers[state.layer].classes ? className(unit) : `unit ${unit}`), h("td", {}, unitOfScore ? link(unitOfScore(unit), show(scores[unit])) : show(scores[unit])), h("td", {}, show(powers[unit])), h("td", {}, show(powers[unit] / total)));
    return {
      words: `the softmax turns ${counted(scores.length, "score")} into shares of 1.`,
      nodes: [
        h("p", { class: "sum" }, `e^(${show(scores[state.column])} − ${factor(top)}) / ${show(total)} = `, result(value)),
        h("p", { class: "note" }, `${show(top)} is the largest score; ${show(total)} is the sum of the powers of all classes.`),
        h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scores and probabilities" }, h("table", {}, h("thead", {}, h("tr", {}, ["class", "score", "power of e", "probability"].map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, order.map(row)))),
      ],
    };
  }

  /** What becomes of the value: normalised, cut at 0, kept or dropped by the pooling. */
  function whatNext(unit) {
    const steps = network.future(unit, state.image);
    if (!steps.length) return [];
    const items = steps.map(({ unit: next, explained, kept, tied, layer, dropped }) => {
      if (dropped) return h("li", {}, `${layers[layer].name}: no tile covers it, so it goes no further.`);
      const text = { pooling: kept ? "the largest of its tile: it goes on as " : tied ? "dropped: the same value stands earlier in its tile, " : "dropped: the tile has a larger value, ", activation: "becomes ", normalisation: "becomes ", same: "stays " }[layers[next.layer].kind];
      return h("li", { class: kept === false ? "dropped" : "" }, `${layers[next.layer].name}: ${text}`, link(next, show(explained.value)));
    });
    return [h(HEADING, {}, "What becomes of it"), h("ol", { class: "future" }, items)];
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
}

// The network page's explanations: for a value of each kind of layer, its equation with numbers one can walk to.

const FIRST_SHOWN = 8; // slices of a filter shown before one asks for all
const ACTIVATION_NAMES = { relu: "ReLU", sigmoid: "sigmoid", tanh: "tanh", softmax: "softmax" };

/**
 * Explains the unit that is selected in state. walkTo(unit) goes to another unit; redraw(selector) shows the explanation
 * anew, after another slice was chosen, and puts the keyboard on what the selector finds in it.
 */
function makeExplanations({ network, data, state, walkTo, redraw }) {
  const { layers, nameOf, mapName, className, isVector } = network;

  /** A number one can walk to: a button with the value of another unit. */
  function link(unit, text, largest, value) {
    const node = h("button", { type: "button", class: "cell walk", "data-layer": layers[unit.layer].name, "data-channel": unit.channel, "data-row": unit.row, "data-column": unit.column, "aria-label": `${text}: go to ${nameOf(unit)}`, title: `go to ${nameOf(unit)}`, onclick: () => walkTo(unit) }, text);
    if (largest !== undefined) tint(node, value, largest);
    return node;
  }
  const before = (place) => ({ layer: state.layer - 1, channel: place.channel ?? state.channel, row: place.row, column: place.column });
  const here = () => before(state);
  const result = (value) => h("strong", {}, show(value));

  /** What to say of a unit, {value, words}, and the nodes that show how it was calculated. */
  function explain(unit) {
    const layer = layers[unit.layer];
    const found = network.explain(unit, state.image);
    const { words, nodes } = EXPLAIN[layer.kind](found, layer);
    return {
      value: found.value,
      words: [`${nameOf(unit)} is `, result(found.value), words ? `: ${words}` : ".", " ", comparison(found)],
      nodes: [silence(unit), nodes, whatNext(unit)],
    };
  }

  function silence({ layer, channel, column }) {
    const quiet = layers[layer].silent.includes(isVector(layer) ? column : channel);
    return quiet && h("p", { class: "note" }, `${isVector(layer) ? "This unit" : "This filter"} is silent: after ReLU it gives no value above 0 on ${data.images.length === 1 ? "this image" : "any of these images"}. One that is silent on every image is called dead.`);
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
      nodes: [h("p", { class: "sum" }, link(network.origin(state), show(x)), " = ", result(x))],
    }),
    flatten: ({ x }) => {
      const unit = network.origin(state);
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

  function activated(activation, node) {
    return activation === "relu" ? h("span", {}, "max(0, ", node, ")") : h("span", {}, `${activation}(`, node, ")");
  }

  function pooled({ cells, kept, value }, what, channel = state.channel) {
    const most = largestOf(cells.map((cell) => cell.x));
    const width = cells.filter((cell) => cell.row === cells[0].row).length;
    const equal = cells.filter((cell) => cell.x === value).length;
    const shown = cells.slice(0, 256);
    const buttons = shown.map((cell) => {
      const button = link({ ...before(cell), channel }, showShort(cell.x), most, cell.x);
      if (kept && cell.row === kept.row && cell.column === kept.column) button.classList.add("kept");
      return button;
    });
    return {
      words: `${what} ${counted(cells.length, "value")}${kept ? `; it stood at row ${kept.row}, column ${kept.column}${equal > 1 ? `, the first of ${equal} that are equal` : ""}` : ""}.`,
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
        h("span", { class: "note" }, mapName(state.layer - 1, one.channel)),
        h("b", {}, show(one.sum)),
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
        h(HEADING, {}, `Filter ${state.channel}: ${counted(channels, "slice")}`, h("span", { class: "note" }, " each with what it adds here; choose one")),
        h("div", { class: "slices", role: "group", "aria-label": "Slices of the filter" }, slices),
        channels > FIRST_SHOWN && h("div", { class: "commands" }, h("button", { type: "button", class: "command", "data-command": "all slices", onclick: chooseAll }, state.all ? "Only the strongest" : `All ${channels} slices`), !state.all && h("span", { class: "note" }, `the others add ${show(rest)}`)),
      ],
    };
  }

  function chooseAll() {
    state.all = !state.all;
    redraw('[data-command="all slices"]');
  }
  function chooseSlice(channel) {
    state.slice = channel;
    redraw(`[data-slice="${channel}"]`);
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

  return explain;
}

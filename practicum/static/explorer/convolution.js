// The convolution page: input, filter, output; click a value of the output to see how it was calculated.

const KIND = "convolution";

function startPage(root, live, data) {
  const image = data.image;
  const [height, width, channels] = image.shape;
  const [kh, kw, , filters] = data.kernel.shape;
  const given = { values: [...data.kernel.values], bias: [...data.bias] };
  const state = { row: 0, column: 0, filter: 0, depth: channels, strides: data.strides, padding: data.padding, rows: 0, columns: 0 };
  const kernel = { shape: data.kernel.shape, values: [...given.values] };
  let bias = [...given.bias];
  const edits = [];
  let inputs = [];
  let output;
  let largest = 0; // of the output's values, for their tints
  const said = readout();
  const givens = h("div", { class: `panels givens ${channels > 1 ? "deep" : ""}` });
  const result = h("div", { class: "panels" });
  const equation = h("div", { class: "equation" });
  const problem = h("p", { class: "problem", role: "alert" });
  const address = pageAddress(root, (selection) => build(apply(selection)));

  const settings = () => ({ strides: state.strides, padding: state.padding });
  const unit = (row, column) => convolutionUnit(image, kernel, bias, settings(), row, column, state.filter, state.depth);
  const weightPlace = (i, j, channel) => ((i * kw + j) * channels + channel) * filters + state.filter;
  const inDepth = () => Array.from({ length: state.depth }, (_, channel) => channel);
  const named = (text, channel) => (channels > 1 ? `${text}, channel ${channel}` : text);

  /** Settings that the address does not name are as given. What could not be done is what comes back. */
  function apply(selection) {
    state.filter = wholeNumber(selection.channel, filters, state.filter);
    state.padding = data.padding;
    const trouble = selection.padding === "same" || selection.padding === "valid" ? setPadding(selection.padding) : "";
    const stride = [selection.stride, selection.stride].join(",");
    state.strides = strideChoices.some(([value]) => value === stride) ? stride.split(",").map(Number) : data.strides;
    state.depth = wholeNumber(selection.depth, channels + 1) || channels;
    state.row = wholeNumber(selection.row, height, state.row);
    state.column = wholeNumber(selection.column, width, state.column);
    controls.filter?.set(state.filter);
    controls.padding.set(state.padding);
    controls.stride.set(state.strides.join(","));
    controls.depth?.set(state.depth);
    return trouble;
  }
  function setPadding(padding) {
    const fits = padding === "same" || (kh <= height && kw <= width);
    if (fits) state.padding = padding;
    controls.padding.set(state.padding);
    return fits ? "" : `A ${kh}×${kw} filter does not fit into ${height}×${width} without padding.`;
  }

  const strideChoices = [1, 2, 3, 4].filter((n) => n === 1 || n < Math.max(height, width)).map((n) => [`${n},${n}`, n]);
  if (!strideChoices.some(([value]) => value === state.strides.join(",")))
    strideChoices.push([state.strides.join(","), state.strides[0] === state.strides[1] ? state.strides[0] : state.strides.join(" down, ") + " across"]);
  const depthChoices = Array.from({ length: channels }, (_, n) => [
    n + 1,
    n + 1 === channels ? `all ${channels} channels` : n === 0 ? "channel 0 only" : `channels 0 to ${n}`,
  ]);
  const controls = {
    filter:
      filters === 1
        ? null
        : choice("Filter", Array.from({ length: filters }, (_, f) => [f, `filter ${f}`]), 0, (value) => {
            state.filter = Number(value);
            build();
          }),
    stride: choice("Stride", strideChoices, state.strides.join(","), (value) => {
      state.strides = value.split(",").map(Number);
      build();
    }),
    padding: choice("Padding", [["valid", "none (valid)"], ["same", "zeros (same)"]], state.padding, (value) => build(setPadding(value))),
    depth:
      channels === 1
        ? null
        : choice("Input depth", depthChoices, channels, (value) => {
            state.depth = Number(value);
            build();
          }),
  };
  const undo = h("button", { type: "button", class: "command", onclick: undoEdit }, "Undo");
  const reset = h("button", { type: "button", class: "command", onclick: resetFilter }, "Filter as given");
  const sliding = player(state, (row, column) => select(row, column), said.quiet);

  // Editing the filter ---------------------------------------------------------------------------------------------

  let typing = false; // what is typed into a cell in one go is one edit
  function numberField(label, read, change) {
    return h("input", {
      class: "cell",
      type: "number",
      step: "any",
      "aria-label": label,
      oninput: (event) => {
        fit(filterCells());
        const text = event.target.value.trim();
        const number = Number(text);
        const good = text !== "" && Number.isFinite(number);
        event.target.setAttribute("aria-invalid", String(!good));
        problem.textContent = good ? "" : `${label}: a number is needed; ${show(read())} still counts.`;
        if (good) change(number);
      },
      onblur: (event) => {
        // What is no number is put back to the value that counts.
        typing = false;
        if (event.target.getAttribute("aria-invalid") !== "true") return;
        problem.textContent = "";
        fillFields();
      },
    });
  }
  let fields = [];
  const filterCells = () => fields.slice(0, -1).map((field) => field.node); // the last field is the bias
  function fillFields() {
    for (const field of fields) {
      const value = field.read();
      field.node.value = String(Number.isInteger(value) ? value : Number(value.toPrecision(3))); // what a cell has room for
      field.node.title = show(value);
      field.node.removeAttribute("aria-invalid");
    }
    fit(filterCells());
    undo.disabled = edits.length === 0;
    reset.disabled = String(kernel.values) === String(given.values) && String(bias) === String(given.bias);
  }
  function edit(list, place, value) {
    const last = edits.at(-1);
    if (!typing || last?.list !== list || last.place !== place) edits.push({ list, place, value: list[place] });
    typing = true;
    list[place] = value;
    undo.disabled = reset.disabled = false;
    recalculate();
  }
  function undoEdit() {
    const last = edits.pop();
    if (last) last.list[last.place] = last.value;
    refill();
  }
  function resetFilter() {
    given.values.forEach((value, place) => (kernel.values[place] = value));
    given.bias.forEach((value, place) => (bias[place] = value));
    edits.length = 0;
    refill();
  }
  function refill() {
    typing = false;
    problem.textContent = "";
    fillFields();
    recalculate();
  }

  // Drawing --------------------------------------------------------------------------------------------------------

  function build(trouble = "") {
    sliding.stop();
    problem.textContent = trouble;
    const used = usedPadding(image.shape, [kh, kw], state.strides, state.padding);
    Object.assign(state, { rows: used.rows, columns: used.columns });
    state.row = Math.min(state.row, used.rows - 1);
    state.column = Math.min(state.column, used.columns - 1);
    inputs = inDepth().map((channel) => inputGrid(image, channel, used, named("input", channel), (x) => x));
    fields = [];
    const filterGrids = inDepth().map((channel) => {
      const cells = [];
      for (let i = 0; i < kh; i++) {
        for (let j = 0; j < kw; j++) {
          const place = weightPlace(i, j, channel);
          const field = { read: () => kernel.values[place] };
          field.node = numberField(named(`filter row ${i}, column ${j}`, channel), field.read, (value) => edit(kernel.values, place, value));
          fields.push(field);
          cells.push(field.node);
        }
      }
      return h("div", { class: "grid filter", role: "group", "aria-label": named("filter", channel), style: { "--columns": kw } }, cells);
    });
    const biasField = { read: () => bias[state.filter] };
    biasField.node = numberField("bias", biasField.read, (value) => edit(bias, state.filter, value));
    fields.push(biasField);
    largest = largestOutput();
    output = valueGrid({
      rows: used.rows,
      columns: used.columns,
      label: "output: choose a value to see how it was calculated",
      describe: (row, column) => {
        const { value } = unit(row, column);
        return { value, text: showShort(value), label: `row ${row}, column ${column}: ${show(value)}` };
      },
      choose: (row, column, focus = true) => (sliding.stop(), select(row, column, focus)),
      paint: (button, cell) => tint(button, cell.value, largest),
    });
    const stacked = (grids, noun) =>
      grids.map((grid, channel) =>
        h("div", { class: "slice" }, channels > 1 && h("p", { class: "caption" }, `${noun} ${channel}`), scrolling(grid, named(noun === "slice" ? "filter" : "input", channel))),
      );
    givens.replaceChildren(
      panel(`Input ${height}×${width}×${state.depth}`, stacked(inputs.map((grid) => grid.node), "channel")),
      panel(`Filter ${kh}×${kw}×${state.depth}`, stacked(filterGrids, "slice"), h("label", { class: "bias" }, "bias ", biasField.node), h("div", { class: "commands" }, undo, reset)),
    );
    result.replaceChildren(panel(`Output ${used.rows}×${used.columns}${filters > 1 ? `×${filters}: map ${state.filter}` : ""}`, h("div", { class: "scroll" }, output.node)));
    fillFields();
    select(state.row, state.column);
  }

  function largestOutput() {
    const places = Array.from({ length: state.rows * state.columns }, (_, place) => [Math.floor(place / state.columns), place % state.columns]);
    return largestOf(places.map(([row, column]) => unit(row, column).value));
  }

  function recalculate() {
    largest = largestOutput();
    output.refresh();
    select(state.row, state.column);
  }

  function select(row, column, focus = false) {
    Object.assign(state, { row, column });
    output.select(row, column, focus);
    explain(unit(row, column));
    const selection = { channel: state.filter, row, column };
    if (String(state.strides) !== String(data.strides) && state.strides[0] === state.strides[1]) selection.stride = state.strides[0];
    if (state.padding !== data.padding) selection.padding = state.padding;
    if (state.depth !== channels) selection.depth = state.depth;
    address.write(selection);
  }

  function explain(found) {
    const cells = found.perChannel[0].terms;
    for (const grid of inputs) grid.mark(cells);
    for (const grid of inputs) grid.reveal(); // after all marks, so that the page is laid out once
    const mini = (terms, read, label, largest, padded = true) =>
      plainGrid(
        inRows(
          terms.map((term) => ({ text: showShort(read(term)), title: show(read(term)), value: read(term), largest, class: padded && !term.inside ? "padding" : "" })),
          kw,
        ),
        `${label}: ${terms.map((term) => show(read(term))).join(", ")}`,
        "mini",
      );
    const largestProduct = largestOf(found.perChannel.flatMap(({ terms }) => terms.map((term) => term.product)));
    equation.replaceChildren(
      h(HEADING, {}, `How row ${state.row}, column ${state.column} was calculated`),
      h(
        "div",
        { class: "steps" },
        found.perChannel.map(({ channel, terms, sum }) =>
          h(
            "div",
            { class: "step" },
            channels > 1 && h("p", { class: "caption" }, `channel ${channel}`),
            h(
              "div",
              { class: "row" },
              h("figure", {}, mini(terms, (term) => term.x, "tile of the input", largestOf(image.values)), h("figcaption", {}, "tile")),
              joined("×", h("figure", {}, mini(terms, (term) => term.weight, "filter", largestOf(kernel.values), false), h("figcaption", {}, "filter"))),
              joined("=", h("figure", {}, mini(terms, (term) => term.product, "products", largestProduct), h("figcaption", {}, `products; sum ${show(sum)}`))),
            ),
          ),
        ),
      ),
      h("p", { class: "sum" }, sumOf(found), " = ", h("strong", {}, show(found.value))),
    );
    said.say(found.value, ...sentence(found, cells));
  }

  /** "3 + 0 + 0 + 9 + …" for one channel; one number a channel for several. The bias stands last if there is one. */
  function sumOf({ perChannel, bias: added }) {
    const parts = perChannel.length === 1 ? perChannel[0].terms.map((term) => factor(term.product)) : perChannel.map(({ sum }) => factor(sum));
    return [...parts, ...(added ? [`${factor(added)} (bias)`] : [])].join(" + ");
  }

  function sentence({ perChannel, bias: added, value }, cells) {
    const inside = cells.filter((cell) => cell.inside);
    const top = inside[0];
    const end = inside[inside.length - 1];
    const overhangs = inside.length < cells.length;
    const terms = perChannel[0].terms;
    const how =
      perChannel.length === 1
        ? `${counted(terms.length, "product")}: ${terms.map((term) => `${factor(term.x)}×${factor(term.weight)}`).join(" + ")}`
        : `${counted(terms.length * perChannel.length, "product")}: ${perChannel.map(({ channel, sum }) => `those of channel ${channel} add up to ${show(sum)}`).join(", ")}`;
    return [
      `The output at row ${state.row}, column ${state.column} is `,
      h("strong", {}, show(value)),
      `. The filter lies on ${span("row", top.row, end.row)}, ${span("column", top.column, end.column)} of the input`,
      overhangs ? ", and beyond its edge on zeros (padding). " : ". ",
      how,
      added ? `; the bias adds ${show(added)}.` : ".",
    ];
  }

  live.append(
    h("div", { class: "controls" }, controls.filter?.node, controls.stride.node, controls.padding.node, controls.depth?.node, sliding.node),
    problem,
    h("div", { class: "work" }, givens, h("div", { class: "result" }, result, said.node, equation)),
  );
  build(apply(address.first));
}

// The pooling page: click a value of the output to see the tile it came from and which value was kept.

const KIND = "pooling";

function startPage(root, live, data) {
  const image = data.image;
  const [height, width, channels] = image.shape;
  const state = { row: 0, column: 0, channel: 0, pool: data.pool, strides: data.strides, padding: data.padding, relu: data.relu, rows: 0, columns: 0 };
  let input;
  let output;
  const said = readout();
  const givens = h("div", { class: "panels givens" });
  const result = h("div", { class: "panels" });
  const equation = h("div", { class: "equation" });
  const problem = h("p", { class: "problem", role: "alert" });
  const address = pageAddress(root, (selection) => (apply(selection), build()));

  const change = (x) => (state.relu ? Math.max(0, x) : x);
  const unit = (row, column) => poolingUnit(image, state, row, column, state.channel, change);
  const pairs = (current, most) => {
    const list = [1, 2, 3, 4, 5].filter((n) => n <= most).map((n) => [`${n},${n}`, `${n}×${n}`]);
    return list.some(([value]) => value === current.join(",")) ? list : [...list, [current.join(","), current.join("×")]];
  };

  function set(changes) {
    const wanted = { ...state, ...changes };
    const fits = wanted.padding === "same" || (wanted.pool[0] <= height && wanted.pool[1] <= width);
    problem.textContent = fits ? "" : `A ${wanted.pool.join("×")} tile does not fit into ${height}×${width} without padding.`;
    if (fits) Object.assign(state, changes);
    for (const control of Object.values(controls)) control.sync?.();
  }
  const control = (label, name, options, read, write) => {
    const made = choice(label, options, write(state[name]), (value) => (set({ [name]: read(value) }), build()));
    return { ...made, sync: () => made.set(write(state[name])) };
  };
  const pair = (text) => text.split(",").map(Number);
  const listed = (value) => value.join(",");
  const controls = {
    ...(channels > 1 && {
      channel: control("Channel", "channel", Array.from({ length: channels }, (_, n) => [n, `channel ${n}`]), Number, String),
    }),
    pool: control("Tile size", "pool", pairs(state.pool, Math.max(height, width)), pair, listed),
    strides: control("Stride", "strides", pairs(state.strides, Math.max(height, width)), pair, listed),
    padding: control("Padding", "padding", [["valid", "none (valid)"], ["same", "tiles may overhang (same)"]], String, String),
  };
  const relu = h("input", { type: "checkbox", checked: state.relu, onchange: () => ((state.relu = relu.checked), build()) });
  const sliding = player(state, (row, column) => select(row, column), said.quiet);

  /** Settings that the address does not name are as given. */
  function apply(selection) {
    state.channel = wholeNumber(selection.channel, channels, state.channel);
    const offered = (n, given) => (pairs(given, Math.max(height, width)).some(([value]) => value === `${n},${n}`) ? [Number(n), Number(n)] : given);
    const given = { pool: data.pool, strides: data.strides, padding: data.padding };
    Object.assign(state, given);
    set({
      pool: offered(selection.size, given.pool),
      strides: offered(selection.stride, given.strides),
      padding: selection.padding === "same" || selection.padding === "valid" ? selection.padding : given.padding,
    });
    state.relu = relu.checked = selection.relu === "1" || (selection.relu !== "0" && data.relu);
    state.row = wholeNumber(selection.row, height, state.row);
    state.column = wholeNumber(selection.column, width, state.column);
    controls.channel?.sync();
  }

  function build() {
    sliding.stop();
    const used = usedPadding(image.shape, state.pool, state.strides, state.padding);
    Object.assign(state, { rows: used.rows, columns: used.columns });
    state.row = Math.min(state.row, used.rows - 1);
    state.column = Math.min(state.column, used.columns - 1);
    input = inputGrid(image, state.channel, used, state.relu ? "input after ReLU" : "input", change, { text: "", title: "outside the input: does not count" });
    const largest = largestOf(image.values);
    output = valueGrid({
      rows: used.rows,
      columns: used.columns,
      label: "output: choose a value to see which tile it came from",
      describe: (row, column) => {
        const { value } = unit(row, column);
        return { value, text: showShort(value), label: `row ${row}, column ${column}: ${show(value)}` };
      },
      choose: (row, column, focus = true) => (sliding.stop(), select(row, column, focus)),
      paint: (button, cell) => tint(button, cell.value, largest),
    });
    givens.replaceChildren(
      panel(`Input ${height}×${width}${state.relu ? ", after ReLU" : ""}`, scrolling(input.node, "input")),
    );
    result.replaceChildren(
      panel(`Output ${used.rows}×${used.columns}: the largest of each tile`, h("div", { class: "scroll" }, output.node)),
    );
    select(state.row, state.column);
  }

  function select(row, column, focus = false) {
    Object.assign(state, { row, column });
    output.select(row, column, focus);
    explain(unit(row, column));
    const selection = { channel: state.channel, row, column };
    if (String(state.pool) !== String(data.pool) && state.pool[0] === state.pool[1]) selection.size = state.pool[0];
    if (String(state.strides) !== String(data.strides) && state.strides[0] === state.strides[1]) selection.stride = state.strides[0];
    if (state.padding !== data.padding) selection.padding = state.padding;
    if (state.relu !== data.relu) selection.relu = state.relu ? 1 : 0;
    address.write(selection);
  }

  function explain({ cells, kept, value }) {
    input.mark(tileCells(image.shape, state.pool, state.strides, state.padding, state.row, state.column), kept);
    input.reveal();
    const numbers = cells.map((cell) => show(cell.x)).join(", ");
    const largest = largestOf(image.values);
    const width = cells.filter((cell) => cell.row === cells[0].row).length;
    const tileCell = (cell) => ({ text: showShort(cell.x), title: show(cell.x), value: cell.x, largest, class: cell === kept ? "kept" : "" });
    equation.replaceChildren(
      h(HEADING, {}, `How row ${state.row}, column ${state.column} was found`),
      h(
        "div",
        { class: "row" },
        h("figure", {}, plainGrid(inRows(cells.map(tileCell), width), `tile of the input: ${numbers}`, "mini"), h("figcaption", {}, "tile")),
        h("p", { class: "sum" }, `max(${numbers}) = `, h("strong", {}, show(value))),
      ),
    );
    const last = cells[cells.length - 1];
    const equal = cells.filter((cell) => cell.x === value).length;
    const which = cells.length === 1 ? "the only value in its tile" : `the largest of ${counted(cells.length, "value")}: ${numbers}`;
    said.say(
      value,
      `The output at row ${state.row}, column ${state.column} is `,
      h("strong", {}, show(value)),
      `, ${which}. It stood at row ${kept.row}, column ${kept.column} of the input${equal > 1 ? `, the first of ${equal} that are equal` : ""}. `,
      `The tile covers ${span("row", cells[0].row, last.row)}, ${span("column", cells[0].column, last.column)}`,
      cells.length < state.pool[0] * state.pool[1] ? "; the part of it outside the input does not count." : ".",
      state.relu ? ` ${afterRelu(cells)}` : "",
    );
  }

  function afterRelu(cells) {
    const changed = cells.filter((cell) => at(image, cell.row, cell.column, state.channel) < 0);
    const before = changed.map((cell) => show(at(image, cell.row, cell.column, state.channel))).join(", ");
    return changed.length ? `ReLU had set ${before} to 0 before.` : "ReLU changed nothing in this tile: no value is negative.";
  }

  live.append(
    h("div", { class: "controls" }, Object.values(controls).map((one) => one.node), h("label", { class: "control check" }, relu, h("span", {}, "ReLU first")), sliding.node),
    problem,
    h("div", { class: "work" }, givens, h("div", { class: "result" }, result, said.node, equation)),
  );
  apply(address.first);
  build();
}

// The network page's overview: a row for each layer, with small pictures of its maps, or bars for the classes.

/**
 * A function that makes the row of a layer for an image: {node, mark(channel)}; mark frames the map that is chosen.
 * root holds the pictures; open(unit, stay) shows a unit, and with stay leaves the page where it is.
 */
function makeOverview({ network, data, root, open }) {
  const { layers, className, isVector, mapName } = network;

  function layerRow(k, image) {
    const layer = layers[k];
    const heading = h(HEADING, {}, layer.name, h("span", { class: "note" }, ` ${layer.words} → ${isVector(k) ? counted(layer.shape[1], "unit") : layer.shape.join("×")}`));
    const parts = [heading];
    if (layer.kind === "unknown") parts.push(h("p", { class: "problem" }, `Shown, but not explained: ${layer.why}.`));
    if (layer.silent.length)
      parts.push(h("p", { class: "note" }, `Silent on ${data.images.length === 1 ? "this image" : `all ${data.images.length} images`} (no value above 0): ${layer.silent.length} of ${isVector(k) ? layer.shape[1] : layer.shape[2]}.`));
    const thumbs = isVector(k) ? unitRow(k, image) : mapRow(k, image);
    parts.push(thumbs.node);
    return { node: h("section", { class: "layer", "data-kind": layer.kind, "data-layer": layer.name }, parts), mark: thumbs.mark };
  }

  /** A layer of maps: a small picture each. The pictures are cut from the sheet that stands in the page anyway. */
  function mapRow(k, image) {
    const layer = layers[k];
    const count = layer.shape[2];
    const sheet = root.querySelector(`img[data-sheet="${image}:${k}"]`);
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
    const openMap = (channel, stay) => open(strongest(k, channel, image), stay);
    const common = {
      "--sheet": `url(${sheet.src})`, // long: kept once, not in every button
      "--width": `${columns * Number(sheet.dataset.step) * scale}px`,
      "--wide": `${Math.max(24, layer.shape[1] * zoom)}px`,
      "--tall": `${Math.max(24, layer.shape[0] * zoom)}px`,
    };
    const node = h("div", { class: "thumbs", role: "group", "aria-label": `Maps of ${layer.name}`, style: common }, buttons);
    node.addEventListener("click", (event) => {
      const target = event.target.closest("button");
      if (target) openMap(Number(target.dataset.channel));
    });
    node.addEventListener("keydown", (event) => {
      const target = event.target.closest("button");
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!target || !step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const next = Number(target.dataset.channel) + step;
      if (!buttons[next]) return;
      openMap(next, true);
      buttons[next].focus();
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
  function unitRow(k, image) {
    const layer = layers[k];
    const { values } = network.map(k, image);
    if (!layer.classes || layer.shape[1] > 50) {
      const best = strongest(k, 0, image);
      const button = h("button", { type: "button", class: "command", onclick: () => open(best) }, `Show the ${counted(layer.shape[1], "unit")}`);
      return { node: h("div", { class: "commands" }, button) };
    }
    const most = largestOf(values) || 1;
    const bars = Array.from(values, (value, unit) =>
      h(
        "button",
        { type: "button", class: "bar", "data-channel": unit, onclick: () => open({ layer: k, channel: 0, row: 0, column: unit }) },
        h("span", { class: "name" }, className(unit)),
        h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: `fill ${value < 0 ? "negative" : ""}`, style: { width: `${(Math.abs(value) / most) * 100}%` } })),
        h("span", { class: "amount" }, layer.kind === "softmax" ? percent(value) : show(value)),
      ),
    );
    return { node: h("div", { class: "bars", role: "group", "aria-label": `Values of ${layer.name}` }, bars) };
  }

  /** The unit with the largest value of a map: the natural one to look at first. */
  function strongest(k, channel, image) {
    const map = network.map(k, image);
    const [height, width] = map.shape;
    let best = { layer: k, channel, row: 0, column: 0 };
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        if (at(map, row, column, channel) > at(map, best.row, best.column, channel)) best = { layer: k, channel, row, column };
    return best;
  }

  return layerRow;
}

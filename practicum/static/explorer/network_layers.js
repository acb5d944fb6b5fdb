// The network that the page carries: its layers' weights, the maps of every layer, and how each value came about.
// Carried are the images, the weights, and what Keras computed where much arithmetic is behind it (convolutions, dense
// layers, layers that cannot be explained); all else is calculated here when it is first asked for.

/**
 * A layer's maps have shape [height, width, channels]; the units of a dense layer are one row, [1, units, 1].
 * A unit is named {layer, channel, row, column}; layer 0 is the image.
 */
function makeNetwork(data) {
  const { layers } = data;
  const decoded = new Map();
  const maps = new Map();

  function once(store, key, make) {
    if (!store.has(key)) store.set(key, make());
    return store.get(key);
  }
  function weight(k, name) {
    const carried = layers[k].weights[name];
    return once(decoded, `${k} ${name}`, () => ({ shape: carried.shape, values: decode(carried.data) }));
  }
  function ofChannel(k, channel) {
    const { epsilon } = layers[k].settings;
    const value = (name) => weight(k, name).values[channel];
    return { epsilon, mean: value("mean"), variance: value("variance"), gamma: value("gamma"), beta: value("beta") };
  }

  /** What layer k makes of an image: {shape, values}. */
  function map(k, image) {
    return once(maps, `${k} ${image}`, () => {
      const layer = layers[k];
      const carried = layer.outputs?.[image];
      if (carried) return { shape: layer.shape, values: Float32Array.from(decode(carried, layer.bytes ? Uint8Array : Float32Array)) };
      return { ...calculated(k, image), shape: layer.shape };
    });
  }

  function calculated(k, image) {
    const { kind, settings } = layers[k];
    const before = map(k - 1, image);
    switch (kind) {
      case "rescaling": {
        const [scale, offset] = [weight(k, "scale").values, weight(k, "offset").values];
        return changedMap(before, (x, channel) => x * scale[channel] + offset[channel]);
      }
      case "normalisation": {
        const numbers = Array.from({ length: before.shape[2] }, (_, channel) => ofChannel(k, channel));
        if (before.shape[2] === 1 && layers[k].vector) return { values: before.values.map((x, unit) => normalised(x, ofChannel(k, unit))) };
        return changedMap(before, (x, channel) => normalised(x, numbers[channel]));
      }
      case "activation":
        return changedMap(before, ACTIVATIONS[settings.activation]);
      case "pooling":
        return pooledMap(before, settings, largest);
      case "average":
        return pooledMap(before, settings, mean);
      case "whole average":
      case "whole maximum": {
        const whole = { pool: before.shape.slice(0, 2), strides: [1, 1], padding: "valid" };
        return pooledMap(before, whole, kind === "whole average" ? mean : largest);
      }
      case "softmax":
        return { values: Float32Array.from(softmax(before.values)) };
      default: // "same" and "flatten": the same numbers
        return before;
    }
  }

  /** How one value came about: {value, ...what its kind needs}; value is calculated from the weights and the layer before. */
  function explain({ layer: k, channel, row, column }, image) {
    const layer = layers[k];
    const { kind, settings } = layer;
    const shown = at(map(k, image), row, column, channel);
    if (k === 0 || kind === "unknown") return { value: shown };
    const before = map(k - 1, image);
    const x = () => at(before, row, column, channel);
    switch (kind) {
      case "rescaling": {
        const [scale, offset] = ["scale", "offset"].map((name) => weight(k, name).values[channel]);
        return { x: x(), scale, offset, value: x() * scale + offset };
      }
      case "convolution": {
        const unit = convolutionUnit(before, weight(k, "kernel"), weight(k, "bias").values, settings, row, column, channel);
        return { ...unit, sum: unit.value, value: ACTIVATIONS[settings.activation](unit.value), keras: shown };
      }
      case "normalisation": {
        const numbers = ofChannel(k, layer.vector ? column : channel);
        return { x: x(), ...numbers, value: normalised(x(), numbers) };
      }
      case "activation":
        return { x: x(), value: ACTIVATIONS[settings.activation](x()) };
      case "pooling":
        return poolingUnit(before, settings, row, column, channel);
      case "average":
        return averageUnit(before, settings, row, column, channel);
      case "whole average":
      case "whole maximum": {
        const whole = { pool: before.shape.slice(0, 2), strides: [1, 1], padding: "valid" };
        return (kind === "whole average" ? averageUnit : poolingUnit)(before, whole, 0, 0, column);
      }
      case "dense": {
        const kernel = weight(k, "kernel");
        const bias = weight(k, "bias").values;
        const unit = denseUnit(before.values, kernel, bias, column);
        if (settings.activation !== "softmax")
          return { ...unit, sum: unit.value, value: ACTIVATIONS[settings.activation](unit.value), keras: shown };
        const scores = Array.from(bias, (_, other) => denseUnit(before.values, kernel, bias, other).value);
        return { ...unit, sum: unit.value, scores, value: softmax(scores)[column], keras: shown };
      }
      case "softmax":
        return { scores: Array.from(before.values), value: softmax(before.values)[column] };
      default: // "same" and "flatten"
        return { x: before.values[place(layer.shape, { channel, row, column })], value: shown };
    }
  }

  /** Where a value stands among all values of its layer, and back. */
  const place = (shape, { channel, row, column }) => (row * shape[1] + column) * shape[2] + channel;
  function unitAt(k, index) {
    const [, width, channels] = layers[k].shape;
    return { layer: k, channel: index % channels, row: Math.floor(index / (width * channels)), column: Math.floor(index / channels) % width };
  }
  /** The unit of the layer before that a flattened or unchanged value is. */
  const origin = (unit) => unitAt(unit.layer - 1, place(layers[unit.layer].shape, unit));

  /** What becomes of a value in the layers after it, as long as each looks at one channel: [{unit, explained, kept}]. */
  function future(unit, image) {
    const steps = [];
    for (let k = unit.layer + 1; k < layers.length; k++) {
      const { kind, settings, shape, vector } = layers[k];
      let next = { ...unit, layer: k };
      let kept;
      if (kind === "pooling") {
        const tiles = tilesOver(layers[k - 1].shape, settings, unit);
        if (!tiles.length) return [...steps, { layer: k, dropped: true }];
        const found = tiles.map((tile) => ({ ...next, ...tile })).map((tile) => ({ tile, explained: explain(tile, image) }));
        const holds = found.find(({ explained }) => explained.kept.row === unit.row && explained.kept.column === unit.column);
        next = (holds ?? found[0]).tile;
        kept = Boolean(holds);
        const explained = explain(next, image);
        const tied = !kept && explained.value === at(map(k - 1, image), unit.row, unit.column, unit.channel);
        steps.push({ unit: next, explained, kept, tied });
        if (!kept) return steps;
      } else if (kind === "activation" || kind === "normalisation" || kind === "same") {
        if (String(shape) !== String(layers[k - 1].shape) || (vector && kind === "same" && k === layers.length - 1)) return steps;
        steps.push({ unit: next, explained: explain(next, image) });
      } else return steps;
      unit = next;
    }
    return steps;
  }

  /** The places of a pooling's output whose tiles cover a cell. */
  function tilesOver(shape, { pool, strides, padding }, { row, column }) {
    const { rows, columns, top, left } = outputPlaces(shape, pool, strides, padding);
    const covering = (position, before, tile, stride, count) =>
      Array.from({ length: count }, (_, n) => n).filter((n) => n * stride - before <= position && position < n * stride - before + tile);
    return covering(row, top, pool[0], strides[0], rows).flatMap((r) =>
      covering(column, left, pool[1], strides[1], columns).map((c) => ({ row: r, column: c })),
    );
  }

  /** The rows and columns of the image that a unit depends on, first and last: {rows, columns}; undefined if unknown. */
  function seen({ layer, row, column, channel }) {
    let [rows, columns] = [[row, row], [column, column]];
    const through = ([first, last], size, tile, stride, before) => [
      Math.max(first * stride - before, 0),
      Math.min(last * stride - before + tile - 1, size - 1),
    ];
    for (let k = layer; k > 0; k--) {
      const { kind, settings, shape } = layers[k];
      const [height, width] = layers[k - 1].shape;
      if (kind === "unknown") return undefined;
      if (kind === "convolution" || kind === "pooling" || kind === "average") {
        const tile = settings.pool ?? layers[k].weights.kernel.shape;
        const { top, left } = outputPlaces([height, width], tile, settings.strides, settings.padding);
        rows = through(rows, height, tile[0], settings.strides[0], top);
        columns = through(columns, width, tile[1], settings.strides[1], left);
      } else if (kind === "flatten" && columns[0] === columns[1]) {
        const from = unitAt(k - 1, place(shape, { channel, row: 0, column: columns[0] }));
        [rows, columns] = [[from.row, from.row], [from.column, from.column]];
      } else if (["flatten", "dense", "softmax", "whole average", "whole maximum"].includes(kind)) {
        [rows, columns] = [[0, height - 1], [0, width - 1]];
      }
    }
    return { rows, columns };
  }

  // What units are called ------------------------------------------------------------------------------------------

  const isVector = (k) => layers[k].vector;
  const className = (unit) => data.class_names?.[unit] ?? `class ${unit}`;
  /** Red, green and blue as long as the channels are those of the image. */
  const inColour = (k) => layers[0].shape[2] === 3 && layers.slice(1, k + 1).every(({ kind }) => kind === "rescaling" || kind === "same");
  const mapName = (k, channel) => (inColour(k) ? ["red", "green", "blue"][channel] : `map ${channel}`);
  /** "module1_conv, map 3, row 10, column 12"; units of a dense layer have no place. */
  function nameOf({ layer, channel, row, column }) {
    if (isVector(layer)) return `${layers[layer].name}, ${layers[layer].classes ? className(column) : `unit ${column}`}`;
    return `${layers[layer].name}, ${mapName(layer, channel)}, row ${row}, column ${column}`;
  }

  return { layers, map, explain, weight, origin, future, seen, isVector, className, mapName, nameOf };
}

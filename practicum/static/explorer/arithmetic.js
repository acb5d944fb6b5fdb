// The arithmetic of a CNN, one value at a time. No part of this file knows of the page.
// A map is {shape: [height, width, channels], values}, channels last, as in Keras.

/** Along one direction: how many places a tile has, and how many cells of padding come first. */
function places(size, tile, stride, padding) {
  if (padding === "same") {
    const count = Math.ceil(size / stride);
    return { count, before: Math.floor(Math.max((count - 1) * stride + tile - size, 0) / 2) };
  }
  return { count: tile > size ? 0 : Math.floor((size - tile) / stride) + 1, before: 0 };
}

/** Height and width of what comes out, and the padding at the top and at the left. */
function outputPlaces(shape, tile, strides, padding) {
  const down = places(shape[0], tile[0], strides[0], padding);
  const across = places(shape[1], tile[1], strides[1], padding);
  return { rows: down.count, columns: across.count, top: down.before, left: across.before };
}

function at(map, row, column, channel) {
  return map.values[(row * map.shape[1] + column) * map.shape[2] + channel];
}

/** The cells that a tile covers: [{row, column, inside}], row by row; outside the map there is padding. */
function tileCells(shape, tile, strides, padding, row, column) {
  const { top, left } = outputPlaces(shape, tile, strides, padding);
  const cells = [];
  for (let i = 0; i < tile[0]; i++) {
    for (let j = 0; j < tile[1]; j++) {
      const r = row * strides[0] - top + i;
      const c = column * strides[1] - left + j;
      cells.push({ i, j, row: r, column: c, inside: r >= 0 && r < shape[0] && c >= 0 && c < shape[1] });
    }
  }
  return cells;
}

/**
 * One value of a convolution: every product, the sum of each channel, the bias, the value.
 * kernel is {shape: [height, width, channels, filters], values}; depth limits how many channels take part.
 */
function convolutionUnit(map, kernel, bias, { strides, padding }, row, column, filter, depth = map.shape[2]) {
  const [kh, kw, channels, filters] = kernel.shape;
  const cells = tileCells(map.shape, [kh, kw], strides, padding, row, column);
  const perChannel = [];
  let value = bias[filter];
  for (let channel = 0; channel < depth; channel++) {
    let sum = 0;
    const terms = cells.map((cell) => {
      const x = cell.inside ? at(map, cell.row, cell.column, channel) : 0;
      const weight = kernel.values[((cell.i * kw + cell.j) * channels + channel) * filters + filter];
      sum += x * weight;
      return { ...cell, x, weight, product: x * weight };
    });
    perChannel.push({ channel, terms, sum });
    value += sum;
  }
  return { perChannel, bias: bias[filter], value };
}

/** One value of a max pooling: the cells of its tile, and which of them it keeps (the first of the largest). */
function poolingUnit(map, { pool, strides, padding }, row, column, channel, change = (x) => x) {
  const cells = tileCells(map.shape, pool, strides, padding, row, column)
    .filter((cell) => cell.inside)
    .map((cell) => ({ ...cell, x: change(at(map, cell.row, cell.column, channel)) }));
  const kept = cells.reduce((best, cell) => (cell.x > best.x ? cell : best));
  return { cells, kept, value: kept.x };
}

/** One value of an average pooling. */
function averageUnit(map, { pool, strides, padding }, row, column, channel) {
  const cells = tileCells(map.shape, pool, strides, padding, row, column)
    .filter((cell) => cell.inside)
    .map((cell) => ({ ...cell, x: at(map, cell.row, cell.column, channel) }));
  const sum = cells.reduce((total, cell) => total + cell.x, 0);
  return { cells, sum, value: sum / cells.length };
}

/** One value of a dense layer: each input with its weight; kernel is {shape: [inputs, units], values}. */
function denseUnit(inputs, kernel, bias, unit) {
  const units = kernel.shape[1];
  let value = bias[unit];
  const terms = Array.from(inputs, (x, input) => {
    const weight = kernel.values[input * units + unit];
    value += x * weight;
    return { input, x, weight, product: x * weight };
  });
  return { terms, bias: bias[unit], value };
}

/** Probabilities from scores; the largest score is taken away first, which changes nothing and cannot overflow. */
function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Activations of one number. Softmax is not among them: it looks at all scores together. */
const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
};

/** A whole map from another, value by value; change(x, channel) gives the new value. */
function changedMap(map, change) {
  const channels = map.shape[2];
  return { shape: map.shape, values: Float32Array.from(map.values, (x, place) => change(x, place % channels)) };
}

/** A whole map of poolings; combine(values) gives the value of a tile. */
function pooledMap(map, { pool, strides, padding }, combine) {
  const { rows, columns, top, left } = outputPlaces(map.shape, pool, strides, padding);
  const [height, width, channels] = map.shape;
  const values = new Float32Array(rows * columns * channels);
  let place = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [r0, c0] = [row * strides[0] - top, column * strides[1] - left];
      for (let channel = 0; channel < channels; channel++) {
        const tile = [];
        for (let r = Math.max(r0, 0); r < Math.min(r0 + pool[0], height); r++)
          for (let c = Math.max(c0, 0); c < Math.min(c0 + pool[1], width); c++) tile.push(at(map, r, c, channel));
        values[place++] = combine(tile);
      }
    }
  }
  return { shape: [rows, columns, channels], values };
}

/** One value of a batch normalisation, from the numbers that training kept for its channel. */
function normalised(x, { mean, variance, gamma, beta, epsilon }) {
  return ((x - mean) / Math.sqrt(variance + epsilon)) * gamma + beta;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const largest = (values) => values.reduce((most, value) => (value > most ? value : most));

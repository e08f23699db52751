// A trained decoder, run in the page: gated layers, an affine layer, a sigmoid.

// Not every browser has Float16Array yet.
function fromFloat16(bits) {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));

// y = b + W x, with the rows of W one after another; four rows at a time, whose sums need not wait for each other.
function affine(weight, bias, input) {
  const width = input.length;
  const output = Float32Array.from(bias);
  const whole = output.length - (output.length % 4);
  for (let row = 0; row < whole; row += 4) {
    let [first, second, third, fourth] = [0, 0, 0, 0];
    for (let column = 0, at = row * width; column < width; column++, at++) {
      const value = input[column];
      first += weight[at] * value;
      second += weight[at + width] * value;
      third += weight[at + 2 * width] * value;
      fourth += weight[at + 3 * width] * value;
    }
    output[row] += first;
    output[row + 1] += second;
    output[row + 2] += third;
    output[row + 3] += fourth;
  }
  for (let row = whole; row < output.length; row++) {
    let sum = 0;
    for (let column = 0, at = row * width; column < width; column++, at++) sum += weight[at] * input[column];
    output[row] += sum;
  }
  return output;
}

function gated(values) {
  const half = values.length / 2;
  return values.subarray(0, half).map((value, index) => value * sigmoid(values[half + index]));
}

class Decoder {
  // layout: name and number of values of each tensor, in the order of the bytes.
  constructor(layout, bytes) {
    // A copy, because the view may begin at an odd byte.
    const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const values = fromFloat16(new Uint16Array(copy));
    let at = 0;
    for (const [name, size] of layout) {
      this[name] = values.subarray(at, at + size);
      at += size;
    }
    this.layers = layout.filter(([name]) => name.endsWith("bias")).length;
  }

  row(name, rank, count) {
    const width = this[name].length / count;
    return this[name].subarray(rank * width, (rank + 1) * width);
  }

  // Brightness of each pixel, from 0 to 1. `mix` holds pairs of a category's rank and its weight.
  image(code, mix, count) {
    // One kind of array everywhere: with a second kind the browser compiles a slower loop.
    let values = affine(this["0.code"], this["0.bias"], Float32Array.from(code));
    for (const [rank, weight] of this["0.category"] ? mix : []) {
      this.row("0.category", rank, count).forEach((value, index) => (values[index] += weight * value));
    }
    for (let layer = 1; layer < this.layers; layer++) {
      values = affine(this[`${layer}.weight`], this[`${layer}.bias`], gated(values));
    }
    return values.map(sigmoid);
  }
}

// All views of a page share the widget that holds the weights, and what was made of them.
async function decoderOf(model) {
  const id = model.get("weights").replace("IPY_MODEL_", "");
  const weights = await model.widget_manager.get_model(id);
  weights.cpvaeDecoder ??= new Decoder(weights.get("layout"), weights.get("bytes"));
  return { decoder: weights.cpvaeDecoder, ...describe(weights) };
}

// Categories stand in the order of their shares: the rank is a category's place in that order.
function describe(weights) {
  const categories = weights.get("categories");
  const shares = weights.get("shares");
  const name = (rank) => {
    if (categories.length === 1) return "one prior for all";
    const share = shares.length ? `, ${(100 * shares[rank]).toFixed(1)} %` : "";
    return `c = ${categories[rank]}${share}`;
  };
  return { count: categories.length, shape: weights.get("shape"), name };
}

// z = μ + σ ⊙ steps, between two categories if `along` is above 0.
function codeOf({ decoder, count }, rank, steps, towards = rank, along = 0) {
  const [mean, otherMean, scale, otherScale] = ["mean", "scale"].flatMap((name) =>
    [rank, towards].map((place) => decoder.row(name, place, count)));
  return steps.map((step, index) =>
    (1 - along) * (mean[index] + scale[index] * step) + along * (otherMean[index] + otherScale[index] * step));
}

function paint(canvas, pixels, [height, width]) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  canvas.width = width;
  canvas.height = height;
  const image = context.createImageData(width, height);
  const colours = new Uint32Array(image.data.buffer); // opacity, blue, green, red
  pixels.forEach((brightness, index) => {
    const paper = Math.round(255 * (1 - brightness)); // dark ink on white, as in the book's figures
    colours[index] = 0xff000000 + 0x010101 * paper;
  });
  context.putImageData(image, 0, 0);
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// In a square, whose sides an image that is not square touches with its longer sides alone.
function pixelated(canvas, size) {
  canvas.style.cssText =
    `width: ${size}px; height: ${size}px; object-fit: contain; image-rendering: pixelated; border: 1px solid #bbb;`;
  return canvas;
}

// Draws at most once a frame, and always the latest state.
function onChange(model, names, draw) {
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
  for (const name of names) model.on(`change:${name}`, soon);
  draw();
  return () => names.forEach((name) => model.off(`change:${name}`, soon));
}

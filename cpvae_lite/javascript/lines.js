// Lines and bars in SVG, drawn in pixels of the page: text keeps its size on a phone.

const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#D55E00"]; // of panels.py, as are the dashes
const DASHES = ["none", "7 3", "9 3 2 3", "2 3"];
const [INK, GREY] = ["#222222", "#767676"];

function maker(namespace) {
  return (name, attributes = {}, ...children) => {
    const node = document.createElementNS(namespace, name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    node.append(...children);
    return node;
  };
}
const html = maker("http://www.w3.org/1999/xhtml");
const svg = maker("http://www.w3.org/2000/svg");

// The smallest of 1, 2 and 5 times a power of ten that is not below a positive value.
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((digit) => digit * power >= value * (1 - 1e-9));
}

function ticks([low, high], most) {
  const step = ceiling((high - low) / most);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = Array.from({ length: count }, (_, index) => (first + index) * step);
  return values.map((value) => [value, value.toFixed(digits).replace("-", "−")]);
}

// An empty panel; `across` and `up` say where on it a value of x or y lies. `xticks` are pairs of value and name.
function panel({ width, height = 230, x, y, xlabel = "", ylabel, label, xticks = ticks(x, width / 60) }) {
  const [left, right, top, bottom] = [44, width - 12, 26, height - 40];
  const across = (value) => left + ((right - left) * (value - x[0])) / (x[1] - x[0]);
  const up = (value) => bottom - ((bottom - top) * (value - y[0])) / (y[1] - y[0]);
  const text = (content, attributes) => svg("text", { fill: INK, ...attributes }, content);
  const drawing = svg(
    "svg",
    { width, height, role: "img", "aria-label": label, "font-size": 13, "font-family": "sans-serif" },
    svg("path", { d: `M${left},${top}V${bottom}H${right}`, fill: "none", stroke: INK }),
    ...xticks.map(([value, name]) => text(name, { x: across(value), y: bottom + 16, "text-anchor": "middle" })),
    ...ticks(y, 4).map(([value, name]) => text(name, { x: left - 6, y: up(value) + 4, "text-anchor": "end" })),
    text(xlabel, { x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }),
    text(ylabel, { x: 4, y: 14 }),
  );
  return { drawing, across, up };
}

// Style number `index` in lines and legends; `width` in pixels.
function stroke(index, width = 2) {
  return { fill: "none", stroke: COLOURS[index], "stroke-dasharray": DASHES[index], "stroke-width": width };
}

function line({ drawing, across, up }, x, y, style) {
  const points = x.map((value, index) => `${across(value).toFixed(1)},${up(y[index]).toFixed(1)}`);
  drawing.append(svg("polyline", { points: points.join(" "), ...style }));
}

// Bars in several groups differ in how full they are, for a print in grey.
function filling(index) {
  return { fill: COLOURS[index], "fill-opacity": [0.9, 0.45, 0][index], stroke: COLOURS[index], "stroke-width": 1.5 };
}

function bar({ drawing, across, up }, from, to, height, style) {
  const size = { width: across(to) - across(from), height: Math.max(0, up(0) - up(height)) };
  drawing.append(svg("rect", { x: across(from), y: up(0) - size.height, ...size, ...style }));
}

// `entries` are pairs of a name and the style of a line or of a bar.
function legend(entries) {
  const sample = (style) =>
    style.fill === "none"
      ? svg("path", { d: "M0,7H30", ...style })
      : svg("rect", { x: 1, y: 1, width: 28, height: 12, ...style });
  const items = entries.map(([name, style]) =>
    html(
      "span",
      { style: "display: inline-flex; align-items: center; gap: 6px; margin-right: 16px" },
      svg("svg", { width: 30, height: 14, "aria-hidden": "true" }, sample(style)),
      name,
    ),
  );
  return html("div", {}, ...items);
}

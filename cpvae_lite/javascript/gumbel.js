// Relaxed draws of a category: the same Gumbel numbers at every temperature.

function relaxed(logits, noise, temperature) {
  const raised = logits.map((logit, k) => (logit + noise[k]) / temperature);
  const total = logSumExp(raised);
  return raised.map((value) => Math.exp(value - total));
}

// For each category: its share of all draws on average, and how often it is the largest; and the largest of each draw.
function gumbelTerms(draws, size) {
  const largest = draws.map((draw) => Math.max(...draw));
  const average = (value) => sum(draws.map(value)) / draws.length;
  const categories = Array.from({ length: size }, (_, k) => k);
  return {
    largest,
    mean: categories.map((k) => average((y) => y[k])),
    wins: categories.map((k) => average((y, n) => Number(y.indexOf(largest[n]) === k))),
  };
}

function counted(values, bins) {
  const counts = Array(bins).fill(0);
  values.forEach((value) => (counts[Math.min(bins - 1, Math.floor(value * bins))] += 1 / values.length));
  return counts;
}

function panelOfCategories(size, settings) {
  const xticks = Array.from({ length: size }, (_, k) => [k, nameOf(k)]);
  return panel({ x: [-0.5, size - 0.5], xticks, ...settings });
}

const nameOf = (k) => `c${"₁₂₃₄₅₆₇₈₉"[k]}`;

function drawOne(draw, settings) {
  const place = panelOfCategories(draw.length, { y: [0, 1], ...settings });
  draw.forEach((value, k) => bar(place, k - 0.35, k + 0.35, value, filling(0)));
  return framed(place.drawing);
}

function drawAverages(groups, settings) {
  const lists = Object.values(groups), top = ceiling(Math.max(...lists.flat()));
  const place = panelOfCategories(lists[0].length, { y: [0, top], ylabel: "over all draws", ...settings });
  lists.forEach((values, index) =>
    values.forEach((value, k) => {
      const from = k + (index - 1.5) * 0.28;
      bar(place, from, from + 0.28, value, filling(index));
    }),
  );
  return framed(place.drawing, legend(Object.keys(groups).map((name, index) => [name, filling(index)])));
}

function drawHistogram(values, settings, bins = 20) {
  const shares = counted(values, bins), top = ceiling(Math.max(...shares));
  const place = panel({ x: [0, 1], y: [0, top], xlabel: "largest entry", ylabel: "share of draws", ...settings });
  shares.forEach((value, index) => bar(place, index / bins, (index + 1) / bins, value, filling(0)));
  return framed(place.drawing);
}

function drawGumbel(probabilities, draws, { draw, temperature, width }) {
  const one = draws[draw - 1], { largest, mean, wins } = gumbelTerms(draws, probabilities.length);
  const at = `at temperature ${temperature.toFixed(2)}`;
  const settings = (what) => ({ width: share(width, 3, 210), label: `${what} ${at}` });
  const groups = { "mean of the draws": mean, "how often it is the largest": wins, "π": probabilities };
  const columns = Object.entries({ probability: probabilities, draw: one, mean, wins });
  const row = (k) => [nameOf(k), ...columns.map(([key, values]) => number(`${key}_${k}`, values[k]))];
  const caption = [`${draws.length} draws at temperature `, number("temperature", temperature, 2)];
  return [
    drawOne(one, { ...settings("One relaxed draw"), ylabel: `draw ${draw}` }),
    drawAverages(groups, settings("Averages of the draws")),
    drawHistogram(largest, settings("Histogram of the largest entries of the draws")),
    table(caption, ["", "π", `draw ${draw}`, "mean", "largest"], probabilities.map((_, k) => row(k))),
  ];
}

function render({ model, el }) {
  const { probabilities, noise } = model.get("settings");
  const logits = probabilities.map(Math.log);
  return keepDrawn({ model, el }, (width) => {
    const temperature = model.get("temperature");
    const draws = noise.map((row) => relaxed(logits, row, temperature));
    return drawGumbel(probabilities, draws, { draw: model.get("draw"), temperature, width });
  });
}

export default { render };

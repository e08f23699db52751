// Gaussians, and sums over grids.

const logNormal = (x, mean, deviation) =>
  -0.5 * ((x - mean) / deviation) ** 2 - Math.log(deviation) - 0.5 * Math.log(2 * Math.PI);

// KL(N(mean, deviation²) ‖ N(priorMean, priorDeviation²)), in nats.
const klNormal = (mean, deviation, priorMean, priorDeviation) =>
  Math.log(priorDeviation / deviation) + (deviation ** 2 + (mean - priorMean) ** 2) / (2 * priorDeviation ** 2) - 0.5;

const sum = (values) => values.reduce((total, value) => total + value, 0);

function logSumExp(values) {
  const largest = Math.max(...values);
  return largest + Math.log(sum(values.map((value) => Math.exp(value - largest))));
}

// `count` places from `low` to `high`, both included.
function linspace(low, high, count) {
  return Array.from({ length: count }, (_, index) => low + ((high - low) * index) / (count - 1));
}

// Gaussian posteriors of a few data points, their average, and a prior: see toy_terms.surgery.

// Steps in standard deviations around a mean, and the mass of a Gaussian at each.
function steps([low, high, count]) {
  const step = (high - low) / (count - 1);
  return linspace(low, high, count).map((t) => ({ t, mass: step * Math.exp(logNormal(t, 0, 1)) }));
}

function surgery({ means, width }, prior, { fine, coarse }) {
  const logAggregated = (z) => logSumExp(means.map((mean) => logNormal(z, mean, width))) - Math.log(means.length);
  const logPrior = (z) => logNormal(z, prior.mean, prior.deviation);
  const terms = { price: 0, information: 0, waste: 0, holes: 0 };
  means.forEach((mean) => {
    terms.price += klNormal(mean, width, prior.mean, prior.deviation) / means.length;
    coarse.forEach(({ t, mass }) => {
      const z = mean + width * t, log = logAggregated(z);
      terms.information += (mass * (logNormal(z, mean, width) - log)) / means.length;
      terms.waste += (mass * (log - logPrior(z))) / means.length;
    });
  });
  fine.forEach(({ t, mass }) => {
    const z = prior.mean + prior.deviation * t;
    if (logAggregated(z) < logPrior(z) - Math.log(10)) terms.holes += mass;
  });
  return { terms, logAggregated, logPrior };
}

const SURGERY_ROWS = [
  ["price: the mean KL of a posterior to the prior, in nats", "price"],
  ["information: I(z; x), in nats", "information"],
  ["waste: KL of q(z) to the prior, in nats", "waste"],
  ["holes: share of the prior's draws where q(z) is less than a tenth of it", "holes"],
];

function drawAggregated(posteriors, prior, { grids, places, width }) {
  const { terms, logAggregated, logPrior } = surgery(posteriors, prior, grids);
  const exp = (log) => places.map((z) => Math.exp(log(z)));
  const q = exp(logAggregated), p = exp(logPrior), count = posteriors.means.length;
  const said = SURGERY_ROWS.map(([, key]) => `${key} ${shown(terms[key], 3)}`).join(", ");
  const settings = { width, height: 280, x: [places[0], places.at(-1)], xlabel: "z", ylabel: "density" };
  const label = `Posteriors, aggregated posterior and prior; ${said}`;
  const place = panel({ ...settings, y: [0, ceiling(Math.max(...q, ...p))], label });

  const shade = { fill: COLOURS[3], "fill-opacity": 0.25 }, half = (places[1] - places[0]) / 2;
  places.forEach((z, index) => {
    if (q[index] < p[index] / 10) bar(place, z - half, z + half, p[index], shade);
  });
  const thin = { fill: "none", stroke: GREY, "stroke-width": 1 };
  posteriors.means.forEach((mean) =>
    line(place, places, exp((z) => logNormal(z, mean, posteriors.width) - Math.log(count)), thin),
  );
  line(place, places, q, stroke(0, 2.5));
  line(place, places, p, stroke(1));
  const key = [[`each posterior, divided by ${count}`, thin], ["q(z)", stroke(0, 2.5)], ["prior p(z)", stroke(1)]];
  const rows = SURGERY_ROWS.map(([name, term]) => [name, number(term, terms[term])]);
  return [
    framed(place.drawing, legend([...key, ["holes", shade]])),
    table(["Price = information + waste"], ["", "value"], rows),
  ];
}

function render({ model, el }) {
  const { means, coarse, fine, z } = model.get("settings");
  const grids = { coarse: steps(coarse), fine: steps(fine) }, places = linspace(...z);
  return keepDrawn({ model, el }, (width) => {
    const posteriors = { means: means.map((mean) => mean * model.get("apart")), width: model.get("width") };
    const prior = { mean: model.get("prior_mean"), deviation: model.get("prior_deviation") };
    return drawAggregated(posteriors, prior, { grids, places, width });
  });
}

export default { render };

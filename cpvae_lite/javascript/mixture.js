// A CP-VAE in one dimension whose posterior is known: see toy_terms.TwoCategories.

class TwoCategories {
  constructor({ means, deviations, weight }, noise) {
    Object.assign(this, { means, deviations, noise, logWeights: [Math.log(weight), Math.log1p(-weight)] });
    this.spreads = deviations.map((deviation) => Math.hypot(deviation, noise)); // of x in each category
  }

  logPrior(z) {
    return this.means.map((mean, c) => this.logWeights[c] + logNormal(z, mean, this.deviations[c]));
  }

  logJoint(x) {
    return this.means.map((mean, c) => this.logWeights[c] + logNormal(x, mean, this.spreads[c]));
  }

  // For each category: log q(c|x), and mean and deviation of q(z|x,c).
  posterior(x) {
    const joint = this.logJoint(x), evidence = logSumExp(joint);
    return this.means.map((prior, c) => {
      const ofX = (this.deviations[c] / this.spreads[c]) ** 2;
      return {
        log: joint[c] - evidence,
        mean: ofX * x + (1 - ofX) * prior,
        deviation: (this.deviations[c] * this.noise) / this.spreads[c],
      };
    });
  }
}

// All terms, averaged over the data: `grid` has the data's weight at each x, `codes` the posterior of each.
function mixtureTerms(model, codes, grid) {
  const terms = { reconstruction: 0, kl_z: 0, kl_c: 0, evidence: 0, best: 0 };
  grid.forEach(({ x, weight, logData }, index) => {
    codes[index].forEach(({ log, mean, deviation }, c) => {
      const share = weight * Math.exp(log);
      terms.reconstruction += share * (logNormal(x, mean, model.noise) - 0.5 * (deviation / model.noise) ** 2);
      terms.kl_z += share * klNormal(mean, deviation, model.means[c], model.deviations[c]);
      if (share > 0) terms.kl_c += share * (log - model.logWeights[c]);
    });
    terms.evidence += weight * logSumExp(model.logJoint(x));
    terms.best += weight * logData;
  });
  const bound = terms.reconstruction - terms.kl_z - terms.kl_c;
  return { ...terms, bound, model: terms.best - terms.evidence, posterior: terms.evidence - bound };
}

// The density q(z) at each place, to be drawn: parts that hold next to no data are left out.
function aggregated(codes, grid, places) {
  const density = places.map(() => 0);
  grid.forEach(({ weight }, index) =>
    codes[index].forEach(({ log, mean, deviation }) => {
      const share = weight * Math.exp(log);
      if (share < 1e-9) return;
      const height = share * Math.exp(logNormal(mean, mean, deviation));
      places.forEach((z, at) => (density[at] += height * Math.exp(-0.5 * ((z - mean) / deviation) ** 2)));
    }),
  );
  return density;
}

const MIXTURE_ROWS = [
  ["reconstruction", "reconstruction"],
  ["KL of z", "kl_z"],
  ["KL of c", "kl_c"],
  ["bound: the first less the two KLs", "bound"],
  ["best possible: minus the entropy of the data", "best"],
  ["lost by the model: KL(data ‖ model)", "model"],
  ["lost by the posterior: KL to the true one", "posterior"],
  ["log p(x): the bound with nothing lost by the posterior", "evidence"],
];

function drawMixture(model, encoder, { grid, places, width }) {
  const codes = grid.map(({ x }) => encoder.posterior(x));
  const terms = mixtureTerms(model, codes, grid);
  const exp = (values) => values.map(Math.exp);
  const ofX = [exp(grid.map(({ logData }) => logData)), exp(grid.map(({ x }) => logSumExp(model.logJoint(x))))];
  const prior = places.map((z) => exp(model.logPrior(z)));
  const ofZ = [aggregated(codes, grid, places), prior.map(([first]) => first), prior.map(([, second]) => second)];
  const said = `bound ${shown(terms.bound, 3)}, log p of x ${shown(terms.evidence, 3)} nats`;
  const drawn = (x, lines, names, xlabel, label) => {
    const top = ceiling(Math.max(...lines.flat()));
    const settings = { width: share(width, 2), x: [x[0], x.at(-1)], y: [0, top], xlabel, ylabel: "density" };
    const place = panel({ ...settings, label: `${label}; ${said}` });
    lines.forEach((values, index) => line(place, x, values, stroke(index)));
    return framed(place.drawing, legend(names.map((name, index) => [name, stroke(index)])));
  };
  const rows = MIXTURE_ROWS.map(([name, key]) => [name, number(key, terms[key])]);
  return [
    drawn(grid.map(({ x }) => x), ofX, ["data", "model p(x)"], "x", "Densities of the data and of the model"),
    drawn(places, ofZ, ["q(z)", "p(c₁) p(z|c₁)", "p(c₂) p(z|c₂)"], "z", "The aggregated posterior and the prior"),
    table(["On average over the data"], ["", "nats"], rows),
  ];
}

function render({ model, el }) {
  const { noise, start, data, x: [low, high, count], z } = model.get("settings");
  const step = (high - low) / (count - 1), places = linspace(...z);
  const grid = linspace(low, high, count).map((x) => {
    const bumps = data.means.map((mean) => logNormal(x, mean, data.deviation));
    const logData = logSumExp(bumps) - Math.log(bumps.length);
    return { x, logData, weight: step * Math.exp(logData) };
  });
  const fixed = new TwoCategories(start, noise);
  return keepDrawn({ model, el }, (width) => {
    const [means, deviations] = ["mean", "deviation"].map((name) => [1, 2].map((c) => model.get(`${name}_${c}`)));
    const current = new TwoCategories({ means, deviations, weight: model.get("weight") }, noise);
    return drawMixture(current, model.get("follows") ? current : fixed, { grid, places, width });
  });
}

export default { render };

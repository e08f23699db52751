// New images of one category: codes drawn from its prior, decoded.

// Marsaglia's xorshift with 32 bits (2003): small, and the same in every browser.
function uniform(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let skipped = 0; skipped < 10; skipped++) next(); // neighbouring seeds begin alike
  return next;
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export default {
  async render({ model, el }) {
    const shared = await decoderOf(model);
    const { decoder, count, shape, name } = shared;
    const dimensions = decoder.mean.length / count;
    const columns = model.get("columns");
    const sheet = element("div", { role: "img", class: "cpvae-sheet" });
    sheet.style.maxWidth = `${columns * (model.get("size") + 6)}px`; // fewer in a row on a narrow screen
    const canvases = Array.from({ length: columns * model.get("rows") }, () =>
      pixelated(element("canvas"), model.get("size")));
    sheet.append(...canvases);
    const again = element("button", { type: "button", class: "cpvae-button" }, "Draw again");
    again.addEventListener("click", () => {
      model.set("draw", model.get("draw") + 1);
      model.save_changes();
    });
    const text = element("div", { class: "cpvae-label", "aria-live": "polite" });
    el.append(sheet, text, again);

    const stop = onChange(model, ["rank", "spread", "draw"], () => {
      const rank = Math.min(model.get("rank"), count - 1);
      const random = uniform(model.get("draw"));
      for (const canvas of canvases) {
        const noise = Float64Array.from({ length: dimensions }, () => model.get("spread") * normal(random));
        const code = codeOf(shared, rank, noise);
        paint(canvas, decoder.image(code, [[rank, 1]], count), shape);
        canvas.code = { rank, noise: Array.from(noise) };
      }
      text.textContent = `Draws ${model.get("draw") + 1}: ${name(rank)}`;
      sheet.setAttribute("aria-label", `${canvases.length} new images, ${name(rank)}`);
    });
    return stop;
  },
};

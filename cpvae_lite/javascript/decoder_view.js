// One decoded image: a category, steps along its main directions, and a way towards another category.

export default {
  async render({ model, el }) {
    const shared = await decoderOf(model);
    const { decoder, count, shape, name } = shared;
    const canvas = pixelated(element("canvas", { role: "img" }), model.get("size"));
    const text = element("div", { class: "cpvae-label", "aria-live": "polite" });
    el.append(canvas, text);

    const place = (trait) => Math.min(model.get(trait), count - 1);
    const stop = onChange(model, ["rank", "first", "second", "third", "towards", "along"], () => {
      const rank = place("rank");
      const along = model.get("along");
      const towards = along > 0 ? place("towards") : rank;
      const directions = decoder.row("directions", rank, count);
      const sizes = ["first", "second", "third"].map((trait) => model.get(trait));
      const dimensions = directions.length / sizes.length;
      const steps = Float64Array.from({ length: dimensions }, (_, index) =>
        sizes.reduce((sum, size, which) => sum + size * directions[which * dimensions + index], 0));
      const code = codeOf(shared, rank, steps, towards, along);
      paint(canvas, decoder.image(code, [[rank, 1 - along], [towards, along]], count), shape);
      const label = along > 0 ? `${name(rank)} → ${name(towards)}` : name(rank);
      text.textContent = label;
      canvas.setAttribute("aria-label", `Decoded image, ${label}`);
      canvas.code = { rank, towards, along, steps: Array.from(steps), z: Array.from(code) };
    });
    return stop;
  },
};

// The centre of each category's prior, decoded; a click or an arrow key picks one.

const THUMBNAIL = 36;
const EDGE = 4; // around the tiles, for the frame of the chosen one

export default {
  async render({ model, el }) {
    const shared = await decoderOf(model);
    const { decoder, count, shape, name } = shared;
    const group = element("div", { role: "radiogroup", "aria-label": model.get("label"), class: "cpvae-map" });
    const buttons = Array.from({ length: count }, (_, rank) => {
      const canvas = pixelated(element("canvas", { "aria-hidden": "true" }), THUMBNAIL);
      const button = element("button", { type: "button", role: "radio", title: name(rank) }, canvas);
      button.setAttribute("aria-label", name(rank));
      button.addEventListener("click", () => choose(rank));
      return button;
    });
    group.append(...buttons);
    el.append(group);

    const choose = (rank) => {
      model.set("rank", rank);
      model.save_changes();
    };
    const across = () => buttons.filter((button) => button.offsetTop === buttons[0].offsetTop).length;
    group.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across(), ArrowUp: -across() };
      const ends = { Home: 0, End: count - 1 };
      const from = model.get("rank");
      const rank = ends[event.key] ?? from + (steps[event.key] ?? NaN);
      if (!(rank >= 0 && rank < count)) return;
      event.preventDefault();
      event.stopPropagation(); // JupyterLab would go to another cell
      choose(rank);
      buttons[rank].focus({ preventScroll: true }); // the page stays where its reader is
    });
    const reveal = (tile) => {
      const [top, bottom] = [tile.offsetTop - EDGE, tile.offsetTop + tile.offsetHeight + EDGE];
      group.scrollTop = Math.max(Math.min(group.scrollTop, top), bottom - group.clientHeight);
    };
    const stop = onChange(model, ["rank"], () => {
      buttons.forEach((button, rank) => {
        const chosen = rank === Math.min(model.get("rank"), count - 1);
        button.setAttribute("aria-checked", String(chosen));
        button.tabIndex = chosen ? 0 : -1; // one stop of the Tab key for the whole map
        if (chosen) reveal(button);
      });
    });
    // A hundred and more images: the page stays awake in between.
    for (let rank = 0; rank < count; rank++) {
      if (rank % 20 === 19) await new Promise((resolve) => setTimeout(resolve));
      const code = decoder.row("mean", rank, count);
      paint(buttons[rank].firstChild, decoder.image(code, [[rank, 1]], count), shape);
    }
    reveal(buttons[Math.min(model.get("rank"), count - 1)]); // the map may not have been on the page before
    group.dataset.painted = String(count);
    return stop;
  },
};

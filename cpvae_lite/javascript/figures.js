// What the views of figures share: a table that keeps all digits, redrawing, and how panels share the width.

const shown = (value, digits) => (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");

// `value` goes into the page in full, and is shown with a few digits.
function number(key, value, digits = 3) {
  return html("data", { value, "data-key": key }, shown(value, digits));
}

// The caption is a list of texts and nodes. The first cell of each row names it.
function table(caption, heads, rows) {
  const cell = (name, content, attributes) =>
    html(name, { ...attributes, style: "padding: 2px 10px; text-align: left; white-space: normal" }, content);
  const head = html("tr", {}, ...heads.map((content) => cell("th", content, { scope: "col" })));
  const body = rows.map(([name, ...rest]) =>
    html("tr", {}, cell("th", name, { scope: "row" }), ...rest.map((content) => cell("td", content))),
  );
  const above = html("caption", { style: `color: ${INK}; caption-side: top; text-align: left` }, ...caption);
  const look = `border-collapse: collapse; font-size: 14px; margin: 0; color: ${INK}; background: #ffffff`;
  const whole = html("table", { style: look }, above, html("thead", {}, head), html("tbody", {}, ...body));
  return html("div", { style: "flex: 1 1 100%; overflow-x: auto" }, whole);
}

// Shows what `draw` returns for a width, anew whenever a trait or the width has changed, once a frame at most.
function keepDrawn({ model, el }, draw) {
  const padding = 8;
  const sheet = html("div", {
    style: `display: flex; flex-wrap: wrap; gap: 8px 16px; padding: ${padding}px; background: #ffffff; color: ${INK};
      font: 14px sans-serif; border-radius: 4px; box-sizing: border-box`,
  });
  let frame = 0, width = 0;
  const redraw = () => width > 0 && sheet.replaceChildren(...draw(width));
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(redraw);
  };
  const resized = new ResizeObserver(() => {
    const room = sheet.clientWidth - 2 * padding; // less than none while the sheet is hidden
    if (room === width) return;
    width = room;
    soon();
  });
  el.append(sheet);
  resized.observe(sheet);
  model.on("change", soon);
  return () => {
    resized.disconnect();
    model.off("change", soon);
  };
}

// The width of a panel if as many as there is room for stand side by side, at most `most`.
function share(width, most, least = 300) {
  const columns = Math.max(1, Math.min(most, Math.floor((width + 16) / (least + 16))));
  return Math.floor((width - 16 * (columns - 1)) / columns);
}

// A drawing, with what stands below it no wider.
function framed(drawing, ...below) {
  return html("div", { style: `width: ${drawing.getAttribute("width")}px` }, drawing, ...below);
}

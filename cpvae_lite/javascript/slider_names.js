// Tells screen readers what each slider of a block is called: ipywidgets leaves the handle without a name.

export default {
  render({ el }) {
    el.style.display = "none";
    const name = (block) => {
      for (const slider of block.querySelectorAll(".widget-slider")) {
        const [label, handle, readout] = [".widget-label", "[role=slider]", ".widget-readout"].map((part) =>
          slider.querySelector(part));
        if (!label || !handle || !readout) continue; // not built yet
        handle.setAttribute("aria-label", label.textContent);
        handle.setAttribute("aria-valuetext", readout.textContent); // a logarithmic slider would say its exponent
        readout.setAttribute("role", "textbox");
        readout.setAttribute("aria-label", `${label.textContent}, as a number`);
      }
    };
    const look = () => {
      const block = el.closest(".cpvae-interactive");
      if (block) name(block);
    };
    // Block and sliders may be in the page already, or come later, and the numbers change.
    const observer = new MutationObserver(look);
    look();
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  },
};

// Lets the sliders of a block of frames stop between the frames, where there is a kernel to draw what belongs there.

const positions = (sliders) => sliders.map((slider) => Number(slider.value));

function refine(slider, labels) {
  const label = JSON.parse(slider.dataset.labels)[slider.value];
  slider.max = labels.length - 1;
  slider.value = labels.indexOf(label);
  slider.dataset.labels = JSON.stringify(labels);
}

function tell(slider) {
  const label = JSON.parse(slider.dataset.labels)[slider.value];
  slider.setAttribute("aria-valuetext", label);
  slider.nextElementSibling.value = `${slider.getAttribute("aria-label")} ${label}`;
}

// What is in view belongs to another place of the sliders. Most answers come before it fades.
function fade(block) {
  block.setAttribute("aria-busy", "true");
  block.querySelectorAll("img").forEach((frame) => {
    frame.style.transition = "opacity 0.2s 0.5s";
    frame.style.opacity = 0.3;
  });
}

// The first frame becomes the picture that is in view; an error of the function stands below it.
function show(block, { picture, alt, error }) {
  block.setAttribute("aria-busy", "false");
  const [view, ...rest] = block.querySelectorAll("img");
  rest.forEach((frame) => frame.remove());
  view.style.display = "block";
  if (!error) {
    Object.assign(view, { src: picture, alt });
    Object.assign(view.style, { transition: "none", opacity: 1 });
  }
  const said = block.querySelector("[role=alert]") ?? block.appendChild(document.createElement("p"));
  said.setAttribute("role", "alert");
  said.textContent = error ?? "";
}

function render({ model }) {
  const block = document.querySelector(`[data-kernel="${model.get("key")}"]`);
  if (!block) return;
  block.removeAttribute("data-kernel"); // a second view of this widget finds nothing to do
  const sliders = [...block.querySelectorAll("input")];
  let waiting = false;

  function ask() {
    waiting = true; // one question at a time: a slow function is asked for the last place only
    fade(block);
    model.send({ places: positions(sliders) });
  }

  model.on("msg:custom", (answer) => {
    if (answer.labels) {
      sliders.forEach((slider, index) => {
        refine(slider, answer.labels[index]);
        slider.oninput = () => { tell(slider); if (!waiting) ask(); };
      });
      return;
    }
    show(block, answer);
    waiting = false;
    if (String(positions(sliders)) !== String(answer.places)) ask();
  });
  model.send({}); // a page without a kernel has no answer to this
}

export default { render };

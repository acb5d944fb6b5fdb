// A film of pictures: a slider and a button.

const KIND = "film";
const PICTURE_MS = 450;

function startPage(root, live, data) {
  const last = data.frames.length - 1;
  let place = 0;
  let timer = null;
  const address = pageAddress(root, (asked) => go(wholeNumber(asked.frame, last + 1)));
  const picture = h("img", { class: "sheet" });
  const says = readout();
  const slider = h("input", { type: "range", min: 0, max: last, step: 1, class: "slider", "aria-label": "moment of the training" });
  const button = h("button", { type: "button", class: "command", onclick: () => (timer ? stop() : play()) });
  const back = h("button", { type: "button", class: "command", onclick: () => go(place - 1) }, "Back");
  const on = h("button", { type: "button", class: "command", onclick: () => go(place + 1) }, "Next");

  function show(to) {
    place = Math.min(Math.max(to, 0), last);
    const frame = data.frames[place];
    picture.src = frame.url;
    picture.alt = `${data.alt}, ${frame.when}`;
    slider.value = place;
    slider.setAttribute("aria-valuetext", frame.when);
    back.disabled = place === 0;
    on.disabled = place === last;
    says.say(place, frame.when, last ? ` (${place + 1} of ${last + 1})` : "");
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    says.quiet(false);
  }

  function play() {
    says.quiet(true); // a screen reader would be told of every picture
    if (place === last) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      show(place + 1);
      if (place === last) {
        stop();
        address.write({ frame: place });
      }
    }, PICTURE_MS);
  }

  function go(to) {
    stop();
    show(to);
    address.write({ frame: place });
  }

  slider.addEventListener("input", () => go(Number(slider.value)));
  stop();
  show(wholeNumber(address.first.frame, last + 1, last));
  fill(live, h("div", { class: "controls" }, button, back, on, slider), says.node, picture);
}

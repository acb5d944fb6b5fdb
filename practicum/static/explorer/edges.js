// A part that scrolls fades at an edge behind which it goes on.

const SCROLLING = ".thumbs, .scroll, .detail";
const HIDDEN_FROM = 8; // pixels; less is the margin that the parts keep for the frames of what they hold

/** Keep the classes more-left, more-right, more-up and more-down of every part that scrolls; the styles do the rest. */
function markEdges(live) {
  const look = (part) => {
    const { scrollLeft: left, scrollTop: up } = part;
    const right = part.scrollWidth - part.clientWidth - left;
    const down = part.scrollHeight - part.clientHeight - up;
    for (const [side, hidden] of Object.entries({ left, right, up, down })) part.classList.toggle(`more-${side}`, hidden > HIDDEN_FROM);
  };
  let waiting = false;
  const lookAtAll = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      live.querySelectorAll(SCROLLING).forEach(look);
    });
  };
  live.addEventListener("scroll", ({ target }) => target.matches?.(SCROLLING) && look(target), { capture: true, passive: true });
  new ResizeObserver(lookAtAll).observe(live);
  new MutationObserver(lookAtAll).observe(live, { childList: true, subtree: true });
}

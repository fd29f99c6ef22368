// @ts-check
/** <letter-frame>: makes its frame as tall as the mail in it. */
class LetterFrame extends HTMLElement {
  connectedCallback() {
    const frame = /** @type {HTMLIFrameElement} */ (this.querySelector("iframe"));
    const fit = () => {
      const letter = frame.contentDocument?.body;
      if (letter?.childElementCount) frame.height = String(letter.offsetHeight);
    };
    frame.addEventListener("load", fit);
    new ResizeObserver(fit).observe(this);
  }
}

customElements.define("letter-frame", LetterFrame);

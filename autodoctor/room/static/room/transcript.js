// @ts-check
/** The transcript: its pictures open in the light box, and buttons with `data-print` print it. */
import { LightBox } from "room/light-box";

customElements.define("light-box", LightBox);
for (const button of document.querySelectorAll("[data-print]")) {
  button.removeAttribute("hidden");
  button.addEventListener("click", () => print());
}

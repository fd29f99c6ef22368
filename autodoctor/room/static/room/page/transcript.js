// @ts-check
/** The transcript: its pictures open in the light box, and it can be printed. */
import "lib/print";
import { LightBox } from "lib/light-box";

customElements.define("light-box", LightBox);

// @ts-check
/** The transcript: its pictures open in the light box, and it can be printed. */
import "page/print";
import { LightBox } from "room/light-box";

customElements.define("light-box", LightBox);

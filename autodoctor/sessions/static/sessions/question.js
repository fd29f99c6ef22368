// @ts-check
/** Defines the element of the page of a question that keeps what is typed. */
import { KeptText } from "lib/kept-text";

customElements.define("kept-text", KeptText);

// @ts-check
/** Defines the element that reads trouble codes from an adapter in the car. */
import { CodeReader } from "trouble_codes/code-reader";

customElements.define("code-reader", CodeReader);

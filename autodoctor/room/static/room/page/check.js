// @ts-check
/** The page of the device check before a booking. */
import { DevicePreflight } from "room/preflight/device-preflight";

customElements.define("device-preflight", DevicePreflight);
/** @type {DevicePreflight} */ (document.querySelector("device-preflight")).open = true;

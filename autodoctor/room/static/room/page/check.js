// @ts-check
/** The page that lets anybody try their devices, before they pay. */
import { DevicePreflight } from "room/preflight/device-preflight";

customElements.define("device-preflight", DevicePreflight);
/** @type {DevicePreflight} */ (document.querySelector("device-preflight")).open = true;

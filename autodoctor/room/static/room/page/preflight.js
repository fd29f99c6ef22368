// @ts-check
/** Defines the device check: before a session, which opens it, or before a booking, when it is open at once. */
import { DevicePreflight } from "room/preflight/device-preflight";

customElements.define("device-preflight", DevicePreflight);
const preflight = document.querySelector("device-preflight");
if (preflight && !preflight.dataset.session) preflight.open = true;

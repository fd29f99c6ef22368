// @ts-check
/** Defines the elements of the intake. */
import { IntakeDraft } from "booking/intake-draft";
import { OdometerPhoto } from "booking/odometer-photo";
import { VinScanner } from "booking/vin-scanner";

customElements.define("intake-draft", IntakeDraft);
customElements.define("odometer-photo", OdometerPhoto);
customElements.define("vin-scanner", VinScanner);

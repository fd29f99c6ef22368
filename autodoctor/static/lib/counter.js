/**
 * <char-counter for="field-id">: how many characters of the field's maxlength are used, e.g. "12 / 2,000".
 * Counts as the server does: code points, with a line break as one.
 */
class CharCounter extends HTMLElement {
  connectedCallback() {
    this.field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById(this.getAttribute("for") ?? ""));
    this.field?.addEventListener("input", this);
    this.handleEvent();
  }

  disconnectedCallback() {
    this.field?.removeEventListener("input", this);
  }

  handleEvent() {
    if (!this.field) return;
    const number = new Intl.NumberFormat(document.documentElement.lang);
    const used = [...this.field.value].length;
    this.textContent = `${number.format(used)} / ${number.format(this.field.maxLength)}`;
  }
}

customElements.define("char-counter", CharCounter);

// @ts-check
/**
 * <light-box>: shows the pictures, videos and sounds of the page one after the other. A link
 * `a[data-view="image|video|audio"]` opens it, with the other links of its [data-gallery]; `data-caption` is the title.
 * Without this script the links open the files. A film that the browser cannot show is a download, here and on the page.
 */
import { fill, filled, templateOf } from "lib/templates";
import { isThere, watchFilms } from "lib/unplayable";

const SWIPE_PX = 50;

export class LightBox extends HTMLElement {
  /** @type {HTMLAnchorElement[]} */
  #links = [];
  #place = 0;
  /** The sheet that the link stood on: a dialog closes it. @type {HTMLElement | null} */
  #sheet = null;
  /** @type {Touch | null} */
  #touch = null;
  #leaving = new AbortController();

  connectedCallback() {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    document.addEventListener("click", (event) => this.#follow(event), { signal });
    watchFilms(() => templateOf(this, "show", "unplayable"), signal);
    const dialog = this.#dialog;
    dialog.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)), { signal });
    dialog.addEventListener("keydown", (event) => this.#key(event), { signal });
    dialog.addEventListener("close", () => this.#closed(), { signal });
    dialog.addEventListener("touchstart", (event) => this.#touched(event), { signal, passive: true });
    dialog.addEventListener("touchend", (event) => this.#lifted(event), { signal });
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** @param {MouseEvent} event */
  #follow(event) {
    const link = /** @type {Element} */ (event.target).closest("a[data-view]");
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    /** @type {NodeListOf<HTMLAnchorElement> | undefined} */
    const gallery = link.closest("[data-gallery]")?.querySelectorAll("a[data-view]");
    this.#links = [...(gallery ?? [link])];
    this.#sheet = link.closest(":popover-open");
    this.#show(this.#links.indexOf(link));
    this.#dialog.showModal();
  }

  /** @param {number} place */
  #show(place) {
    const link = this.#links[place];
    if (!link) return;
    this.#place = place;
    this.#stage.replaceChildren(this.#view(link));
    this.#stage.removeAttribute("data-zoomed");
    fill(this, "name", link.dataset.caption ?? "");
    fill(this, "place", String(place + 1));
    fill(this, "count", String(this.#links.length));
    this.#part("[data-count]").hidden = this.#links.length < 2;
    /** @type {HTMLAnchorElement} */ (this.#part("[data-download]")).href = `${link.href}?download=1`;
    this.#offerToDraw(link);
    this.#enable("[data-previous]", place > 0);
    this.#enable("[data-next]", place < this.#links.length - 1);
  }

  /** Where the page lets people draw on pictures. @param {HTMLAnchorElement} link */
  #offerToDraw(link) {
    const button = /** @type {HTMLElement | null} */ (this.querySelector("[data-draw]"));
    const [file] = link.pathname.match(/[^/]+(?=\/$)/) ?? [""];
    if (button) Object.assign(button.dataset, { draw: file, name: link.dataset.caption ?? "" });
    if (button) button.hidden = link.dataset.view !== "image";
  }

  /** @param {HTMLAnchorElement} link */
  #view(link) {
    const view = filled(templateOf(this, "show", link.dataset.view));
    const media = /** @type {HTMLImageElement | HTMLMediaElement} */ (view.querySelector("img, video, audio"));
    media.onerror = () => this.#missing(media);
    media.src = link.href;
    if (media instanceof HTMLImageElement) this.#frame(media, link);
    else media.ariaLabel = link.dataset.caption ?? "";
    return view;
  }

  /** In its place at once, and until the whole picture has come its small one. @param {HTMLImageElement} image */
  #frame(image, /** @type {HTMLAnchorElement} */ link) {
    image.alt = link.dataset.caption ?? "";
    const small = link.querySelector("img");
    const [width, height] = [small?.getAttribute("width"), small?.getAttribute("height")];
    if (width && height) Object.assign(image, { width, height });
  }

  /** A film that is there, and only cannot be shown, is left to `watchFilms`. @param {HTMLElement} media */
  async #missing(media) {
    if (media instanceof HTMLVideoElement && (await isThere(media.src))) return;
    if (!media.isConnected) return;
    this.#stage.replaceChildren(filled(templateOf(this, "show", "missing")));
  }

  /** @param {Element} target */
  #clicked(target) {
    if (target.closest("[data-previous]")) this.#show(this.#place - 1);
    else if (target.closest("[data-next]")) this.#show(this.#place + 1);
    else if (target.closest("img")) this.#stage.toggleAttribute("data-zoomed");
    else if (target.closest("[data-close]") || target === this.#stage) this.#dialog.close();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target instanceof HTMLMediaElement) return; // winds it
    if (event.key === "ArrowLeft") this.#show(this.#place - 1);
    if (event.key === "ArrowRight") this.#show(this.#place + 1);
  }

  /** @param {TouchEvent} event */
  #touched(event) {
    const calm = event.touches.length === 1 && visualViewport?.scale === 1 && !("zoomed" in this.#stage.dataset);
    this.#touch = calm ? event.touches[0] : null;
  }

  /** @param {TouchEvent} event */
  #lifted(event) {
    const [from, to] = [this.#touch, event.changedTouches[0]];
    this.#touch = null;
    if (!from || event.touches.length) return;
    const [across, down] = [to.clientX - from.clientX, to.clientY - from.clientY];
    if (down > 2 * SWIPE_PX && down > 2 * Math.abs(across)) this.#dialog.close();
    else if (Math.abs(across) > SWIPE_PX && Math.abs(across) > 2 * Math.abs(down)) {
      this.#show(this.#place - Math.sign(across));
    }
  }

  #closed() {
    this.#stage.replaceChildren(); // a film or sound stops
    if (this.#sheet?.isConnected) this.#sheet.showPopover();
    this.#links[this.#place]?.focus();
  }

  /**
   * @param {string} selector
   * @param {boolean} enabled
   */
  #enable(selector, enabled) {
    const button = /** @type {HTMLButtonElement} */ (this.#part(selector));
    if (!enabled && button === document.activeElement) this.#part("[data-close]").focus();
    button.disabled = !enabled;
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.querySelector(selector));
  }

  get #stage() {
    return this.#part("[data-stage]");
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }
}

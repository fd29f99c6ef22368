"""A scripted adapter: a `navigator.bluetooth` in the page that speaks octets, as ELM327 and their copies do."""

from typing import Any

from playwright.sync_api import Page

# `answers` by command, each with its ">"; a command that is not there gets none. `cut`: octets of one notification.
# `services`: by id, the properties of their characteristics.
INSTALL = """(scene) => {
  const { answers, cut, services, refuses, connects, available, breaksAt, garbage } = scene;
  const car = { asked: [], isOpen: false, requests: [] };
  const later = (act) => setTimeout(act);
  class Characteristic extends EventTarget {
    constructor(properties, service) { super(); Object.assign(this, { properties, service }); }
    async startNotifications() { return this; }
    async writeValueWithResponse(octets) { await this.take(octets); }
    async writeValueWithoutResponse(octets) { await this.take(octets); }
    async take(octets) {
      if (!car.isOpen) throw new DOMException("", "NetworkError");
      if (octets.byteLength > 20) throw new DOMException("", "NotSupportedError");
      this.service.heard += new TextDecoder().decode(octets);
      if (!this.service.heard.endsWith("\\r")) return;
      const command = this.service.heard.trim();
      this.service.heard = "";
      car.asked.push(command);
      if (command === breaksAt) return later(() => device.gatt.disconnect());
      if (command in answers) this.service.tell(answers[command]);
      if (garbage && command === "03") this.service.tell("\\0A7 ".repeat(20_000));
    }
    tells(octets) {
      this.value = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
      this.dispatchEvent(new Event("characteristicvaluechanged"));
    }
  }
  class Service {
    heard = "";
    constructor(list) { this.list = list.map((properties) => new Characteristic(properties, this)); }
    async getCharacteristics() { return this.list; }
    tell(text) {
      const octets = new TextEncoder().encode(text);
      const teller = this.list.find(({ properties }) => properties.notify || properties.indicate);
      for (let at = 0; at < octets.length; at += cut) later(() => teller.tells(octets.slice(at, at + cut)));
    }
  }
  const device = Object.assign(new EventTarget(), {
    name: "OBDII",
    gatt: {
      async connect() {
        if (connects === "never") await new Promise(() => {});
        if (connects === "fails") throw new DOMException("", "NetworkError");
        car.isOpen = true;
        return this;
      },
      disconnect() {
        if (!car.isOpen) return;
        car.isOpen = false;
        device.dispatchEvent(new Event("gattserverdisconnected"));
      },
      async getPrimaryServices() { return services.map((list) => new Service(list)); },
    },
  });
  const bluetooth = {
    getAvailability: async () => available,
    async requestDevice(options) {
      car.requests.push(options);
      if (refuses) throw new DOMException("", refuses);
      return device;
    },
  };
  Object.defineProperty(navigator, "bluetooth", { configurable: true, value: bluetooth });
  window.car = car;
}"""
BOTH = {"notify": True, "write": True, "writeWithoutResponse": True}
SETTINGS = ("ATE0", "ATL0", "ATS0", "ATH0", "ATSP0")
READY = {"ATZ": "\r\rELM327 v1.5\r\r>", "ATDPN": "A6\r\r>"} | dict.fromkeys(SETTINGS, "OK\r\r>")
NOTHING = {"07": "4700\r\r>", "0A": "4A00\r\r>"}


def scene(answers: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """An adapter at a car with CAN that has stored P0301, unless the scene is another."""
    usual = {"cut": 20, "services": [[BOTH]], "refuses": "", "connects": "", "available": True, "breaksAt": ""}
    stored = {"03": "SEARCHING...\r43010301\r\r>"}
    return usual | {"garbage": False} | changes | {"answers": READY | NOTHING | stored | (answers or {})}


def plug_in(page: Page, **changes: Any) -> None:
    """Put the adapter where the page looks for it."""
    page.evaluate(INSTALL, scene(**changes))

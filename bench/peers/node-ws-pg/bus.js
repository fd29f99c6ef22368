// Redis pub/sub between processes: a channel for each session that has a socket here. Without Redis there is one process.
"use strict";
const { createClient } = require("redis");

/** `deliver(sessionId, seq, event)` takes what other processes say. */
exports.connectBus = function connectBus(url, name, deliver) {
  if (!url) return { ready: Promise.resolve(), follow: async () => {}, leave() {}, publish() {} };
  const [client, heard] = [createClient({ url }), createClient({ url })];
  for (const each of [client, heard]) each.on("error", () => {}); // it reconnects by itself
  function hear(parcel, sessionId) {
    const [sender, seq] = parcel.split(" ", 2);
    if (sender !== name) deliver(sessionId, Number(seq), parcel.slice(sender.length + seq.length + 2));
  }
  return {
    ready: Promise.all([client.connect(), heard.connect()]),
    follow: (sessionId) => heard.subscribe(sessionId, hear),
    leave: (sessionId) => heard.unsubscribe(sessionId).catch(() => {}),
    publish: (sessionId, seq, event) => client.publish(sessionId, `${name} ${seq} ${event}`).catch(() => {}),
  };
};

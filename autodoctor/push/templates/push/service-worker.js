{% load static %}// Shows what push services bring, and leads a tap to the page.
// It answers no requests and keeps nothing.
const PICTURE = "{% static 'push/mark-192.png' %}";
const BADGE = "{% static 'push/badge-96.png' %}";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(tell(event.data.json())));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data));
});

async function tell({ title, body, path, topic, quiet, seen_at: seenAt }) {
  const pages = await pagesAt(seenAt);
  const seen = pages.some((page) => page.visibilityState === "visible");
  // A visible page shows the news itself. Safari requires a notification nevertheless.
  if (seen && !/^((?!chrome|android).)*safari/i.test(navigator.userAgent)) return;
  const silent = seen || quiet;
  const looks = { body, tag: topic, renotify: !silent, silent, data: path, icon: PICTURE, badge: BADGE };
  await self.registration.showNotification(title, looks);
}

async function lead(path) {
  const [page] = await pagesAt([path]);
  await (page ? page.focus() : self.clients.openWindow(path));
}

async function pagesAt(paths) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return pages.filter((page) => paths.includes(new URL(page.url).pathname));
}

{% load static %}// Shows what push services bring, and leads a tap to the page. Without a connection it answers
// with the person's last summary, or else with a page that says so; see lib/offline.js. It keeps nothing else, and
// changes no answer of the server. Version {{ version }}
const PICTURE = "{% static 'push/mark-192.png' %}";
const BADGE = "{% static 'push/badge-96.png' %}";
const OFFLINE = "{% url 'offline' %}";
const STATIC = "{% get_static_prefix %}";
const PUBLIC = "offline"; // the cache of the offline page
const PRIVATE = "summary"; // and that of the summary, each with what the page loads
const KEPT_FOR = "Kept-For"; // the header with the person whose summary it is
let isAlone = false; // the last navigation found no server: what the kept page loads is kept, too
let round = 0; // a summary that arrives after it was to be forgotten is not kept

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("fetch", (event) => answer(event));
self.addEventListener("message", (event) => event.waitUntil(obey(event.data)));
self.addEventListener("push", (event) => event.waitUntil(tell(event.data.json())));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data));
});

async function install() {
  await keepOfflinePage().catch(() => {}); // the next page that is kept tries again
  await self.skipWaiting();
}

function answer(event) {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) return;
  if (mode === "navigate") event.respondWith(navigate(event.request));
  else if (isAlone && pathname.startsWith(STATIC)) event.respondWith(keptPart(event.request));
}

async function navigate(request) {
  try {
    const found = await fetch(request);
    isAlone = false;
    return found;
  } catch {
    isAlone = true;
    return keptPage();
  }
}

async function keptPage() {
  const caches_ = await Promise.all([caches.open(PRIVATE), caches.open(PUBLIC)]);
  const [[summary], [page]] = await Promise.all(caches_.map(pagesIn));
  return summary ?? page ?? Response.error();
}

async function pagesIn(cache) {
  const pages = (await cache.keys()).filter(({ url }) => !new URL(url).pathname.startsWith(STATIC));
  return Promise.all(pages.map((page) => cache.match(page)));
}

async function keptPart(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function keepOfflinePage() {
  const page = await fetch(OFFLINE, { credentials: "omit", cache: "no-store" });
  if (page.ok) await keepPage(PUBLIC, OFFLINE, page);
}

async function obey({ forget, keep, me }) {
  if (forget) await forgetSummary();
  if (keep) await Promise.all([keepSummary(keep, me), caches.match(OFFLINE).then((page) => page ?? keepOfflinePage())]);
}

async function forgetSummary() {
  round += 1;
  await caches.delete(PRIVATE);
}

async function keepSummary(address, me) {
  const begun = round;
  const kept = await (await caches.open(PRIVATE)).match(address);
  if (kept && kept.headers.get(KEPT_FOR) !== me) await caches.delete(PRIVATE);
  const tag = kept?.headers.get(KEPT_FOR) === me ? kept.headers.get("ETag") : null;
  const found = await fetch(address, { headers: tag ? { "If-None-Match": tag } : {}, redirect: "manual" });
  if (found.status === 304) return;
  if (found.status === 200 && found.headers.get(KEPT_FOR) === me) await keepPage(PRIVATE, address, found);
  else await caches.delete(PRIVATE);
  if (begun !== round) await caches.delete(PRIVATE);
}

// Keeps a page with the style sheets, scripts and pictures that it names.
async function keepPage(name, address, page) {
  const text = await page.clone().text();
  const named = [...text.matchAll(/(?:href|src)="([^"#]+)/g)].map(([, part]) => part);
  const parts = [...new Set(named.filter((part) => part.startsWith(STATIC)))];
  const fetched = await Promise.all(parts.map(async (part) => [part, await fetch(part)]));
  await caches.delete(name);
  const cache = await caches.open(name);
  await Promise.all([[address, page], ...fetched].map(([at, response]) => cache.put(at, response)));
}

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

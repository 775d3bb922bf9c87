// Keeps the page for when there is no connection. The build puts the list of files and a name that
// changes with any of them in place of the words in capitals.

const NAME = "blurdct-VERSION";
const FILES = ["FILES"];

addEventListener("install", (event) => {
  const all = caches.open(NAME).then((cache) => cache.addAll(FILES));
  event.waitUntil(all.then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = async () => {
    const names = await caches.keys();
    const ours = names.filter((name) => name.startsWith("blurdct-") && name !== NAME);
    await Promise.all(ours.map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(old());
});

addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const found = async () => {
    const cache = await caches.open(NAME);
    return await cache.match(event.request, { ignoreSearch: true }) ?? fetch(event.request);
  };
  event.respondWith(found());
});

// Sends one of each call with @rudderstack/rudder-sdk-node, unchanged: node rudder.mjs <host> <writeKey>
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl: host, flushAt: 20, flushInterval: 100, gzip: process.argv[4] === "gzip" });
const sent = [
  (done) => analytics.identify({ userId: "node-1", traits: { email: "node@example.com", plan: "gold" } }, done),
  (done) => analytics.track({ userId: "node-1", event: "Order Completed", properties: { order_id: "9", total: 25.5, currency: "USD" } }, done),
  (done) => analytics.page({ anonymousId: "device-1", name: "Home", properties: { url: "https://shop.example.com/" } }, done),
  (done) => analytics.screen({ userId: "node-1", name: "Cart" }, done),
  (done) => analytics.group({ userId: "node-1", groupId: "club", traits: { name: "Club" } }, done),
  (done) => analytics.alias({ userId: "node-1", previousId: "device-1" }, done),
  (done) => analytics.track({ userId: "node-1", event: "Searched", timestamp: new Date("2026-01-02T03:04:05Z") }, done),
].map((send) => new Promise((resolve, reject) => send((problem) => (problem ? reject(problem) : resolve()))));
analytics.flush();
await Promise.all(sent);
process.exit(0);

// Sends one of each call with @segment/analytics-node, unchanged: node segment.mjs <host> <writeKey>
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, path: "/v1/batch", flushAt: 20, flushInterval: 100 });
analytics.on("error", (problem) => { console.error(problem); process.exitCode = 1; });
analytics.identify({ userId: "node-1", traits: { email: "node@example.com", plan: "gold" } });
analytics.track({ userId: "node-1", event: "Order Completed", properties: { order_id: "9", total: 25.5, currency: "USD" } });
analytics.page({ anonymousId: "device-1", name: "Home", properties: { url: "https://shop.example.com/" } });
analytics.screen({ userId: "node-1", name: "Cart" });
analytics.group({ userId: "node-1", groupId: "club", traits: { name: "Club" } });
analytics.alias({ userId: "node-1", previousId: "device-1" });
analytics.track({ userId: "node-1", event: "Searched", timestamp: new Date("2026-01-02T03:04:05Z") });
await analytics.closeAndFlush();

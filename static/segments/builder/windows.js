/* Windows of time: which one, its value, and the days it means today. */

import { el, fill, named, pairs, select } from "./dom.js";
import { day, number } from "./values.js";

const DAY = 86_400_000;
const FIRST_VALUE = {
  in_last_days: () => 30, in_last_calendar_days: () => 30, more_than_days_ago: () => 30, in_next_days: () => 30,
  in_current: () => "month", between: (today) => [today, today], before: (today) => today, on_or_after: (today) => today,
};

const shifted = (today, days) => new Date(Date.parse(`${today}T00:00:00Z`) + days * DAY);

/* The first and last day that a window means when asked on a day (both ISO dates, shop's calendar); pure. */
export function span(name, value, today) {
  const iso = (date) => date.toISOString().slice(0, 10);
  const isDays = Number.isInteger(value) && value > 0 && value <= 3650;
  if (name === "in_last_days" && isDays) return { kind: "rolling", from: iso(shifted(today, -value)), to: today };
  if (name === "in_last_calendar_days" && isDays) return { kind: "calendar", from: iso(shifted(today, 1 - value)), to: today };
  if (name === "more_than_days_ago" && isDays) return { kind: "until", from: null, to: iso(shifted(today, -value)) };
  if (name === "in_next_days" && isDays) return { kind: "ahead", from: today, to: iso(shifted(today, value)) };
  if (name === "in_current") {
    const date = shifted(today, 0);
    const back = { day: 0, week: (date.getUTCDay() + 6) % 7, month: date.getUTCDate() - 1 }[value];
    const from = value === "year" ? `${today.slice(0, 4)}-01-01` : back === undefined ? null : iso(shifted(today, -back));
    return from ? { kind: "calendar", from, to: today } : null;
  }
  return null;
}

export function fresh(name, today) { return FIRST_VALUE[name] ? FIRST_VALUE[name](today) : ""; }

function dates(name, value, ctx) {
  const found = span(name, value, ctx.catalogue.today);
  if (!found) return "";
  const write = (day) => day && new Intl.DateTimeFormat(ctx.catalogue.language, { day: "numeric", month: "short", year: day.slice(0, 4) === ctx.catalogue.today.slice(0, 4) ? undefined : "numeric", timeZone: "UTC" }).format(shifted(day, 0));
  return fill(ctx.words[found.kind], { from: write(found.from), to: write(found.to) });
}

/* The value of a window whose name is known. */
export function value(name, place, ctx) {
  const { words } = ctx;
  const note = el("small", { class: "r-muted r-rule-dates" }, dates(name, place.value, ctx));
  const watched = (at) => ({ get value() { return at.value; }, put: (next, redraw) => { at.put(next, redraw); note.textContent = dates(name, place.value, ctx); } });
  if (name === "in_current") {
    return [select(words.value, ["day", "week", "month", "year"].map((one) => [one, words[one]]), place.value, watched(place).put), note];
  }
  if (name === "between") {
    const both = Array.isArray(place.value) ? place.value : [null, null];
    return [day(pair(place, both, 0), words.from), words.and, day(pair(place, both, 1), words.to)];
  }
  if (name === "before" || name === "on_or_after") return [day(place, words.value)];
  return [number(watched(place), words.days, 1, { min: 1, max: 3650 }), el("span", { class: "r-muted" }, words.days), note];
}

function pair(place, both, at) {
  return {
    get value() { return (Array.isArray(place.value) ? place.value : both)[at]; },
    put: (next) => place.put((Array.isArray(place.value) ? place.value : both).map((one, index) => (index === at ? next : one))),
  };
}

export const windowOf = (json, ctx) => ctx.catalogue.windows.find((one) => one.name in json)?.name ?? "";

const AHEAD = "in_next_days";

/* One window beside the other keys of an object; needed: "at any time" is not offered; past: none that looks ahead. */
export function beside(place, ctx, { needed = false, past = false } = {}) {
  const now = windowOf(place.value, ctx);
  const choices = [...(needed && now ? [] : [["", ctx.words.ever]]), ...pairs(ctx.catalogue.windows.filter(({ name }) => !past || name === now || name !== AHEAD))];
  const change = (next) => place.merge({ ...(now ? { [now]: undefined } : {}), ...(next ? { [next]: fresh(next, ctx.catalogue.today) } : {}) }, true);
  const parts = [select(ctx.words.when, choices, now, change)];
  if (now && named(ctx.catalogue.windows, now)) parts.push(...value(now, place.at(now), ctx));
  return parts;
}

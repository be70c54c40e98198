// Check in: today's button, the streak and its next bonus, the month.

import * as api from "../api.js";
import { button, el, fill, icon } from "../dom.js";
import * as format from "../format.js";
import { busy, skeleton, toast } from "../ui.js";

const WEEK = ["一", "二", "三", "四", "五", "六", "日"];
const SLOTS = 7;
const BONUS_TRIES = 12;

export default async function show({ body, isCurrent, refresh }) {
  body.append(skeleton("card", "tiles-tall"));
  const month = format.today().slice(0, 7);
  const [calendar, tasks] = await Promise.all([api.get("/growth/check-ins", { month }), api.get("/growth/tasks")]);
  if (!isCurrent()) return;
  const rules = tasks.filter((task) => task.behaviour.startsWith("check_in"));
  fill(body, hero(calendar, refresh), monthPanel(month, calendar, month), rulesPanel(rules));
}

/** Check in from any screen; resolves to true when it worked. The streak's bonus is paid by a job moments later. */
export async function checkInNow(trigger, calendar) {
  const bonus = calendar.next_bonus?.days === 1 ? calendar.next_bonus.points : 0;
  const before = bonus ? await api.get("/points/balance").catch(() => null) : null;
  const key = api.newKey();
  const day = await busy(trigger, () => api.post("/growth/check-ins", {}, { key }));
  if (!day) return false;
  toast(`签到成功，积分 +${day.award.points}`, "good");
  if (before) announceBonus(before.balance + day.award.points, bonus);
  return true;
}

async function announceBonus(without, bonus) {
  for (let attempt = 0; attempt < BONUS_TRIES; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const now = await api.get("/points/balance").catch(() => null);
    if (!now) return;
    if (now.balance > without) {
      toast(`连签奖励 +${format.points(bonus)} 已到账`, "good");
      const shown = document.getElementById("balance");
      if (shown) shown.textContent = format.points(now.balance);
      return;
    }
  }
}

/** Seven days in a row around today: done, today, to come, and the day of the next bonus. */
export function streakStrip(calendar) {
  const passed = calendar.streak - (calendar.today ? 1 : 0);
  const bonusAt = calendar.next_bonus ? calendar.next_bonus.days - (calendar.today ? 0 : 1) : Infinity;
  const first = Math.max(-passed, Math.min(0, Math.min(bonusAt, SLOTS + 2) - SLOTS + 1));
  const slots = Array.from({ length: SLOTS }, (_, index) => slot(first + index, calendar, bonusAt));
  return el("ol", { class: "strip" }, slots);
}

function slot(offset, calendar, bonusAt) {
  const isDone = offset < 0 || (offset === 0 && calendar.today);
  const names = ["slot", isDone && "is-done", offset === 0 && "is-today", offset === bonusAt && "is-bonus"].filter(Boolean);
  const [, month, date] = format.addDays(format.today(), offset).split("-").map(Number);
  const mark = isDone ? icon("check", 18) : offset === bonusAt ? icon("gift", 18) : el("span", { class: "dot" });
  const bonus = offset === bonusAt ? el("span", { class: "slot-bonus" }, `+${calendar.next_bonus.points}`) : null;
  const spoken = `${month}月${date}日${isDone ? "已签到" : offset === bonusAt ? "可得连签奖励" : ""}`;
  return el(
    "li",
    { class: names.join(" "), attrs: { "aria-label": spoken } },
    el("span", { class: "slot-mark" }, mark),
    bonus,
    el("span", { class: "slot-day" }, offset === 0 ? "今天" : `${month}.${date}`),
  );
}

function hero(calendar, refresh) {
  const bonus = calendar.next_bonus;
  const press = (event) => checkInNow(event.currentTarget, calendar).then((done) => done && refresh());
  return el(
    "section",
    { class: "check-in-hero" },
    el("p", { class: "hero-label" }, icon("flame", 18), "连续签到"),
    el("p", { class: "hero-number" }, el("b", {}, String(calendar.streak)), " 天"),
    bonus ? el("p", { class: "hero-hint" }, `再签 ${bonus.days} 天满 ${bonus.streak} 天，额外得 ${format.points(bonus.points)} 积分`) : null,
    calendar.today
      ? el("p", { class: "hero-done" }, icon("check", 20), "今天已签到，明天再来")
      : button("立即签到", press, { class: "button button-light", id: "check-in" }),
  );
}

function monthPanel(month, calendar, thisMonth) {
  const panel = el("section", { class: "panel" });
  const go = async (wanted) => {
    const answer = wanted === thisMonth ? calendar : await api.get("/growth/check-ins", { month: wanted });
    draw(wanted, new Set(answer.days));
  };
  function draw(shown, days) {
    const [year, number] = shown.split("-").map(Number);
    const step = (by, label, image) =>
      button(icon(image, 18), (event) => busy(event.currentTarget, () => go(format.addMonths(shown, by))), {
        class: "icon-button",
        disabled: by > 0 && shown >= thisMonth,
        attrs: { "aria-label": label },
      });
    fill(
      panel,
      el("div", { class: "month-head" }, step(-1, "上个月", "back"), el("h2", { attrs: { "aria-live": "polite" } }, `${year}年${number}月`), step(1, "下个月", "right")),
      el("p", { class: "soft centred" }, `本月签到 ${days.size} 天`),
      monthTable(shown, days),
    );
  }
  draw(month, new Set(calendar.days));
  return panel;
}

function monthTable(month, days) {
  const first = new Date(`${month}-01T00:00:00Z`);
  const blanks = (first.getUTCDay() + 6) % 7;
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const cells = [...Array(blanks).fill(null), ...Array.from({ length }, (_, index) => `${month}-${String(index + 1).padStart(2, "0")}`)];
  const rows = [];
  for (let start = 0; start < cells.length; start += 7) {
    const week = cells.slice(start, start + 7);
    rows.push(el("tr", {}, week.concat(Array(7 - week.length).fill(null)).map((on) => cell(on, days))));
  }
  const head = el("tr", {}, WEEK.map((name) => el("th", { scope: "col" }, name)));
  return el("table", { class: "month" }, el("caption", { class: "off-screen" }, "签到日历"), el("thead", {}, head), el("tbody", {}, rows));
}

function cell(on, days) {
  if (!on) return el("td");
  const isDone = days.has(on);
  const names = [isDone && "is-done", on === format.today() && "is-today", on > format.today() && "is-later"].filter(Boolean).join(" ");
  const number = String(Number(on.slice(8)));
  return el("td", { class: names }, el("span", { class: "date", attrs: { "aria-label": `${number}日${isDone ? "，已签到" : ""}` } }, number));
}

function rulesPanel(rules) {
  return el(
    "section",
    { class: "panel" },
    el("h2", {}, "签到规则"),
    el("ul", { class: "rules" }, rules.map((rule) => el("li", {}, el("b", {}, rule.title), el("span", { class: "soft" }, rule.explanation)))),
  );
}
